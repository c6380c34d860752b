"""What a use case cost: each run, object and byte once, shared ones in nobody's own."""

import pytest

from assay.bucket import artifacts
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.deployments.desk.cost import CostBook, describe_cost
from assay.store.memory import MemoryStore
from assay.util.amounts import format_bytes, format_cpu_time

AT = "2026-03-01T12:00:00+00:00"


@pytest.fixture
def bucket():
    return Bucket.from_store(MemoryStore()).prepare()


@pytest.fixture
def book(bucket):
    return CostBook(bucket)


def entry(kind, **body):
    return JournalEntry(1, None, kind, AT, "ada", body)


def blob(bucket, text):
    return bucket.put(text.encode(), "text/plain", "blob").as_json()


def table(bucket, *parts):
    held = [{**blob(bucket, part), "rows": 1} for part in parts]
    return bucket.put_json({"parts": held}, artifacts.TABLE, "table").as_json()


def run(bucket, *steps, kind="registered", **more):
    record = bucket.put_json({"steps": list(steps)}, artifacts.RECORD, "run").as_json()
    return entry(kind, run=record, **more)


def step(seconds=2.0, cpu=3.0, *, cached=False, **outputs):
    made = {"cached": cached, "seconds": seconds, "outputs": outputs}
    return made if cpu is None else {**made, "cpu": cpu}


def counted(book, *entries, use_case="guests"):
    book.add_entries(use_case, list(entries))
    assert book.count(1000) == 0
    return book.cost(use_case)


def test_a_run_counts_once_though_each_of_its_versions_names_it(bucket, book):
    one = run(bucket, step(), step(cached=True))
    cost = counted(book, one, one)
    assert (cost.runs["train"], cost.cpu["train"], cost.seconds["train"]) == (1, 3.0, 2.0)


def test_steps_of_before_cpu_time_was_recorded_are_told_apart(bucket, book):
    cost = counted(book, run(bucket, step(cpu=None), step()))
    assert (cost.cpu["train"], cost.seconds["train"], cost.uncounted) == (3.0, 4.0, 2.0)


def test_batches_and_looks_count_as_work_of_their_own(bucket, book):
    scored = entry("scored", seconds=1.5, cpu=2.5, table=table(bucket, "rows"))
    look = entry("monitored", steps=[{"seconds": 1.0, "cpu": 0.5}], report=blob(bucket, "r"))
    cost = counted(book, scored, scored, look)
    assert cost.runs == {"train": 0, "score": 2, "monitor": 1}
    assert (cost.cpu["score"], cost.cpu["monitor"]) == (5.0, 0.5)


def test_bytes_are_those_of_the_objects_each_once_with_a_tables_parts(bucket, book):
    rows = table(bucket, "a" * 100, "b" * 50)
    one = run(bucket, step(table=rows, again=rows, text=blob(bucket, "c" * 7)))
    cost = counted(book, one)
    assert cost.own_bytes == one.body["run"]["size"] + rows["size"] + 100 + 50 + 7
    assert cost.shared_bytes == 0


def test_what_two_use_cases_name_is_in_neithers_own_bytes(bucket, book):
    rows = table(bucket, "a" * 100, "b" * 50)
    first = run(bucket, step(table=rows))
    second = run(bucket, step(table=rows, own=blob(bucket, "d" * 9)))
    counted(book, first)
    theirs = counted(book, second, use_case="income")
    mine = book.cost("guests")
    assert mine.shared_bytes == theirs.shared_bytes == rows["size"] + 150
    assert mine.own_bytes == first.body["run"]["size"]
    assert theirs.own_bytes == second.body["run"]["size"] + 9
    third = counted(book, run(bucket, step(table=rows)), use_case="third")
    assert book.cost("guests").shared_bytes == third.shared_bytes  # and not twice


def test_the_order_of_use_cases_changes_nothing(bucket):
    rows = table(bucket, "a" * 100)
    found = []
    for order in (("guests", "income"), ("income", "guests")):
        book = CostBook(bucket)
        for name in order:
            counted(book, run(bucket, step(table=rows, own=blob(bucket, name))), use_case=name)
        found.append({name: book.cost(name) for name in sorted(order)})
    assert found[0] == found[1]


def test_a_reading_is_bounded_and_says_that_it_is_not_complete(bucket, book):
    entries = [entry("scored", seconds=1.0, cpu=1.0, number=n) for n in range(5)]
    book.add_entries("guests", entries)
    assert book.count(3) == 2
    assert (book.cost("guests").runs["score"], book.cost("guests").is_complete) == (3, False)
    assert "still being counted" in describe_cost(book.cost("guests"))[1]
    assert book.count(3) == 0
    assert (book.cost("guests").runs["score"], book.cost("guests").is_complete) == (5, True)


def test_what_is_damaged_or_malformed_counts_nothing_and_stops_nothing(bucket, book):
    gone = run(bucket, step())
    gone.body["run"]["digest"] = "sha256:" + "0" * 64
    cost = counted(book, gone, entry("scored", seconds="x"), entry("registered", run=1))
    assert sum(cost.cpu.values()) == 0.0
    assert counted(book, run(bucket, step())).cpu["train"] == 3.0


def test_who_is_read_anew_is_counted_anew(bucket, book):
    one = run(bucket, step(table=table(bucket, "a" * 100)))
    before = counted(book, one)
    book.forget("guests")
    assert counted(book, one) == before


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0 bytes"), (999, "999 bytes"), (1000, "1 kB"), (1_250_000, "1.25 MB")]
)
def test_bytes_in_words(size, text):
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.5, "0.5 CPU seconds"),
        (119, "119 CPU seconds"),
        (120, "2 CPU minutes"),
        (9000, "2.5 CPU hours"),
    ],
)
def test_cpu_time_in_words(seconds, text):
    assert format_cpu_time(seconds) == text
