"""A store in a local folder: atomic by `link`, durable by `fsync`.

A file appears under its key only when all of its bytes are on disk: it is written and synced
under `.tmp/`, then hard-linked to its name, which fails if the name is taken. Whatever a crash
leaves behind lies in `.tmp/`, where no key points.

Where the file system has no hard links (exFAT, many a FUSE), the file is renamed to its name with
RENAME_NOREPLACE: the kernel looks for the name and takes it in one step, and refuses if it is
taken. Creating the name with O_EXCL and renaming over it is no substitute: a reader would see an
empty key in between, and a crash would leave one. A system that has neither is refused.

If the folder is setgid and its group may write, the bucket is shared, as in git's
`core.sharedRepository`: whatever the umask, the group may read new files, and write in new folders,
which are setgid too. Otherwise the umask alone decides.
"""

from __future__ import annotations

import ctypes
import errno
import io
import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, TypeVar

from assay.errors import KeyAbsent, StoreDenied, StoreError, StoreFull
from assay.store.base import StoreEntry, check_key
from assay.util.home_folder import expand_home

_TEMPORARY = ".tmp"
_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NOT_A_FOLDER = {errno.ENOTDIR, errno.EISDIR, errno.EEXIST}
# What cannot be opened as a file: folders, links, and pipes that nobody writes into.
_NO_FILE = {errno.EISDIR, errno.ELOOP, errno.ENXIO, errno.ENODEV}
_FILE_ENDINGS = (".json", ".jsonl")  # no folder of a bucket is called so
_BLOCK = 1 << 20
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS}
_NO_FLAGS = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}  # RENAME_NOREPLACE
_RENAME_NOREPLACE, _AT_FDCWD = 1, -100  # renameat2(2)
_FOLDER_TRIES = 50  # each but the first needs one more writer at the same folder at the same time
_SHARED = stat.S_ISGID | stat.S_IWGRP

T = TypeVar("T")


class LocalStore:
    """Keys as files below one folder, which need not exist yet."""

    def __init__(self, folder: Path | str) -> None:
        self.folder = expand_home(folder).absolute()
        self.root = str(self.folder)

    @property
    def is_shared(self) -> bool:
        """Whether the members of the folder's group share it: see the module."""
        try:
            return self.folder.stat().st_mode & _SHARED == _SHARED
        except OSError:
            return False  # not there yet, or whatever is done with it next tells

    def get(self, key: str) -> bytes:
        # Unbuffered: all of the file is wanted, and a buffer costs calls of its own.
        with (
            self._translate_errors(key),
            open(self._path(key), "rb", buffering=0, opener=_open_regular_file) as file,
        ):
            return file.read()

    def open(self, key: str) -> BinaryIO:
        with self._translate_errors(key):
            return open(self._path(key), "rb", opener=_open_regular_file)

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        path = self._path(key)
        # Opened outside of `_translate_write_errors`: this file's errors are not the store's.
        with _open_content(content) as source, self._translate_write_errors():
            return not path.is_file() and self._write(path, source)

    def _write(self, path: Path, source: BinaryIO) -> bool:
        temporary, shared = self.folder / _TEMPORARY / uuid.uuid4().hex, self.is_shared
        try:
            _retry_with_folder(temporary, lambda: _write_durably(temporary, source, shared), shared)
            return _retry_with_folder(path, lambda: _link(temporary, path), shared)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(temporary)

    def list(self, prefix: str = "") -> Iterator[StoreEntry]:
        # Only the deepest folder that the prefix names need be walked.
        start = prefix.rpartition("/")[0]
        try:
            folder = self.folder / check_key(start) if start else self.folder
        except ValueError:
            return  # no key begins so, and "../" must not lead anywhere
        with self._translate_errors(prefix):
            yield from self._walk(folder, prefix)

    def delete(self, key: str) -> None:
        with self._translate_errors(key), suppress(FileNotFoundError):
            os.unlink(self._path(key))

    def url(self, key: str) -> str:
        return str(self._path(key))

    def tidy(self, before: datetime) -> int:
        """Remove files that writers who died left under `.tmp/`. See `Littered`."""
        removed = 0
        with self._translate_errors(_TEMPORARY):
            left = self.folder / _TEMPORARY
            for file in [*os.scandir(left)] if left.is_dir() else ():
                with suppress(FileNotFoundError):  # its writer is alive, and done with it
                    if file.stat().st_mtime < before.timestamp():
                        os.unlink(file.path)
                        removed += 1
        return removed

    def _path(self, key: str) -> Path:
        return self.folder / check_key(key)

    def _walk(self, folder: Path, prefix: str) -> Iterator[StoreEntry]:
        try:
            # A folder sorts as its name plus "/", so that keys come out in their own order.
            found = sorted(
                os.scandir(folder), key=lambda e: e.name + "/" * e.is_dir(follow_symlinks=False)
            )
        except (FileNotFoundError, NotADirectoryError):
            return
        for item in found:
            key = Path(item.path).relative_to(self.folder).as_posix()
            # What lies in place of a file is listed as one, so that whoever reads it names it.
            if item.is_dir(follow_symlinks=False) and not item.name.endswith(_FILE_ENDINGS):
                if key != _TEMPORARY and (key.startswith(prefix) or prefix.startswith(key + "/")):
                    yield from self._walk(Path(item.path), prefix)
            elif key.startswith(prefix):
                with suppress(FileNotFoundError):  # collected between the scan and here
                    status = item.stat(follow_symlinks=False)
                    modified = datetime.fromtimestamp(status.st_mtime, UTC)
                    yield StoreEntry(key, status.st_size, modified)

    @contextmanager
    def _translate_errors(self, key: str) -> Iterator[None]:
        """Turn the operating system's errors into Assay's, with the path and what to do."""
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise KeyAbsent(f"no key {key!r}", where=self.root) from error
        except OSError as error:
            if error.errno in _NO_FILE:
                raise KeyAbsent(
                    f"no key {key!r}: what lies there is no regular file", where=self.root
                ) from error
            raise _store_error(error, self.root) from error

    @contextmanager
    def _translate_write_errors(self) -> Iterator[None]:
        """As `_translate_errors`; but what is missing while writing is no key."""
        try:
            yield
        except StoreError:
            raise
        except OSError as error:
            raise _store_error(error, self.root) from error


