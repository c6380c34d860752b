"""A journal that is read on from where it was left says what the whole journal says."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bucket import checkpoints
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.deployments.metrics.journal_tail import JournalTail
from assay.errors import ChainBroken
from assay.registry.open import open_bucket
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore


def grow(bucket, count):
    journal = Journal(bucket, "guests")
    for number in range(count):
        journal.append(lambda entries, number=number: ("noted", {"number": number}))


@given(growths=st.lists(st.integers(0, 7), max_size=5), most=st.integers(1, 9))
@settings(max_examples=20, deadline=None)
def test_read_on_it_is_the_whole(growths, most):
    bucket = Bucket.from_store(MemoryStore())
    tail, seen = JournalTail(bucket, "guests"), []
    for growth in growths:
        grow(bucket, growth)
        seen += tail.entries(most)
    while more := list(tail.entries(most)):
        seen += more
    assert seen == Journal(bucket, "guests").entries()
    assert tail.length == sum(growths)


@pytest.fixture
def long(tmp_path, monkeypatch):
    """A bucket whose journal has a checkpoint, and the keys that are read of it from then on."""
    bucket = open_bucket(str(tmp_path / "bucket")).prepare()
    journal, lines = Journal(bucket, "guests"), []
    for number in range(1, 103):
        previous = None if number == 1 else journal_digest(lines[-1])
        lines.append(entry(number, previous))
        bucket.store.put_if_absent(journal.entry_key(number), lines[-1])
    checkpoints.write_checkpoint(bucket.store, "guests", 100, lines[:100])
    read, get = [], LocalStore.get
    monkeypatch.setattr(LocalStore, "get", lambda store, key: read.append(key) or get(store, key))
    return bucket, read


def journal_digest(line):
    from assay.bucket.digest import Digest

    return Digest.of_bytes(line)


def entry(number, previous):
    from assay.bucket.journal import JournalEntry

    at = "2026-01-01T00:00:00.000+00:00"
    return JournalEntry(number, previous, "noted", at, "ada", {}).encode()


def test_a_hundred_entries_are_one_request(long):
    bucket, read = long
    assert [e.number for e in JournalTail(bucket, "guests").entries(1000)] == list(range(1, 103))
    assert len(read) <= 6


@pytest.mark.parametrize("line", [0, 50, 99])
def test_a_checkpoint_that_lies_costs_requests_and_nothing_else(long, line):
    bucket, _ = long
    file = Path(bucket.store.url(checkpoints.checkpoint_key("guests", 100)))
    file.chmod(0o644)
    lines = file.read_bytes().split(b"\n")
    lines[line] = lines[line].replace(b'"ada"', b'"eve"')
    file.write_bytes(b"\n".join(lines))
    found = list(JournalTail(bucket, "guests").entries(1000))
    assert len(found) == 102
    assert {e.actor for e in found} == {"ada"}


def test_an_entry_that_does_not_follow_is_not_told(long):
    bucket, _ = long
    tail = JournalTail(bucket, "guests")
    assert len(list(tail.entries(1000))) == 102
    bucket.store.put_if_absent(Journal(bucket, "guests").entry_key(103), entry(103, None))
    for _ in range(2):
        with pytest.raises(ChainBroken, match="entry 103"):
            list(tail.entries(1000))
    assert tail.length == 102
