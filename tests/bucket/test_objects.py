"""Objects: named by their SHA-256, verified on every read."""

from __future__ import annotations

import hashlib
import itertools
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.digest import Digest
from assay.bucket.objects import Objects, object_key
from assay.errors import ObjectCorrupt, ObjectMissing, SourceError
from assay.store.local import LocalStore
from assay.store.memory import MemoryStore
from assay.util.concurrency import ordered_map

ABSENT = Digest.of_bytes(b"never stored")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


@pytest.fixture
def objects(store: LocalStore) -> Objects:
    return Objects(store)


def spoil(store: LocalStore, digest: Digest, data: bytes) -> None:
    path = Path(store.url(object_key(digest)))
    path.chmod(0o644)
    path.write_bytes(data)


@given(st.binary())
def test_whatever_is_put_is_got_under_its_sha256(data: bytes) -> None:
    objects = Objects(MemoryStore())
    digest = objects.put(data)
    assert digest.hex == hashlib.sha256(data).hexdigest()
    assert objects.get(digest) == data
    with objects.open(digest) as file:
        assert file.read() == data


def test_a_name_is_the_path_other_tools_find_it_by(objects: Objects, store: LocalStore) -> None:
    digest = objects.put(b"x")
    assert objects.url(digest) == f"{store.root}/objects/sha256/{digest.hex[:2]}/{digest.hex}"
    assert Path(objects.url(digest)).read_bytes() == b"x"


def test_the_same_bytes_are_kept_once(objects: Objects, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    assert objects.put(b"x") == objects.put(b"x") == objects.put_file(tmp_path / "file")
    assert len(list(objects.list_entries())) == 1


def test_an_absent_object_is_named(objects: Objects) -> None:
    for read in (objects.get, objects.open, objects.verify, objects.quarantine):
        with pytest.raises(ObjectMissing, match=str(ABSENT)) as caught:
            read(ABSENT)
        assert caught.value.remedy
    assert not objects.has(ABSENT)


@pytest.mark.parametrize("bad", [b"", b"datA", b"data and more", b"dat"])
def test_other_bytes_are_never_handed_out(objects: Objects, store: LocalStore, bad: bytes) -> None:
    digest = objects.put(b"data")
    spoil(store, digest, bad)
    for read in (objects.get, objects.open, objects.verify):
        with pytest.raises(ObjectCorrupt, match=str(digest)) as caught:
            read(digest)
        assert str(Digest.of_bytes(bad)) in caught.value.what
        assert caught.value.exit_code == 4


def test_one_bad_object_among_many_is_named(objects: Objects, store: LocalStore) -> None:
    digests = objects.put_many(b"%d" % i for i in range(100))
    spoil(store, digests[70], b"other")
    good = objects.get_many(digests)
    assert list(itertools.islice(good, 70)) == [b"%d" % i for i in range(70)]
    with pytest.raises(ObjectCorrupt, match=digests[70].hex):
        next(good)


def test_a_quarantined_object_keeps_its_bytes_and_frees_its_name(
    objects: Objects, store: LocalStore
) -> None:
    digest = objects.put(b"data")
    spoil(store, digest, b"rotten")
    aside = objects.quarantine(digest)
    assert aside is not None
    assert store.get(aside) == b"rotten"
    assert not objects.has(digest)
    objects.put(b"data")
    assert objects.get(digest) == b"data"


def test_a_sound_object_is_not_quarantined(objects: Objects) -> None:
    digest = objects.put(b"data")
    assert objects.quarantine(digest) is None
    assert objects.get(digest) == b"data"


def test_a_file_that_changes_while_stored_is_refused_and_leaves_no_wrong_object(
    objects: Objects, store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing"
    path.write_bytes(b"before")
    put = store.put_if_absent

    def put_later(key, content):
        path.write_bytes(b"after, and longer")
        return put(key, content)

    monkeypatch.setattr(store, "put_if_absent", put_later)
    with pytest.raises(SourceError, match="changed") as caught:
        objects.put_file(path)
    assert caught.value.where == str(path)
    assert list(objects.list_entries()) == []


def test_what_was_verified_is_what_is_read_even_if_the_disk_changes(
    objects: Objects, store: LocalStore
) -> None:
    digest = objects.put(b"data")
    with objects.open(digest) as file:
        spoil(store, digest, b"evil")
        assert file.read() == b"data"


def test_missing_lists_each_absent_object_once_in_the_order_asked(objects: Objects) -> None:
    here = objects.put_many([b"a", b"b"])
    other = Digest.of_bytes(b"also absent")
    assert objects.find_missing([ABSENT, *here, other, ABSENT]) == [ABSENT, other]


def test_many_come_back_in_the_order_asked(objects: Objects) -> None:
    blobs = [b"%d" % (i % 40) for i in range(200)]
    digests = objects.put_many(blobs)
    assert list(objects.get_many(digests)) == blobs
    assert objects.put_many([]) == []


def test_concurrent_work_runs_ahead_by_a_bounded_number_of_items() -> None:
    items = iter(range(1000))
    results = ordered_map(str, items)
    assert next(results) == "0"
    results.close()
    assert next(items) < 100


def test_concurrent_work_is_concurrent() -> None:
    gate = threading.Barrier(8, timeout=10)
    assert len(list(ordered_map(lambda _: gate.wait(), range(8)))) == 8


def test_an_error_in_one_thread_reaches_the_caller() -> None:
    def work(i: int) -> float:
        return 1 / (i - 5)

    with pytest.raises(ZeroDivisionError):
        list(ordered_map(work, range(100)))