def _store_error(error: OSError, root: str) -> StoreError:
    reason = error.strerror or str(error)
    if error.errno in _FULL:
        return StoreFull(
            f"no space left for the bucket ({reason})",
            where=root,
            remedy="Free some space or choose another bucket with --store, then run again; "
            "finished steps are kept.",
        )
    if error.errno in _DENIED:
        return StoreDenied(
            f"the bucket refuses this ({reason}: {_refused_path(error)})",
            where=root,
            remedy="Give yourself the right to read and write this folder, or choose another "
            "bucket with --store. If others share it, `assay doctor` tells what is closed to you.",
        )
    if error.errno in _NOT_A_FOLDER:
        return StoreError(
            f"a file lies where the bucket needs a folder, or the other way round ({reason}: "
            f"{error.filename})",
            where=root,
            remedy="Move it away, or choose another bucket with --store.",
        )
    return StoreError(
        f"the bucket's folder failed ({reason}: {error.filename})",
        where=root,
        remedy="Check the disk; what was written before is whole.",
    )


def _refused_path(error: OSError) -> str:
    """What people know: a link's target, and the folder of the temporary files, not one of them."""
    path = Path(os.fsdecode(error.filename2 or error.filename or ""))
    return str(path.parent if path.parent.name == _TEMPORARY else path)


def _open_regular_file(path: str, flags: int) -> int:
    """Open a file without following a link or waiting for a pipe's writer. Raises OSError."""
    handle = os.open(path, flags | os.O_NONBLOCK | os.O_NOFOLLOW)
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EISDIR, "no regular file", path)
    return handle


def _open_content(content: bytes | Path) -> BinaryIO:
    return open(content, "rb") if isinstance(content, Path) else io.BytesIO(content)


def _retry_with_folder(path: Path, act: Callable[[], T], shared: bool) -> T:
    """Act on a path, whose folder is made if it turns out to be missing.

    It is there nearly always: asking first would cost every write. Again, because another writer of
    a shared bucket may put its own empty folder in the place of ours: see `_make_shared_folder`.
    """
    for _ in range(_FOLDER_TRIES):
        with suppress(FileNotFoundError):
            return act()
        with suppress(FileNotFoundError):
            _make_folder(path.parent, shared)
    return act()


def _write_durably(path: Path, source: BinaryIO, shared: bool) -> None:
    with open(path, "xb", opener=_open_read_only) as file:
        if shared:
            os.fchmod(file.fileno(), os.fstat(file.fileno()).st_mode | stat.S_IRGRP)
        shutil.copyfileobj(source, file, _BLOCK)
        file.flush()
        os.fsync(file.fileno())


def _open_read_only(path: str, flags: int) -> int:
    # Without the right to write: a reminder to people and editors; integrity rests on the digest.
    return os.open(path, flags, 0o444)


def _link(temporary: Path, path: Path) -> bool:
    """Give a whole file its name; False if that is taken."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path)) from None
        # A file server may carry out a link, lose its own answer, and refuse the repetition.
        if not path.exists() or not path.samefile(temporary):
            return False
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if not _rename_if_absent(temporary, path):
            return False
    _sync_folder(path.parent)
    return True


def _rename_if_absent(temporary: Path, path: Path) -> bool:
    """Rename a file unless the new name is taken, in one step. Raises StoreError where the system
    cannot.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    names = _AT_FDCWD, os.fsencode(temporary), _AT_FDCWD, os.fsencode(path)
    if rename is not None and rename(*names, _RENAME_NOREPLACE) == 0:
        return True
    number = ctypes.get_errno() if rename is not None else errno.ENOSYS
    if number == errno.EEXIST and stat.S_ISREG(os.lstat(path).st_mode):
        return False
    if number in _NO_FLAGS:
        raise StoreError(
            "this file system can neither make hard links nor rename without replacing",
            where=str(path.parent),
            remedy="Keep the bucket on a file system with hard links, such as ext4, XFS, APFS or "
            "NFS, or on S3.",
        )
    raise OSError(number, os.strerror(number), str(path))


def _make_folder(folder: Path, shared: bool) -> None:
    """Create a folder so that it survives a power cut: its parent's entry is synced too."""
    if folder.is_dir():
        return
    _make_folder(folder.parent, shared)
    try:
        (_make_shared_folder if shared else os.mkdir)(folder)
    except OSError:
        if not folder.is_dir():  # else another writer was faster
            raise
    _sync_folder(folder.parent)


def _make_shared_folder(folder: Path) -> None:
    """Create a folder that the group may write in as soon as it has its name.

    A rename replaces an empty folder, such as that of a writer who was faster, and no other.
    """
    new = folder.with_name(f".{uuid.uuid4().hex}")
    os.mkdir(new)
    try:
        new.chmod(new.stat().st_mode | stat.S_IRWXG | stat.S_ISGID)
        new.rename(folder)
    except OSError:
        new.rmdir()
        raise


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
