"""Checkpoints: a long journal is read in few requests, and believed no more than before."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from assay.bucket import canonical_json, checkpoints
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry
from assay.errors import ChainBroken, KeyAbsent, StoreDenied, StoreError
from assay.store.memory import MemoryStore
from assay.upkeep.verification import verify_bucket

MANY = 250


class Counting(MemoryStore):
    gets = 0

    def get(self, key: str) -> bytes:
        self.gets += 1
        return super().get(key)


def write(store: MemoryStore, many: int = MANY) -> None:
    """A journal as an Assay without checkpoints left it."""
    previous = None
    for number in range(1, many + 1):
        at = "2026-11-22T04:00:00.000+00:00"
        entry = JournalEntry(number, previous, "noted", at, "ada", {"n": number})
        previous = Digest.of_bytes(entry.encode())
        store.put_if_absent(f"journals/m/{number:010d}.json", entry.encode())


@pytest.fixture
def store() -> Counting:
    """A journal of 251 entries with its two checkpoints."""
    store = Counting()
    Bucket.from_store(store).prepare()
    write(store)
    note(store)
    return store


def note(store: MemoryStore) -> None:
    Journal(Bucket(store), "m").append(lambda entries: ("noted", {"n": len(entries) + 1}))


def read(store: MemoryStore) -> list[int]:
    return [entry.body["n"] for entry in Journal(Bucket(store), "m").entries()]


def replace(store: MemoryStore, key: str, data: bytes) -> None:
    store.delete(key)
    store.put_if_absent(key, data)


def test_a_journal_is_read_in_a_request_for_each_hundred_entries_and_each_of_the_rest(store):
    store.gets = 0
    assert read(store) == [*range(1, MANY + 2)]
    assert store.gets == 1 + 2 + (MANY + 1 - 200)  # the first for the bucket's mark


def test_the_next_append_writes_the_checkpoints_that_an_older_assay_did_not():
    store = Counting()
    write(store)
    assert read(store) == [*range(1, MANY + 1)]
    assert not [*store.list("checkpoints/")]
    note(store)
    assert [e.key[-16:] for e in store.list("checkpoints/")] == [
        "0000000100.jsonl", "0000000200.jsonl",
    ]  # fmt: skip


def test_a_checkpoint_holds_the_bytes_of_its_entries(store):
    lines = store.get("checkpoints/m/0000000200.jsonl").split(b"\n")
    assert lines == [store.get(f"journals/m/{n:010d}.json") for n in range(101, 201)]


@pytest.mark.slow
def test_who_appends_again_and_again_reads_what_came_since_and_keeps_the_same_checkpoints():
    """As if each had read all: whatever others append, hide or break between."""
    held, other = MemoryStore(), MemoryStore()
    mine, plain = Journal(Bucket(held), "m", reuse_chain=True), Journal(Bucket(other), "m")
    for number in range(350):
        writer = Journal(Bucket(held), "m") if number % 7 == 3 or 120 < number < 130 else mine
        for journal in (writer, plain):
            journal.append(lambda entries, n=number: ("noted", {"n": n, "sum": len(entries)}))
    bodies = [[entry.body for entry in journal.entries()] for journal in (mine, plain)]
    assert bodies[0] == bodies[1]
    kept = [[e.key for e in one.list("checkpoints/")] for one in (held, other)]
    assert kept[0] == kept[1]
    assert len(kept[0]) == 3


def test_an_append_that_goes_on_costs_the_same_however_long_the_journal_is(monkeypatch):
    store = MemoryStore()
    journal, asked, listed = Journal(Bucket(store).prepare(), "m", reuse_chain=True), [], []
    get, names = store.get, store.list
    monkeypatch.setattr(store, "get", lambda key: asked.append(key) or get(key))
    monkeypatch.setattr(store, "list", lambda of="": [listed.append(e) or e for e in names(of)])
    for number in range(320):
        asked.clear(), listed.clear()
        journal.append(lambda _, n=number: ("noted", {"n": n}))
        assert len(asked) <= 1
        assert len(listed) <= 100


@pytest.mark.parametrize("number", [1, 150, 205])
def test_what_does_not_go_on_from_what_was_seen_is_read_anew(number):
    store = MemoryStore()
    journal = Journal(Bucket(store), "m", reuse_chain=True)
    for _ in range(205):
        journal.append(lambda _: ("noted", {}))
    for n in range(number, 206):  # a bucket that was brought back from an earlier copy
        store.delete(f"journals/m/{n:010d}.json")
        store.delete(f"checkpoints/m/{n:010d}.jsonl")
    assert journal.append(lambda entries: ("noted", {"n": len(entries)})).number == number
    assert len(journal.entries()) == number


def test_they_are_safe_to_lose(store):
    for entry in [*store.list("checkpoints/")]:
        store.delete(entry.key)
    assert read(store) == [*range(1, MANY + 2)]


def reforged(store: MemoryStore) -> bytes:
    """The second checkpoint with an altered entry, the chain within it made good again."""
    lines = store.get("checkpoints/m/0000000200.jsonl").split(b"\n")
    held = [json.loads(line) for line in lines]
    held[50]["body"]["n"] = "altered"
    for number in range(51, 100):
        held[number]["previous"] = str(Digest.of_bytes(canonical_json.dump(held[number - 1])))
    return b"\n".join(map(canonical_json.dump, held))


SPOILT = {
    "empty": lambda store: b"",
    "cut off": lambda store: store.get("checkpoints/m/0000000200.jsonl")[:-20],
    "of another place": lambda store: store.get("checkpoints/m/0000000100.jsonl"),
    "no JSON": lambda store: b"\n" * 99,
    "altered": lambda store: store.get("checkpoints/m/0000000200.jsonl").replace(b"150", b"151"),
    "forged": reforged,
}


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_one_is_passed_over_and_named_by_verify(store, how):
    key = "checkpoints/m/0000000200.jsonl"
    replace(store, key, SPOILT[how](store))
    assert read(store) == [*range(1, MANY + 2)]
    findings = verify_bucket(Bucket.from_store(store))
    assert [(p.kind, p.key) for p in findings.problems] == [("stale", key)]
    assert findings.intact


def test_repair_moves_a_spoilt_one_aside_and_the_next_append_writes_it_anew(store):
    key = "checkpoints/m/0000000200.jsonl"
    sound = store.get(key)
    replace(store, key, b"spoilt")
    assert verify_bucket(Bucket.from_store(store), repair=True).repaired == 1
    with pytest.raises(KeyAbsent):
        store.get(key)
    (aside,) = store.list("quarantine/")
    assert store.get(aside.key) == b"spoilt"
    note(store)
    assert store.get(key) == sound
    assert verify_bucket(Bucket.from_store(store)).problems == ()


@pytest.mark.parametrize("number", [1, 150, 200])
def test_an_entry_that_is_missing_breaks_the_chain_all_the_same(store, number):
    store.delete(f"journals/m/{number:010d}.json")
    with pytest.raises(ChainBroken, match=f"broken at entry {number}"):
        read(store)


def test_an_entry_altered_behind_a_checkpoint_is_named_by_verify_and_not_believed(store):
    key = "journals/m/0000000150.json"
    replace(store, key, store.get(key).replace(b"150", b"666"))
    assert read(store)[149] == 150
    (problem,) = (p for p in verify_bucket(Bucket.from_store(store)).problems if p.kind != "stale")
    assert problem.kind == "chain"
    assert "entry 150" in problem.what


def test_the_last_entry_is_read_from_its_own_key(store):
    short = Counting()
    write(short, 200)
    short.put_if_absent(
        "checkpoints/m/0000000200.jsonl",
        store.get("checkpoints/m/0000000200.jsonl").replace(b'"n":200', b'"n":999'),
    )
    assert read(short)[-1] == 200


def test_where_none_can_be_written_the_entry_is_appended_all_the_same(monkeypatch):
    store = Counting()
    write(store)
    put = MemoryStore.put_if_absent

    def refuse(self, key: str, content: bytes | Path) -> bool:
        if key.startswith("checkpoints/"):
            raise StoreDenied("not for you")
        return put(self, key, content)

    monkeypatch.setattr(Counting, "put_if_absent", refuse)
    note(store)
    assert read(store)[-1] == MANY + 1


def test_an_entry_in_other_than_canonical_form_is_not_told_again(store):
    other = Counting()
    write(other, 100)
    first = json.loads(other.get("journals/m/0000000001.json"))
    spaced = json.dumps(first).encode()
    replace(other, "journals/m/0000000001.json", spaced)
    second = json.loads(other.get("journals/m/0000000002.json"))
    # The chain made good again, as another tool might have written it.
    previous = Digest.of_bytes(spaced)
    for number in range(2, 102):
        held = {**second, "number": number, "previous": str(previous), "body": {"n": number}}
        data = canonical_json.dump(held)
        replace(other, f"journals/m/{number:010d}.json", data)
        previous = Digest.of_bytes(data)
    note(other)
    assert not [*other.list("checkpoints/")]
    assert len(read(other)) == 102


def test_a_checkpoint_that_the_disk_fails_to_hand_out_is_passed_over(store, monkeypatch):
    get = Counting.get

    def fail(self, key: str) -> bytes:
        if key.startswith("checkpoints/"):
            raise StoreError("the bucket's folder failed (Input/output error)")
        return get(self, key)

    monkeypatch.setattr(Counting, "get", fail)
    assert read(store) == [*range(1, MANY + 2)]


def test_keys_are_ten_digits_wide():
    assert checkpoints.checkpoint_key("m", 100) == "checkpoints/m/0000000100.jsonl"
    assert [*checkpoints.checkpoint_numbers(100)] == []
    assert [*checkpoints.checkpoint_numbers(201)] == [100, 200]
