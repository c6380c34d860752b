"""Read a journal on from where the last reading stopped, and verify its chain so far."""

from __future__ import annotations

from collections.abc import Iterator

from assay.bucket import checkpoints
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry, Link
from assay.errors import ChainBroken, KeyAbsent


class JournalTail:
    """A growing journal. `length` is the number of entries read."""

    def __init__(self, bucket: Bucket, name: str) -> None:
        self.length = 0
        self._store, self._journal = bucket.store, Journal(bucket, name)
        self._last: Digest | None = None
        self._read_ahead: list[Link] = []

    def entries(self, max_entries: int) -> Iterator[JournalEntry]:
        """At most `max_entries` new entries; one request if there is none.

        Raises ChainBroken, StoreError; the next call continues from there.
        """
        for _ in range(max_entries):
            entry = self._next()
            if entry is None:
                return
            yield entry

    def _next(self) -> JournalEntry | None:
        number = self.length + 1
        if number % checkpoints.CHECKPOINT_INTERVAL == 1 and not self._read_ahead:
            self._read_ahead = self._checkpoint(number)
        if self._read_ahead:
            entry, digest = self._read_ahead.pop(0)
        else:
            data = self._read(number)
            if data is None:
                return None
            entry, digest = self._linked(number, self._last, data)
        self.length, self._last = number, digest
        return entry

    def _checkpoint(self, number: int) -> list[Link]:
        """A hundred entries in two requests, from a checkpoint.

        It counts only if its chain holds and the next entry, read from its own key, follows.
        """
        last = number + checkpoints.CHECKPOINT_INTERVAL - 1
        lines = checkpoints.load_checkpoint(self._store, self._journal.model, last)
        after = self._read(last + 1) if lines else None
        if not lines or after is None:
            return []
        found, previous = [], self._last
        try:
            for place, line in enumerate([*lines, after], start=number):
                entry, previous = self._linked(place, previous, line)
                found.append((entry, previous))
        except ChainBroken:
            return []  # the entries tell whose fault it is
        return found

    def _read(self, number: int) -> bytes | None:
        try:
            return self._store.get(self._journal.entry_key(number))
        except KeyAbsent:
            return None

    def _linked(self, number: int, previous: Digest | None, data: bytes) -> Link:
        """Raise ChainBroken for what is no entry, or not the next one."""
        entry, digest = self._journal.decode_link(number, data)
        if entry.previous != previous:
            name = self._journal.model
            raise ChainBroken(f"the journal of {name!r} does not hold at entry {number}")
        return entry, digest
