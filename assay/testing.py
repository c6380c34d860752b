"""The store conformance suite, for whoever writes a backend. Needs pytest and Hypothesis.

    class TestMyStore(StoreConformance):
        @pytest.fixture
        def store(self):
            return MyStore(...)  # empty, or nobody else's

Every promise of `assay.store.base.Store` has a test here.
"""

from __future__ import annotations

import pickle
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule
from hypothesis.stateful import run_state_machine_as_test as run_machine

from assay.errors import KeyAbsent
from assay.store.base import Store, StoreEntry
from assay.store.memory import MemoryStore

R = TypeVar("R")

_LARGE_BYTES = 9 * 1024 * 1024 + 1
_ODD_KEYS = [
    "with space/a b.json",
    "plus+percent%41&amp;=.json",
    "naïve/日本語/🙂.json",
    "quote'\"<>;,*[x].json",
    "x" * 255,
    ".hidden/..dots",
]
_BAD_KEYS = ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a\\b", "a\nb", "a\0b", "é" * 500]


class StoreConformance:
    """Subclass it and give a fixture `store` that yields a store for this test alone."""

    examples = 25  # of the state machine; fewer where each step crosses a network

    def test_bytes_come_back_as_they_were_put(self, store: Store) -> None:
        data = bytes(range(256)) * 3
        assert store.put_if_absent("a/b", data) is True
        assert store.get("a/b") == data

    def test_a_second_put_changes_nothing_and_says_so(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "content").write_bytes(b"second")
        assert store.put_if_absent("k", b"first") is True
        for content in (b"second", b"first", tmp_path / "content"):
            assert store.put_if_absent("k", content) is False
        assert store.get("k") == b"first"

    @pytest.mark.parametrize("equal", [True, False], ids=["equal bytes", "different bytes"])
    def test_of_twenty_writers_exactly_one_wins(self, store: Store, equal: bool) -> None:
        contents = [b"same" if equal else b"writer %d" % i for i in range(20)]
        won = run_together([partial(store.put_if_absent, "race", c) for c in contents])
        assert won.count(True) == 1
        assert won.count(False) == 19
        assert store.get("race") == contents[won.index(True)]

    def test_an_absent_key_is_named(self, store: Store) -> None:
        with pytest.raises(KeyAbsent, match="no/such"):
            store.get("no/such")
        with pytest.raises(KeyAbsent, match="no/such"):
            store.open("no/such")

    def test_a_folder_of_keys_is_no_key(self, store: Store) -> None:
        store.put_if_absent("folder/key", b"x")
        with pytest.raises(KeyAbsent):
            store.get("folder")
        with pytest.raises(KeyAbsent):
            store.get("folder/key/beyond")

    def test_a_deleted_key_is_gone_and_can_be_put_again(self, store: Store) -> None:
        store.put_if_absent("a/k", b"old")
        for _ in range(2):  # the second time there is nothing to delete, which is fine
            store.delete("a/k")
        with pytest.raises(KeyAbsent):
            store.get("a/k")
        assert list(store.list()) == []
        assert store.put_if_absent("a/k", b"new") is True
        assert store.get("a/k") == b"new"

    def test_keys_are_listed_in_their_order(self, store: Store) -> None:
        keys = ["b", "a/z", "a b", "a/b/c", "a-b", "aa", "a/b.json", "Z", "ä", "a.b/c"]
        for key in keys:
            store.put_if_absent(key, key.encode())
        listed = list(store.list())
        assert [e.key for e in listed] == sorted(keys)
        assert [e.size for e in listed] == [len(k.encode()) for k in sorted(keys)]

    def test_a_prefix_need_not_end_at_a_folder(self, store: Store) -> None:
        for key in ("ab/c", "ab/d/e", "abc", "b"):
            store.put_if_absent(key, b"")
        expected = {
            "": ["ab/c", "ab/d/e", "abc", "b"],
            "ab": ["ab/c", "ab/d/e", "abc"],
            "ab/": ["ab/c", "ab/d/e"],
            "ab/d": ["ab/d/e"],
            "ab/d/e": ["ab/d/e"],
            "ab/d/ef": [],
            "x": [],
            "/": [],
            "../": [],
        }
        assert {p: [e.key for e in store.list(p)] for p in expected} == expected

    def test_an_entry_tells_when_it_was_written(self, store: Store) -> None:
        store.put_if_absent("k", b"12345")
        (entry,) = store.list("k")
        assert isinstance(entry, StoreEntry)
        assert entry.size == 5
        assert entry.modified.utcoffset() == timedelta(0)
        # Wide: the server's clock need not be this machine's.
        assert abs(datetime.now(UTC) - entry.modified) < timedelta(days=1)

    def test_a_listing_goes_on_beyond_its_first_page(self, store: Store) -> None:
        keys = [f"page/{i:04d}" for i in range(1003)]  # S3 answers 1,000 at a time
        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(lambda key: store.put_if_absent(key, b""), keys))
        assert [e.key for e in store.list("page/")] == keys

    def test_no_bytes_at_all_are_bytes(self, store: Store, tmp_path: Path) -> None:
        (tmp_path / "empty").touch()
        assert store.put_if_absent("from bytes", b"") is True
        assert store.put_if_absent("from bytes", b"more") is False
        assert store.put_if_absent("from file", tmp_path / "empty") is True
        assert store.get("from bytes") == store.get("from file") == b""
        with store.open("from file") as file:
            assert file.read() == b""

    @pytest.mark.parametrize("as_file", [False, True], ids=["bytes", "file"])
    def test_nine_megabytes_travel_whole(self, store: Store, tmp_path: Path, as_file: bool) -> None:
        data = bytes(range(251)) * (_LARGE_BYTES // 251) + b"end"
        content: bytes | Path = data
        if as_file:
            content = tmp_path / "large"
            content.write_bytes(data)
        assert store.put_if_absent("large", content) is True
        assert store.put_if_absent("large", content) is False
        assert store.get("large") == data
        with store.open("large") as file:
            assert file.read() == data

    def test_a_file_that_is_not_there_is_no_absent_key(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            store.put_if_absent("k", tmp_path / "no such file")
        assert not isinstance(caught.value, KeyAbsent)
        assert list(store.list()) == []

    @pytest.mark.parametrize("key", _ODD_KEYS)
    def test_unusual_names_are_kept(self, store: Store, key: str) -> None:
        assert store.put_if_absent(key, key.encode()) is True
        assert store.put_if_absent(key, b"") is False
        assert store.get(key) == key.encode()
        with store.open(key) as file:
            assert file.read() == key.encode()
        assert [e.key for e in store.list()] == [key]
        store.delete(key)
        assert list(store.list()) == []

    @pytest.mark.parametrize("key", _BAD_KEYS)
    def test_a_name_that_some_backend_cannot_hold_is_refused(self, store: Store, key: str) -> None:
        put = partial(store.put_if_absent, content=b"")
        for call in (store.get, store.open, put, store.delete, store.url):
            with pytest.raises(ValueError, match="not a key"):
                call(key)

    def test_an_open_key_can_be_read_anywhere(self, store: Store) -> None:
        store.put_if_absent("k", bytes(range(100)))
        with store.open("k") as file:
            assert file.read(3) == bytes(range(3))
            assert file.seek(90) == 90
            assert file.read() == bytes(range(90, 100))
            assert file.seek(-1, 2) == 99
            assert file.tell() == 99
            assert file.read(10) == bytes([99])
            assert file.read(10) == b""

    def test_a_url_names_its_key_and_no_secret(self, store: Store) -> None:
        urls = {store.url("a/b"), store.url("a/c"), store.url("a b")}
        assert len(urls) == 3
        assert all(url.startswith(store.root) for url in urls)
        assert "@" not in store.root  # where user and password would stand

    def test_many_threads_share_one_instance(self, store: Store) -> None:
        blobs = {f"t/{i:03d}": uuid.uuid4().bytes * (i + 1) for i in range(64)}
        with ThreadPoolExecutor(16) as pool:
            assert all(pool.map(store.put_if_absent, blobs, blobs.values()))
            assert list(pool.map(store.get, blobs)) == list(blobs.values())

    def test_it_behaves_as_the_store_in_memory_does(self, store: Store) -> None:
        class Machine(StoreMachine):
            tested = store

        # No deadline, no health checks: a server's pace is not what is tested.
        run_machine(
            Machine,
            settings=settings(
                max_examples=self.examples,
                stateful_step_count=20,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )


class PersistentStoreConformance(StoreConformance):
    """For stores whose bytes outlive the process: what other processes see."""

    def test_a_pickled_instance_reaches_the_same_bytes(self, store: Store) -> None:
        store.put_if_absent("k", b"here")
        again = pickle.loads(pickle.dumps(store))  # noqa: S301 - bytes made on this line
        assert again.get("k") == b"here"
        assert again.root == store.root


class StoreMachine(RuleBasedStateMachine):
    """Any sequence of verbs has the same results on `tested` and in memory."""

    tested: Store  # given by a subclass

    keys = Bundle("keys")

    def __init__(self) -> None:
        super().__init__()
        self.model = MemoryStore()
        self.folder = uuid.uuid4().hex  # examples share a store: each has a folder of its own

    @rule(target=keys, name=st.text("ab0 é🙂", min_size=1, max_size=4), deep=st.booleans())
    def name(self, name: str, deep: bool) -> str:
        # The suffix keeps a key from being a folder of another.
        return f"{self.folder}/{name}/{name}.json" if deep else f"{self.folder}/{name}.json"

    @rule(key=keys, data=st.binary(max_size=40))
    def put(self, key: str, data: bytes) -> None:
        assert self.tested.put_if_absent(key, data) is self.model.put_if_absent(key, data)

    @rule(key=keys)
    def get(self, key: str) -> None:
        assert call_result(self.tested.get, key) == call_result(self.model.get, key)

    @rule(key=keys, offset=st.integers(0, 50))
    def read_from(self, key: str, offset: int) -> None:
        def read(store: Store) -> bytes:
            with store.open(key) as file:
                file.seek(offset)
                return file.read()

        assert call_result(read, self.tested) == call_result(read, self.model)

    @rule(key=keys)
    def delete(self, key: str) -> None:
        self.tested.delete(key)
        self.model.delete(key)

    @rule(key=keys, length=st.integers(0, 60))
    def list_prefix(self, key: str, length: int) -> None:
        prefix = f"{self.folder}/" + key[len(self.folder) + 1 :][:length]
        assert _sizes(self.tested, prefix) == _sizes(self.model, prefix)

    @invariant()
    def same_keys(self) -> None:
        assert _sizes(self.tested, f"{self.folder}/") == _sizes(self.model, f"{self.folder}/")


def run_together(calls: list[Callable[[], R]]) -> list[R]:
    """Results of all calls, begun together by as many threads."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], R]) -> R:
        gate.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def call_result(call: Callable[..., R], *arguments: Any) -> R | type[Exception]:
    """What a call returned, or the kind of absence it raised."""
    try:
        return call(*arguments)
    except KeyAbsent as error:
        return type(error)


def _sizes(store: Store, prefix: str) -> list[tuple[str, int]]:
    return [(entry.key, entry.size) for entry in store.list(prefix)]
