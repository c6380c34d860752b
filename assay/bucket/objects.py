"""Immutable bytes named by their SHA-256: hashed when written, verified whenever read."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from assay.bucket.digest import Digest
from assay.errors import KeyAbsent, ObjectCorrupt, ObjectMissing, SourceError, StoreDenied
from assay.store.base import Store, StoreEntry
from assay.util.concurrency import ordered_map

OBJECT_PREFIX = "objects/sha256/"
QUARANTINE_PREFIX = "quarantine/"
TRASH_PREFIX = "trash/"
_BLOCK_BYTES = 1 << 20
_SPOOL_BYTES = 64 << 20


def object_key(digest: Digest) -> str:
    """Where an object lies. Two digits of fan-out keep folders small."""
    return f"{OBJECT_PREFIX}{digest.hex[:2]}/{digest.hex}"


def trash_prefix(digest: Digest) -> str:
    """How the keys of an object begin that lies in the trash, one key for each move there."""
    return f"{TRASH_PREFIX}{digest.hex}/"


class Objects:
    """The objects of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def put(self, data: bytes) -> Digest:
        """Store bytes and return their name. Storing the same bytes again costs nothing."""
        digest = Digest.of_bytes(data)
        self._store.put_if_absent(object_key(digest), data)
        return digest

    def put_file(self, path: Path) -> Digest:
        """Store a file's content in constant memory.

        Raises SourceError if the file changed meanwhile: its bytes would not fit their name.
        """
        before = _file_identity(path)
        digest = Digest.of_file(path)
        if self.has(digest):
            return digest
        self._store.put_if_absent(object_key(digest), path)
        if _file_identity(path) != before:
            # What was copied may not be what was hashed: then it cannot keep this name.
            with suppress(ObjectMissing):
                self.quarantine(digest)
            raise SourceError(
                "the file changed while it was being stored",
                where=str(path),
                remedy="Store a finished file, or a copy of it.",
            )
        return digest

    def put_many(self, blobs: Iterable[bytes]) -> list[Digest]:
        """Store many small objects concurrently; digests in the order of the blobs."""
        return list(ordered_map(self.put, blobs))

    def get(self, digest: Digest) -> bytes:
        """An object's bytes, verified. Raises ObjectMissing or ObjectCorrupt."""
        try:
            data = self._store.get(object_key(digest))
        except KeyAbsent as error:
            if not self.restore(digest):
                raise self._missing_error(digest) from error
            return self.get(digest)
        if Digest.of_bytes(data) != digest:
            raise self._corrupt_error(digest, Digest.of_bytes(data))
        return data

    def get_many(self, digests: Iterable[Digest]) -> Iterator[bytes]:
        """Many objects' bytes, fetched concurrently, verified, in the order asked."""
        return ordered_map(self.get, digests)

    def open(self, digest: Digest) -> BinaryIO:
        """A seekable reader over a large object, verified *before* the first byte is handed out.

        The bytes are spooled (memory up to 64 MiB, then an anonymous file), so that what was
        verified is what is read, even if the store changes underneath.
        """
        spool = tempfile.SpooledTemporaryFile(max_size=_SPOOL_BYTES)  # noqa: SIM115 - handed out
        try:
            self._copy_verified(digest, spool.write)
        except BaseException:
            spool.close()
            raise
        spool.seek(0)
        return cast(BinaryIO, spool)

    def has(self, digest: Digest) -> bool:
        """Whether the object is there. Says nothing about its bytes; reading does."""
        key = object_key(digest)
        return any(entry.key == key for entry in self._store.list(key))

    def find_missing(self, digests: Iterable[Digest]) -> list[Digest]:
        """Those of `digests` that are not there, asked concurrently.

        What a collector has put into the trash meanwhile is taken out again: it is wanted.
        """
        wanted = list(dict.fromkeys(digests))
        held = zip(wanted, ordered_map(self.has, wanted), strict=True)
        return [digest for digest, there in held if not there and not self.restore(digest)]

    def list_entries(self) -> Iterator[StoreEntry]:
        """Every key below `objects/`, foreign ones included."""
        return self._store.list("objects/")

    def url(self, digest: Digest) -> str:
        """Where other tools read the object in place."""
        return self._store.url(object_key(digest))

    def verify(self, digest: Digest, on_bytes: Callable[[int], object] = lambda _: None) -> None:
        """Read an object and compare its digest, in constant memory; `on_bytes` gets each block's
        size.

        Raises ObjectMissing, ObjectCorrupt.
        """
        self._copy_verified(digest, lambda block: on_bytes(len(block)))

    def quarantine(self, digest: Digest) -> str | None:
        """Move a bad object aside, bytes kept, so that the right ones can take its name.

        Returns the key that holds the bad bytes now; None if the object is sound, as when
        someone else has mended it meanwhile. Raises ObjectMissing.
        """
        with tempfile.NamedTemporaryFile() as copy:
            found = self._copy(digest, copy.write)
            copy.flush()
            if found == digest:
                return None
            aside = f"{QUARANTINE_PREFIX}{digest.hex}.{found.hex}"
            self._store.put_if_absent(aside, Path(copy.name))
        self._store.delete(object_key(digest))
        return aside

    def move_to_trash(self, digest: Digest) -> None:
        """Move an object into the trash, where it is found again if anybody turns out to want it.

        For garbage collection alone. Every move makes a copy of its own: it has the time of the
        move, and another collector's stays.
        """
        if self._copy_key(object_key(digest), f"{trash_prefix(digest)}{uuid.uuid4().hex}"):
            self._store.delete(object_key(digest))

    def restore(self, digest: Digest) -> bool:
        """Take an object out of the trash. False if it is not there.

        In a bucket that may not be written it stays there; then it counts as missing.
        """
        # The copies stay until a collector finds them old: another may be about to delete what is
        # under the object's name just now, and then they are all there is. Again, if one did.
        while copies := self.trash_keys(digest):
            try:
                if any(self._copy_key(copy, object_key(digest)) for copy in copies) and self.has(
                    digest
                ):
                    return True
            except StoreDenied:
                return self.has(digest)
        return False

    def trash_keys(self, digest: Digest) -> list[str]:
        """The keys of an object's copies in the trash."""
        return [entry.key for entry in self._store.list(trash_prefix(digest))]

    def _copy_key(self, source: str, target: str) -> bool:
        """Copy the bytes of one key to another. False if there are none to copy."""
        with tempfile.NamedTemporaryFile() as copy:
            try:
                with self._store.open(source) as bytes_:
                    shutil.copyfileobj(bytes_, copy, _BLOCK_BYTES)
            except KeyAbsent:
                return False
            copy.flush()
            self._store.put_if_absent(target, Path(copy.name))
        return True

    def _copy_verified(self, digest: Digest, write: Callable[[bytes], object]) -> None:
        found = self._copy(digest, write)
        if found != digest:
            raise self._corrupt_error(digest, found)

    def _copy(self, digest: Digest, write: Callable[[bytes], object]) -> Digest:
        """Copy the bytes that lie under the object's name; returns *their* digest."""
        state = hashlib.sha256()
        try:
            source = self._store.open(object_key(digest))
        except KeyAbsent as error:
            if not self.restore(digest):
                raise self._missing_error(digest) from error
            source = self._store.open(object_key(digest))
        with source:
            while block := source.read(_BLOCK_BYTES):
                state.update(block)
                write(block)
        return Digest(state.hexdigest())

    def _missing_error(self, digest: Digest) -> ObjectMissing:
        return ObjectMissing(
            f"object {digest} is not in the bucket",
            where=self._store.root,
            remedy="Run `assay verify` to see what else is affected; running the use case again "
            "recomputes what it can.",
        )

    def _corrupt_error(self, digest: Digest, actual_digest: Digest) -> ObjectCorrupt:
        return ObjectCorrupt(
            f"object {digest} holds other bytes, of digest {actual_digest}",
            where=self.url(digest),
            remedy="Run `assay verify --repair` to move it aside, then run the use case again.",
        )


def _file_identity(path: Path) -> tuple[int, int, int]:
    status = path.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns
