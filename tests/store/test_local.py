"""The store in a folder: conformance, and what a disk and a crash can do to it."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.bucket.digest import Digest
from assay.errors import KeyAbsent, StoreDenied, StoreError, StoreFull
from assay.store import local
from assay.store.local import LocalStore
from assay.store.open import open_store
from assay.testing import PersistentStoreConformance


class TestLocalStore(PersistentStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        return LocalStore(tmp_path / "bucket")


class TestSharedLocalStore(PersistentStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> LocalStore:
        (tmp_path / "bucket").mkdir()
        (tmp_path / "bucket").chmod(0o2770)
        return LocalStore(tmp_path / "bucket")


class TestLocalStoreWithoutHardLinks(PersistentStoreConformance):
    @pytest.fixture
    def store(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LocalStore:
        monkeypatch.setattr(os, "link", failing(errno.EPERM))
        return LocalStore(tmp_path / "bucket")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "bucket")


def leftovers(store: LocalStore) -> list[str]:
    return os.listdir(store.folder / ".tmp")


def failing(number: int):
    def fail(*_args, **_kwargs):
        raise OSError(number, os.strerror(number))

    return fail


def test_a_url_and_a_path_open_the_same_folder(tmp_path: Path) -> None:
    open_store(str(tmp_path)).put_if_absent("k", b"x")
    assert open_store(f"file://{tmp_path}").get("k") == b"x"


def test_opening_makes_no_folder(tmp_path: Path) -> None:
    assert list(LocalStore(tmp_path / "bucket").list()) == []
    assert not (tmp_path / "bucket").exists()


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_no_key_and_no_litter(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    store.put_if_absent("before", b"x")
    with monkeypatch.context() as broken:
        broken.setattr(os, call, failing(number))
        with pytest.raises(StoreFull, match="no space left") as caught:
            store.put_if_absent("k", b"data")
    assert caught.value.remedy
    assert [e.key for e in store.list()] == ["before"]
    assert leftovers(store) == []
    assert store.put_if_absent("k", b"data") is True


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB. Where mounting is not allowed, the test above must do."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0 or not _run("mount", "-t", "tmpfs", "-o", "size=1m", "assay", folder):
        pytest.skip("only root may mount a small disk")
    yield folder
    _run("umount", folder)


def _run(*command: str | Path) -> bool:
    if not shutil.which(str(command[0])):
        return False
    return subprocess.run(command, check=False, capture_output=True).returncode == 0


def test_a_disk_that_really_fills_up_keeps_what_is_whole(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bucket")
    blocks = {f"k/{i:02d}": bytes([i]) * 100_000 for i in range(20)}
    with pytest.raises(StoreFull):
        list(map(store.put_if_absent, blocks, blocks.values()))
    kept = [e.key for e in store.list()]
    assert 5 < len(kept) < 11
    assert all(store.get(key) == blocks[key] for key in kept)
    assert leftovers(store) == []


def test_a_disk_made_read_only_can_still_be_read(small_disk: Path) -> None:
    store = LocalStore(small_disk / "bucket")
    store.put_if_absent("k", b"x")
    assert _run("mount", "-o", "remount,ro", small_disk)
    with pytest.raises(StoreDenied, match="Read-only") as caught:
        store.put_if_absent("other", b"x")
    assert "--store" in (caught.value.remedy or "")
    with pytest.raises(StoreDenied):
        store.delete("k")
    assert store.get("k") == b"x"


@pytest.mark.parametrize("number", [errno.EACCES, errno.EPERM, errno.EROFS])
def test_a_refusal_names_the_remedy(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # Root ignores permission bits, so the system call is made to refuse.
    monkeypatch.setattr(os, "mkdir", failing(number))
    with pytest.raises(StoreDenied, match="refuses") as caught:
        store.put_if_absent("k", b"x")
    assert "right to read and write" in (caught.value.remedy or "")


def test_a_file_where_the_bucket_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "bucket").write_text("I am a file")
    with pytest.raises(StoreError, match="a file lies where the bucket needs a folder") as caught:
        LocalStore(tmp_path / "bucket").put_if_absent("a/b", b"x")
    assert not isinstance(caught.value, KeyAbsent)
    assert (tmp_path / "bucket").read_text() == "I am a file"


def test_a_key_that_is_a_folder_of_others_is_refused_not_lied_about(store: LocalStore) -> None:
    store.put_if_absent("a/b", b"x")
    with pytest.raises(StoreError, match="the other way round"):
        store.put_if_absent("a", b"x")
    with pytest.raises(StoreError, match="a file lies where"):
        store.put_if_absent("a/b/c", b"x")
    assert [e.key for e in store.list()] == ["a/b"]
    assert leftovers(store) == []


class OldKernel:
    """The C library of a system on which no file can be renamed without replacing another."""

    def __init__(self, *_args: object, **_more: object) -> None:
        pass

    def renameat2(self, *_args: object) -> int:
        ctypes.set_errno(errno.EINVAL)
        return -1


def test_a_file_system_without_hard_links_and_safe_renames_is_named(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "link", failing(errno.ENOTSUP))
    monkeypatch.setattr(ctypes, "CDLL", OldKernel)
    with pytest.raises(StoreError, match="neither make hard links nor rename") as caught:
        store.put_if_absent("k", b"x")
    assert "ext4" in (caught.value.remedy or "")
    assert list(store.list()) == leftovers(store) == []


def test_without_hard_links_the_bytes_are_on_disk_before_the_name(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_if_absent("first", b"x")
    monkeypatch.setattr(os, "link", failing(errno.EPERM))
    seen, fsync = [], os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda fd: (seen.append((_kind(fd), (store.folder / "k").exists())), fsync(fd))[1],
    )
    assert store.put_if_absent("k", b"x") is True
    assert store.put_if_absent("k", b"y") is False
    assert seen == [("file", False), ("folder", True)]
    assert store.get("k") == b"x"
    assert leftovers(store) == []


def test_a_refusal_names_the_target_and_no_temporary_file(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_if_absent("a/first", b"x")

    def refuse(source: Path, target: Path) -> None:
        raise OSError(errno.EACCES, "Permission denied", str(source), None, str(target))

    with monkeypatch.context() as broken:
        broken.setattr(os, "link", refuse)
        with pytest.raises(StoreDenied, match=r"Permission denied: .*/a/k\)"):
            store.put_if_absent("a/k", b"x")
    monkeypatch.setattr(local, "_write_durably", _refuse_to_write)
    with pytest.raises(StoreDenied, match=r"Permission denied: .*/\.tmp\)"):
        store.put_if_absent("a/k", b"x")


def _refuse_to_write(path: Path, *_args: object) -> None:
    raise PermissionError(errno.EACCES, "Permission denied", str(path))


@pytest.mark.parametrize("umask", [0o077, 0o022, 0o007])
def test_in_a_shared_folder_everything_new_is_the_groups(store: LocalStore, umask: int) -> None:
    store.folder.mkdir()
    store.folder.chmod(0o2770)
    _put_with_umask(store, umask)
    for path in store.folder.rglob("*"):
        wanted = 0o2070 if path.is_dir() else 0o040
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & wanted == wanted, path
        assert not mode & umask & 0o007, path  # what is not the group's is the umask's
        assert path.is_dir() or not mode & 0o222, path


@pytest.mark.parametrize("mode", [0o700, 0o755, 0o2755, 0o775])
@pytest.mark.parametrize("umask", [0o077, 0o022])
def test_in_a_folder_that_is_not_shared_the_umask_decides(
    store: LocalStore, mode: int, umask: int
) -> None:
    store.folder.mkdir()
    store.folder.chmod(mode)
    _put_with_umask(store, umask)
    for path in store.folder.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & umask, path


def _put_with_umask(store: LocalStore, umask: int) -> None:
    before = os.umask(umask)
    try:
        store.put_if_absent("a/b/c", b"x")
        store.put_if_absent("a/d", b"x")
    finally:
        os.umask(before)


def test_a_link_made_by_a_server_that_lost_its_own_answer_counts(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = os.link

    def twice(*args, **kwargs):
        link(*args, **kwargs)
        link(*args, **kwargs)  # as a file server's client repeats it

    monkeypatch.setattr(os, "link", twice)
    assert store.put_if_absent("k", b"x") is True


def test_folders_that_went_away_meanwhile_are_made_again(store: LocalStore) -> None:
    store.put_if_absent("a/b/c", b"x")
    shutil.rmtree(store.folder)
    assert store.put_if_absent("a/b/c", b"x") is True
    assert store.get("a/b/c") == b"x"


def test_files_cannot_be_written_and_keep_to_the_umask(store: LocalStore) -> None:
    before = os.umask(0o027)
    try:
        store.put_if_absent("k", b"x")
    finally:
        os.umask(before)
    assert stat.S_IMODE((store.folder / "k").stat().st_mode) == 0o440


def test_a_failing_disk_is_an_error_of_the_store(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", failing(errno.EIO))
    with pytest.raises(StoreError, match="failed") as caught:
        store.put_if_absent("k", b"x")
    assert caught.value.remedy
    assert list(store.list()) == []


def test_the_name_appears_only_after_the_bytes_are_on_disk(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = []
    fsync, link = os.fsync, os.link
    monkeypatch.setattr(os, "fsync", lambda fd: (order.append(_kind(fd)), fsync(fd))[1])
    monkeypatch.setattr(os, "link", lambda *a: (order.append("link"), link(*a))[1])
    store.put_if_absent("first", b"x")
    order.clear()
    store.put_if_absent("k", b"x")
    assert order == ["file", "link", "folder"]


def test_a_new_folder_is_synced_into_its_parent(
    store: LocalStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put_if_absent("first", b"x")
    synced, fsync = [], os.fsync
    monkeypatch.setattr(
        os,
        "fsync",
        lambda fd: (synced.append(str(Path(f"/proc/self/fd/{fd}").resolve())), fsync(fd))[1],
    )
    store.put_if_absent("a/b/c", b"x")
    assert {str(store.folder), str(store.folder / "a"), str(store.folder / "a/b")} <= set(synced)


def _kind(fd: int) -> str:
    return "folder" if Path(f"/proc/self/fd/{fd}").resolve().is_dir() else "file"


WRITER = textwrap.dedent("""
    import os, sys
    from concurrent.futures import ThreadPoolExecutor
    from assay.bucket.digest import Digest
    from assay.store.local import LocalStore
    store = LocalStore(sys.argv[1])
    def put(_):
        data = os.urandom(200_000)
        store.put_if_absent(f"objects/{Digest.of_bytes(data).hex}", data)
        os.write(1, Digest.of_bytes(data).hex.encode() + b"\\n")  # in one go: threads share stdout
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(100_000)))
""")


def test_a_writer_killed_in_the_middle_leaves_only_whole_objects(store: LocalStore) -> None:
    acknowledged = set()
    for rounds in (1, 5, 20):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(store.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        with process.stdout:
            acknowledged |= {process.stdout.readline().strip() for _ in range(rounds)}
            process.send_signal(signal.SIGKILL)
            acknowledged |= {line.strip() for line in process.stdout if len(line) == 65}
        process.wait(10)
    kept = {e.key.removeprefix("objects/") for e in store.list()}
    assert acknowledged <= kept
    assert all(Digest.of_bytes(store.get(f"objects/{name}")).hex == name for name in kept)


def test_what_a_crash_leaves_behind_is_no_key(store: LocalStore) -> None:
    store.put_if_absent("k", b"x")
    (store.folder / ".tmp" / "half").write_bytes(b"ha")
    assert [e.key for e in store.list()] == ["k"]
    assert list(store.list(".tmp/")) == []


def test_a_listing_survives_what_is_deleted_beside_it(store: LocalStore) -> None:
    for i in range(4):
        store.put_if_absent(f"k{i}", b"")
    listing = store.list()
    assert next(listing).key == "k0"
    store.delete("k2")
    assert [e.key for e in listing] == ["k1", "k3"]


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "link to nothing", "socket"])
def test_what_is_no_regular_file_is_listed_and_never_opened(
    store: LocalStore, tmp_path: Path, kind: str
) -> None:
    store.put_if_absent("j/1.json", b"{}")
    place_irregular(store.folder / "j" / "2.json", kind, store.folder / "j" / "1.json")
    assert [entry.key for entry in store.list("j/")] == ["j/1.json", "j/2.json"]
    for read in (store.get, store.open):
        with pytest.raises(KeyAbsent, match="no regular file"):
            read("j/2.json")


def place_irregular(path: Path, kind: str, target: Path) -> None:
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as made, contextlib.chdir(path.parent):
            made.bind(path.name)
    else:
        path.symlink_to(target if kind == "link" else "nowhere")
