"""The journal: append-only, chained, with one winner for each number."""

from __future__ import annotations

import itertools
import json
import multiprocessing
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, list_journals
from assay.bucket.signing import SIGNING_KEY_VARIABLE, PublicKey
from assay.errors import ChainBroken, SignatureBad, StoreUnreachable
from assay.registry.open import open_bucket
from assay.store.base import Store
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def journal(store: LocalStore) -> Journal:
    return Journal(Bucket(store), "income")


def note(journal: Journal, number: int) -> None:
    journal.append(lambda _: ("noted", {"n": number}), actor="tester")


def path(store: Store, number: int) -> Path:
    return Path(store.url(f"journals/income/{number:010d}.json"))


def rewrite(store: Store, number: int, change) -> None:
    """Alter an entry on disk, as someone with access to it could."""
    file = path(store, number)
    held = json.loads(file.read_bytes())
    file.chmod(0o644)
    file.write_bytes(canonical_json.dump(change(held)))


def test_entries_come_back_in_order_and_name_the_one_before(
    journal: Journal, store: LocalStore
) -> None:
    for number in range(12):
        note(journal, number)
    entries = journal.entries()
    assert [e.number for e in entries] == list(range(1, 13))
    assert [e.body["n"] for e in entries] == list(range(12))
    assert entries[0].previous is None
    for before, entry in itertools.pairwise(entries):
        assert entry.previous == Digest.of_file(path(store, before.number))


def test_an_entry_tells_who_and_when(journal: Journal) -> None:
    note(journal, 1)
    (entry,) = journal.entries()
    assert entry.actor == "tester"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", entry.at)


def test_a_decision_against_leaves_no_trace(journal: Journal, store: LocalStore) -> None:
    assert journal.append(lambda _: None) is None
    assert list(store.list()) == []


def test_the_loser_of_a_race_decides_again_on_the_longer_history(journal: Journal) -> None:
    seen = []

    def decide(history):
        seen.append(len(history))
        if len(seen) == 1:  # meanwhile, another writer
            note(journal, 0)
        return "noted", {"n": len(history)}

    entry = journal.append(decide)
    assert seen == [0, 1]
    assert entry is not None
    assert entry.number == 2
    assert [e.body["n"] for e in journal.entries()] == [0, 1]


def test_the_loser_of_a_race_may_change_its_mind(journal: Journal) -> None:
    def decide(history):
        if history:
            return None
        note(journal, 0)
        return "noted", {"n": 1}

    assert journal.append(decide) is None
    assert len(journal.entries()) == 1


def _append(url: str, gate, n: int) -> None:
    gate.wait(120)
    Journal(open_bucket(url), "income").append(lambda _: ("noted", {"n": n}))


def test_twenty_processes_append_twenty_consecutive_entries(store: LocalStore) -> None:
    context = multiprocessing.get_context("fork")  # spawning twenty would take most of the time
    gate = context.Barrier(20)
    writers = [context.Process(target=_append, args=(store.root, gate, n)) for n in range(20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(240)
    assert [w.exitcode for w in writers] == [0] * 20
    entries = Journal(Bucket(store), "income").entries()
    assert [e.number for e in entries] == list(range(1, 21))
    assert sorted(e.body["n"] for e in entries) == list(range(20))


@pytest.mark.parametrize(
    "change",
    [
        lambda held: {**held, "body": {"n": 99}},
        lambda held: {**held, "actor": "someone else"},
        lambda held: {**held, "at": "2020-01-01T00:00:00.000+00:00"},
        lambda held: {**held, "kind": "approved"},
        lambda held: {**held, "added": "later"},
        lambda held: {**held, "previous": str(Digest.of_bytes(b"another"))},
    ],
    ids=["body", "actor", "time", "kind", "addition", "previous"],
)
def test_a_changed_entry_is_named(journal: Journal, store: LocalStore, change) -> None:
    for number in range(5):
        note(journal, number)
    rewrite(store, 3, change)
    with pytest.raises(ChainBroken, match=r"'income' is broken at entry [34]") as caught:
        journal.entries()
    assert caught.value.exit_code == 4
    assert "backup" in (caught.value.remedy or "")


def test_a_missing_entry_is_named(journal: Journal, store: LocalStore) -> None:
    for number in range(5):
        note(journal, number)
    path(store, 2).unlink()
    with pytest.raises(ChainBroken, match="broken at entry 2: it is missing"):
        journal.entries()


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"{}", b"\xff", b'{"number": 2, "body": 1, "kind": "x"}']
)
def test_an_unreadable_entry_is_named(journal: Journal, store: LocalStore, data: bytes) -> None:
    for number in range(3):
        note(journal, number)
    path(store, 2).chmod(0o644)
    path(store, 2).write_bytes(data)
    with pytest.raises(ChainBroken, match="broken at entry 2: it cannot be read"):
        journal.entries()


def test_a_journal_that_was_copied_under_another_name_is_refused_by_name(
    journal: Journal, store: LocalStore
) -> None:
    for text in "ab":
        journal.append(lambda _, text=text: ("lesson", {"text": text}))
    other = Journal(Bucket(store), "loans")
    for number in (1, 2):
        store.put_if_absent(other.entry_key(number), store.get(journal.entry_key(number)))
    with pytest.raises(ChainBroken, match=f"written to the journal of '{journal.model}'"):
        other.entries()
    assert len(journal.entries()) == 2


def test_an_entry_of_an_early_version_names_no_journal_and_reads(
    journal: Journal, store: LocalStore
) -> None:
    early = replace(journal.append(lambda _: ("lesson", {"text": "a"})), journal=None)
    other = Journal(Bucket(store), "loans")
    store.put_if_absent(other.entry_key(1), early.encode())
    assert other.entries() == [early]


