"""The bucket: its mark, its format, and what it refuses to write into."""

from __future__ import annotations

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
    assert canonical_json.load(store.get(MARKER_KEY)) == {"format": 1, "assay": __version__}
    assert [e.key for e in store.list()] == [MARKER_KEY]


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
        Journal(bucket.store, model).append(lambda _: ("noted", {}))
    assert list_journals(bucket.store) == ["a", "b"]


def test_a_folder_of_other_files_is_no_bucket_and_one_that_lost_its_mark_is() -> None:
    store = MemoryStore()
    store.put_if_absent("jan.csv", b"a,b")
    with pytest.raises(ReferenceUnknown, match="there is no bucket here"):
        Bucket.from_store(store).require_existing()
    Journal(Bucket.from_store(store).store, "a").append(lambda _: ("noted", {}))
    assert list_journals(Bucket.from_store(store).require_existing().store) == ["a"]
