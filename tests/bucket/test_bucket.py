"""The bucket: its mark, its format, and what it refuses to write into."""

from __future__ import annotations

import multiprocessing
import re
from pathlib import Path

import pytest

from assay import __version__
from assay.bucket import artifacts, canonical_json
from assay.bucket.bucket import MARKER_KEY, Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, list_journals
from assay.errors import FormatUnknown, ObjectCorrupt, ReferenceUnknown, StoreError, StoreUnsafe
from assay.registry.open import open_bucket
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore


class Overwriting(MemoryStore):
    """A server that takes `If-None-Match` for noise."""

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        self.delete(key)
        return super().put_if_absent(key, content)


class Counting(MemoryStore):
    puts = 0

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        self.puts += 1
        return super().put_if_absent(key, content)


def test_opening_writes_nothing(tmp_path: Path) -> None:
    open_bucket(str(tmp_path / "new"))
    assert not (tmp_path / "new").exists()


def test_preparing_marks_the_format_once(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    Bucket.from_store(store).prepare().prepare()
    mark = canonical_json.load(store.get(MARKER_KEY))
    assert re.fullmatch("[0-9a-f]{32}", mark.pop("id"))
    assert mark == {"format": 1, "assay": __version__}
    assert [e.key for e in store.list()] == [MARKER_KEY]


def _prepare(folder: str, gate, found) -> None:
    bucket = Bucket.from_store(LocalStore(folder))
    gate.wait(120)
    found.put(bucket.prepare().id)


def test_all_who_make_a_bucket_at_once_agree_on_its_id(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    gate, found = context.Barrier(8), context.Queue()
    makers = [context.Process(target=_prepare, args=(str(tmp_path), gate, found)) for _ in range(8)]
    for maker in makers:
        maker.start()
    ids = {found.get(timeout=240) for _ in makers}
    for maker in makers:
        maker.join(240)
    assert ids == {canonical_json.load(LocalStore(tmp_path).get(MARKER_KEY))["id"]}


def test_every_new_bucket_has_an_id_of_its_own_and_keeps_it() -> None:
    first, second = (Bucket.from_store(MemoryStore()).prepare() for _ in range(2))
    assert first.id != second.id
    assert Bucket.from_store(first.store).prepare().id == first.id


@pytest.mark.parametrize("with_entry", [True, False])
def test_an_old_bucket_gets_no_id(with_entry: bool) -> None:
    store = MemoryStore()
    store.put_if_absent(MARKER_KEY, b'{"assay":"0.1.0","format":1}')
    if with_entry:
        Journal(Bucket(store), "a").append(lambda _: ("noted", {}))
        assert b'"bucket"' not in store.get("journals/a/0000000001.json")
        store.delete(MARKER_KEY)  # lost, and written anew
    bucket = Bucket.from_store(store).prepare()
    assert bucket.id is None
    assert "id" not in canonical_json.load(store.get(MARKER_KEY))


def test_a_bucket_that_lost_its_mark_keeps_the_id_that_its_entries_name() -> None:
    bucket = Bucket.from_store(MemoryStore()).prepare()
    Journal(bucket, "a").append(lambda _: ("noted", {}))
    bucket.store.delete(MARKER_KEY)
    found = Bucket.from_store(bucket.store)
    assert len(Journal(found, "a").entries()) == 1
    assert Bucket.from_store(bucket.store).prepare().id == bucket.id
    assert canonical_json.load(bucket.store.get(MARKER_KEY))["id"] == bucket.id


class Reading(MemoryStore):
    """Counts its requests for the mark."""

    marks = 0

    def get(self, key: str) -> bytes:
        self.marks += key == MARKER_KEY
        return super().get(key)


def test_a_bucket_that_was_opened_is_not_asked_for_its_id() -> None:
    store = Reading()
    Bucket.from_store(store).prepare()
    bucket, store.marks = Bucket.from_store(store), 0
    for model in ("a", "b"):
        Journal(bucket, model).append(lambda _: ("noted", {}))
        assert len(Journal(bucket, model).entries()) == 1
    assert store.marks == 0


def test_a_store_that_overwrites_is_refused_before_anything_is_kept_in_it() -> None:
    store = Overwriting()
    with pytest.raises(StoreUnsafe, match="overwrites what exists") as caught:
        Bucket.from_store(store).prepare()
    assert "AWS S3, Ceph or MinIO" in (caught.value.remedy or "")
    assert [e.key for e in store.list()] == [MARKER_KEY]


def test_a_store_that_overwrites_is_refused_though_marked_already() -> None:
    store = Overwriting()
    MemoryStore.put_if_absent(store, MARKER_KEY, b'{"format":1}')
    with pytest.raises(StoreUnsafe):
        Bucket.from_store(store).prepare()


def test_the_probe_costs_a_sound_bucket_one_request() -> None:
    store = Counting()
    Bucket.from_store(store).prepare()
    store.puts = 0
    Bucket.from_store(store).prepare()
    assert store.puts == 1


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (b'{"format":2}', "format 2; this version of Assay reads format 1"),
        (b'{"assay":"2.5","format":2}', r"Use Assay 2\.5 or a newer one"),
        (b'{"format":"1"}', "format '1'"),
        (b"{}", "no bucket of Assay's"),
        (b"", "no bucket of Assay's"),
        (b"[1]", "no bucket of Assay's"),
        (b'{"format":1,"id":7}', "no bucket of Assay's"),
        (b"\xff\xfe", "no bucket of Assay's"),
    ],
)
def test_another_format_is_refused_and_left_as_it_is(mark: bytes, said: str) -> None:
    store = MemoryStore()
    store.put_if_absent(MARKER_KEY, mark)
    with pytest.raises(FormatUnknown, match=said) as caught:
        Bucket.from_store(store)
    assert caught.value.remedy
    with pytest.raises(FormatUnknown):
        Bucket(store).prepare()
    assert store.get(MARKER_KEY) == mark


def test_a_file_instead_of_a_folder_is_an_error_of_the_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError) as caught:
        Bucket.from_store(LocalStore(tmp_path / "file")).prepare()
    assert caught.value.remedy


def test_an_artifact_tells_what_it_is_and_comes_back(tmp_path: Path) -> None:
    bucket = Bucket.from_store(LocalStore(tmp_path))
    artifact = bucket.put_json({"b": 1, "a": [True, None]}, artifacts.JSON, "settings")
    assert artifact.as_json() == {
        "media_type": "application/json",
        "digest": str(Digest.of_bytes(b'{"a":[true,null],"b":1}')),
        "size": 23,
        "name": "settings",
    }
    assert bucket.get_json(artifact) == {"a": [True, None], "b": 1}
    path = Path(bucket.url(artifact))
    path.chmod(0o644)
    path.write_bytes(b"{}")
    with pytest.raises(ObjectCorrupt):
        bucket.get_json(artifact)


def test_journals_are_listed_by_model() -> None:
    bucket = Bucket.from_store(MemoryStore())
    assert list_journals(bucket.store) == []
    for model in ("b", "a"):
        Journal(bucket, model).append(lambda _: ("noted", {}))
    assert list_journals(bucket.store) == ["a", "b"]


def test_a_folder_of_other_files_is_no_bucket_and_one_that_lost_its_mark_is() -> None:
    store = MemoryStore()
    store.put_if_absent("jan.csv", b"a,b")
    with pytest.raises(ReferenceUnknown, match="there is no bucket here"):
        Bucket.from_store(store).require_existing()
    Journal(Bucket.from_store(store), "a").append(lambda _: ("noted", {}))
    assert list_journals(Bucket.from_store(store).require_existing().store) == ["a"]
