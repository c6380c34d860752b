"""Objects that an interrupted verification found sound, so that the next need not read them again.

They lie in the user's cache, never in the bucket: `~/.cache/assay/verify/` (or below
XDG_CACHE_HOME), a file for each bucket. An object counts as read only while the store lists it with
the same size and time, and only for a day, because bytes that rot change neither.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Self

from assay.bucket.digest import Digest
from assay.errors import ConfigError
from assay.store.base import StoreEntry
from assay.util.home_folder import expand_home

EXPIRES = timedelta(hours=24)


@dataclass
class VerifiedObjects:
    """The objects that a verification has read and found sound. `since`: when it began.

    As a context manager it forgets them at the end, because nothing is left to resume, and keeps
    them when an error ends it. Without a path it keeps nothing.
    """

    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    _path: Path | None = None
    _known: set[str] = field(default_factory=set)
    _file: IO[str] | None = None

    @classmethod
    def begin(cls, scope: str, *, resume: bool) -> VerifiedObjects:
        """Start to verify `scope`, the bucket's URL with the part examined. With `resume`, continue
        an interrupted verification of the same, if there was one within a day.
        """
        try:
            folder = _cache_folder()
        except ConfigError:  # a user without a home: it cannot be resumed, no more
            return cls()
        path = folder / f"{Digest.of_bytes(scope.encode()).hex[:32]}.txt"
        found = _load_unfinished(path) if resume else None
        verified = found or cls(_path=path)
        with suppress(OSError):  # a home that may not be written: the same
            path.parent.mkdir(parents=True, exist_ok=True)
            if found is None:
                path.unlink(missing_ok=True)  # not cut short: another process may be writing it
            # Line by line, so that a kill costs what was being read at most.
            verified._file = open(path, "a", buffering=1, encoding="utf-8")  # noqa: SIM115
            verified._write("" if found else verified.since.isoformat())
        return verified

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file is not None and self._path is not None:
            self._file.close()
            if kind is None:
                self._path.unlink(missing_ok=True)

    @property
    def is_resumed(self) -> bool:
        """Whether an interrupted verification is continued."""
        return bool(self._known)

    def knows(self, entry: StoreEntry) -> bool:
        """Whether this object was read before, and nobody has written it since."""
        return _entry_line(entry) in self._known

    def add(self, entry: StoreEntry) -> None:
        """Note that an object was read and is sound."""
        self._write(_entry_line(entry))

    def _write(self, line: str) -> None:
        if self._file is not None:
            with suppress(OSError):  # a full home must not end the verification of a bucket
                self._file.write(f"{line}\n")


def _cache_folder() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return expand_home(home) / "assay" / "verify"


def _load_unfinished(path: Path) -> VerifiedObjects | None:
    """The state of an interrupted verification; None if there is none within a day."""
    try:
        began, *lines = path.read_text(encoding="utf-8").split("\n")
        since = datetime.fromisoformat(began)
        age = datetime.now(UTC) - since
    except (OSError, ValueError, TypeError):
        return None
    # A line that was cut off fits no entry, and the next begins on a line of its own.
    return VerifiedObjects(since, path, set(lines)) if timedelta(0) <= age <= EXPIRES else None


def _entry_line(entry: StoreEntry) -> str:
    return f"{entry.key.rpartition('/')[2]} {entry.size} {entry.modified.isoformat()}"
