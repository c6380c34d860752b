"""What a place for bytes must do: six verbs, and nothing that could overwrite.

Whoever writes a backend runs `assay.testing.StoreConformance` against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class StoreEntry:
    """One key as `Store.list` finds it: size in bytes, `modified` in UTC."""

    key: str
    size: int
    modified: datetime


@runtime_checkable
class Store(Protocol):
    """A flat map from keys to immutable bytes.

    Keys are relative, `/`-separated and pass `check_key`; none is a folder of another (`a` beside
    `a/b`). Errors are those of `assay.errors`: `KeyAbsent`, `StoreDenied`, `StoreFull`,
    `StoreUnreachable`. One instance serves many threads; a pickled or forked one still works.
    """

    @property
    def root(self) -> str:
        """The URL by which this store was opened and can be opened again. Holds no secret."""

    def get(self, key: str) -> bytes:
        """All bytes of `key`. Raises KeyAbsent."""

    def open(self, key: str) -> BinaryIO:
        """A seekable reader over `key`, to be closed by the caller. Raises KeyAbsent."""

    def put_if_absent(self, key: str, content: bytes | Path) -> bool:
        """Store `content` (bytes, or the file at a path) unless `key` exists.

        Returns whether this call created it. Atomic and durable: a reader, or a restart after a
        power cut, finds all of the bytes or no key; of many callers exactly one gets True.
        Raises OSError as it comes when the file to be stored cannot be read.
        """

    def list(self, prefix: str = "") -> Iterator[StoreEntry]:
        """Entries whose key begins with `prefix`, in the order of their keys."""

    def delete(self, key: str) -> None:
        """Remove `key`. Absent is fine: the wish is fulfilled. For garbage collection alone."""

    def url(self, key: str) -> str:
        """Where other tools (DuckDB, pandas, a browser) find the bytes of `key`."""


@runtime_checkable
class TidyableStore(Protocol):
    """A store on which a writer that dies can leave something that lies under no key."""

    def tidy(self, before: datetime) -> int:
        """Remove what has been lying about since `before`; how many pieces that was."""


_SEGMENT = re.compile(r"[^/\\\x00-\x1f\x7f]+")


def check_key(key: str) -> str:
    """Return `key` if every backend can hold it. Raises ValueError otherwise.

    Spaces and Unicode are fine; empty segments, `.`, `..`, backslashes and control characters
    are not, because they name different things on different backends. Nor are `.tmp/`, where the
    local store writes what has no name yet, and `?versionId=`, which s3fs does not take literally.
    """
    segments = key.split("/")
    if (
        len(key.encode()) > 900
        or segments[0] == ".tmp"
        or "?versionId=" in key
        or not all(
            _SEGMENT.fullmatch(s) and s not in {".", ".."} and len(s.encode()) <= 255
            for s in segments
        )
    ):
        raise ValueError(f"{key!r} is not a key every store can hold")
    return key