def test_an_entry_names_the_bucket_and_one_of_another_bucket_is_refused(
    tmp_path: Path, ada: PublicKey
) -> None:
    own, other = (Bucket(LocalStore(tmp_path / name)).prepare() for name in ("own", "other"))
    for number in range(3):
        note(Journal(own, "income"), number)
        note(Journal(other, "income"), number)
    signed = Journal(own, "income").entries()
    assert {entry.bucket for entry in signed} == {own.id}
    assert signed[0].find_signer([ada]) == ada
    with pytest.raises(SignatureBad):
        replace(signed[0], bucket=other.id).find_signer([ada])
    for number in (1, 2, 3):
        path(other.store, number).unlink()
        other.store.put_if_absent(
            f"journals/income/{number:010d}.json", path(own.store, number).read_bytes()
        )
    for read in (Journal.entries, Journal.read_each_entry):
        with pytest.raises(ChainBroken, match=f"entry 1: it was written in another .*{own.id}"):
            read(Journal(other, "income"))
    with pytest.raises(ChainBroken, match="another bucket"):
        note(Journal(other, "income"), 4)


@pytest.mark.parametrize("field", [7, None, ["a"]])
def test_a_bucket_that_is_no_text_is_no_entry(
    journal: Journal, store: LocalStore, field: object
) -> None:
    note(journal, 0)
    rewrite(store, 1, lambda held: {**held, "bucket": field})
    with pytest.raises(ChainBroken, match="bucket or previous digest is no text"):
        journal.entries()


def test_a_bucket_that_is_copied_whole_reads_and_goes_on(tmp_path: Path) -> None:
    own = Bucket(LocalStore(tmp_path / "own")).prepare()
    note(Journal(own, "income"), 0)
    shutil.copytree(tmp_path / "own", tmp_path / "copy")
    copy = Bucket.from_store(LocalStore(tmp_path / "copy")).prepare()
    note(Journal(copy, "income"), 1)
    assert [entry.bucket for entry in Journal(copy, "income").entries()] == [own.id] * 2


def test_a_bucket_without_an_id_refuses_what_another_wrote(tmp_path: Path) -> None:
    own, old = Bucket(LocalStore(tmp_path / "own")).prepare(), LocalStore(tmp_path / "old")
    old.put_if_absent("assay.json", b'{"assay":"0.1.0","format":1}')
    note(Journal(own, "income"), 0)
    old.put_if_absent("journals/income/0000000001.json", path(own.store, 1).read_bytes())
    with pytest.raises(ChainBroken, match="another bucket"):
        Journal(Bucket.from_store(old), "income").entries()


def test_an_entry_in_anothers_place_is_named(journal: Journal, store: LocalStore) -> None:
    for number in range(3):
        note(journal, number)
    moved = path(store, 1).read_bytes()
    path(store, 2).chmod(0o644)
    path(store, 2).write_bytes(moved)
    with pytest.raises(ChainBroken, match="it says that it is entry 1"):
        journal.entries()


def test_nothing_is_appended_to_a_broken_chain(journal: Journal, store: LocalStore) -> None:
    for number in range(3):
        note(journal, number)
    path(store, 1).unlink()
    with pytest.raises(ChainBroken):
        note(journal, 4)
    assert not path(store, 4).exists()


def test_a_store_that_fails_is_no_broken_chain(journal: Journal, monkeypatch) -> None:
    note(journal, 0)

    def fail(*_):
        raise StoreUnreachable("no answer")

    monkeypatch.setattr(LocalStore, "get", fail)
    with pytest.raises(StoreUnreachable):
        journal.entries()


def test_other_files_in_the_folder_are_left_alone(journal: Journal, store: LocalStore) -> None:
    note(journal, 0)
    store.put_if_absent("journals/income/README.txt", b"hello")
    note(journal, 1)
    assert len(journal.entries()) == 2


def test_journals_of_several_models_do_not_mix() -> None:
    store = MemoryStore()
    for model in ("b", "a", "a-b"):
        for number in range(3):
            note(Journal(Bucket(store), model), number)
    assert list(list_journals(store)) == ["a-b", "a", "b"]
    journals = [Journal(Bucket(store), model) for model in ("a", "a-b", "b")]
    assert [len(journal.entries()) for journal in journals] == [3, 3, 3]


# --- signatures -------------------------------------------------------------------------------


@pytest.fixture
def ada(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> PublicKey:
    """A person whose key the environment names."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    monkeypatch.setenv(SIGNING_KEY_VARIABLE, str(tmp_path / "key"))
    return PublicKey("ada", key.public_key())


def test_an_entry_is_signed_by_the_key_that_the_environment_names(
    journal: Journal, ada: PublicKey
) -> None:
    note(journal, 1)
    assert journal.entries()[0].find_signer([ada]) == ada


def test_an_entry_without_a_key_is_unsigned(journal: Journal) -> None:
    note(journal, 1)
    assert journal.entries()[0].find_signer([]) is None


@pytest.mark.parametrize("field", ["kind", "at", "actor", "body"])
def test_a_signed_last_entry_that_was_altered_is_told(
    journal: Journal, store: LocalStore, ada: PublicKey, field: str
) -> None:
    note(journal, 1)
    other = {"n": 2} if field == "body" else "other"
    rewrite(store, 1, lambda held: held | {field: other})
    with pytest.raises(SignatureBad, match="ada"):
        journal.entries()[0].find_signer([ada])


def test_a_signature_that_is_none_breaks_the_chain(
    journal: Journal, store: LocalStore, ada: PublicKey
) -> None:
    note(journal, 1)
    rewrite(store, 1, lambda held: held | {"signature": {"keyid": "x"}})
    with pytest.raises(ChainBroken, match="cannot be read"):
        journal.entries()
