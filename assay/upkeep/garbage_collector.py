"""Garbage collection: deletes unreferenced objects in two passes, beside running writers.

It keeps what a journal, a pin or a memo entry younger than `MEMO_LIFETIME` leads to, and all that
is younger than `GRACE_PERIOD`, because a run may be about to name it. Where signatures are
required, a memo entry whose signature does not count keeps nothing. One pass moves the rest into
the trash. A later pass deletes it if nothing refers to it still, at least `GRACE_PERIOD` after the
move. In between, `Objects.restore` gives the object back to whoever asks for it.

So no lock is needed. A writer checks that all it names is there, and only then appends to the
journal. The check restores an object that was moved earlier. The next read, or the next pass, which
finds the entry, restores one that is moved later. Only a writer that pauses for `GRACE_PERIOD`
between check and entry could lose an object.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, list_journals
from assay.bucket.memo import MEMO_PREFIX as MEMOS
from assay.bucket.objects import TRASH_PREFIX, object_key
from assay.errors import ObjectMissing, StoreDenied
from assay.store.base import StoreEntry, TidyableStore
from assay.upkeep import references
from assay.upkeep.pins import Pin, Pins
from assay.upkeep.references import ObjectReference
from assay.util.concurrency import ordered_map

GRACE_PERIOD = timedelta(hours=24)
MEMO_LIFETIME = timedelta(days=30)

_CLOCK = "clock/"


@dataclass(frozen=True, slots=True)
class CollectionResult:
    """What a pass did, or would do with `dry_run`. Sizes in bytes."""

    kept: int = 0
    kept_size: int = 0
    young: int = 0  # referred to by nothing yet, and too young to tell
    moved: int = 0
    moved_size: int = 0
    deleted: int = 0
    deleted_size: int = 0
    restored: int = 0
    memos: int = 0  # entries forgotten
    leftovers: int = 0  # pieces of writers that died

    def as_json(self) -> dict[str, int]:
        return asdict(self)


# Objects that must stay, each with a reference that leads there.
_Marks = dict[Digest, ObjectReference]


class GarbageCollector:
    """One pass over a bucket. The clock is the store's own: a machine may be wrong about time."""

    def __init__(
        self, bucket: Bucket, *, grace: timedelta = GRACE_PERIOD, memo: timedelta = MEMO_LIFETIME
    ) -> None:
        self._bucket = bucket
        self._grace = grace
        self._memo = memo

    @cached_property
    def _now(self) -> datetime:
        """The store's time, from a key made for the purpose."""
        key, store = f"{_CLOCK}{uuid.uuid4().hex}", self._bucket.store
        try:
            store.put_if_absent(key, b"")
            now = next(iter(store.list(key))).modified
            store.delete(key)
        except StoreDenied:
            return datetime.now(UTC)  # a bucket that may only be read is not collected, just seen
        return now

    def collect(self, *, dry_run: bool = False) -> CollectionResult:
        """Do one pass. Deletes nothing if an object that a journal leads to cannot be read.

        Raises ChainBroken, ObjectMissing, ObjectCorrupt, where references are then unknown;
        StoreDenied, StoreUnreachable.
        """
        # The time is taken, and all is listed, before marking: what a writer adds meanwhile is not
        # on the list, and how long a slow pass takes makes nothing older.
        _ = self._now
        objects, trash = [*self._objects()], [*self._trash()]
        old_memos, counting = self._sort_memos()
        marked = self._mark(counting)
        loose = [(d, entry) for d, entry in objects if d not in marked]
        old = [(d, entry) for d, entry in loose if self._is_older(entry, self._grace)]
        there = {d for d, _ in objects}
        wanted = list(dict.fromkeys(d for d, _ in trash if d in marked and d not in there))
        # A copy of what was taken out of the trash goes as late as any: see `Objects.restore`.
        spent = [
            (d, entry)
            for d, entry in trash
            if (d not in marked or d in there) and self._is_older(entry, self._grace)
        ]
        if not dry_run:
            self._carry_out(old, spent, wanted, old_memos)
        return CollectionResult(
            kept=len(objects) - len(loose),
            kept_size=sum(entry.size for d, entry in objects if d in marked),
            young=len(loose) - len(old),
            moved=len(old),
            moved_size=sum(entry.size for _, entry in old),
            deleted=len(spent),
            deleted_size=sum(entry.size for _, entry in spent),
            restored=len(wanted),
            memos=len(old_memos),
            leftovers=0 if dry_run else self._tidy_store(),
        )

    def reference_path(self, digest: Digest) -> list[str]:
        """The references that keep an object, from journal, pin or memo entry down to it; empty if
        none.

        Raises ObjectMissing if it is not in the bucket.
        """
        if not (self._bucket.objects.has(digest) or self._bucket.objects.trash_keys(digest)):
            raise ObjectMissing(f"object {digest} is not in the bucket", where=self._bucket.root)
        marked = self._mark(self._sort_memos()[1])
        chain: list[str] = []
        here: str | None = str(digest) if digest in marked else None
        while here:
            chain.append(here)
            here = marked[Digest.parse(here)].referrer if here.startswith("sha256:") else None
        return chain[::-1]

    def _sort_memos(self) -> tuple[list[StoreEntry], list[str]]:
        """The memo entries to forget, and the keys of those that keep objects.

        Where signatures are required, an entry that does not count keeps nothing, and goes as soon
        as it is older than the grace period.
        """
        memos = [*self._bucket.store.list(MEMOS)]
        refusals = ordered_map(self._bucket.memo.explain_name_refusal, [e.key for e in memos])
        counts = {entry.key: why is None for entry, why in zip(memos, refusals, strict=True)}
        old = [e for e in memos if self._is_older(e, self._memo if counts[e.key] else self._grace)]
        forgotten = {entry.key for entry in old}
        return old, [e.key for e in memos if counts[e.key] and e.key not in forgotten]

    def _carry_out(
        self,
        old: Iterable[tuple[Digest, StoreEntry]],
        spent: Iterable[tuple[Digest, StoreEntry]],
        trashed_digests: Iterable[Digest],
        memos: Iterable[StoreEntry],
    ) -> None:
        objects, store = self._bucket.objects, self._bucket.store
        # Memos first: an entry whose objects are gone only costs its reader a look.
        _run_all(ordered_map(lambda entry: store.delete(entry.key), memos))
        _run_all(ordered_map(objects.restore, trashed_digests))
        _run_all(ordered_map(lambda found: store.delete(found[1].key), spent))
        _run_all(ordered_map(lambda found: objects.move_to_trash(found[0]), old))

    def _tidy_store(self) -> int:
        store = self._bucket.store
        return store.tidy(self._now - self._grace) if isinstance(store, TidyableStore) else 0

    def _is_older(self, entry: StoreEntry, than: timedelta) -> bool:
        return self._now - entry.modified > than

    def _objects(self) -> Iterator[tuple[Digest, StoreEntry]]:
        """Objects with their entries. Keys that are not named like objects are left alone."""
        for entry in self._bucket.objects.list_entries():
            digest = _digest_in_key(entry.key)
            if digest and entry.key == object_key(digest):
                yield digest, entry

    def _trash(self) -> Iterator[tuple[Digest, StoreEntry]]:
        for entry in self._bucket.store.list(TRASH_PREFIX):
            if digest := _digest_in_key(entry.key.rpartition("/")[0]):
                yield digest, entry

    # --- marking ------------------------------------------------------------------------------

    def _mark(self, memos: Iterable[str]) -> _Marks:
        marked: _Marks = {}
        strict, lenient = partial(self._references_in, True), partial(self._references_in, False)
        for model in list_journals(self._bucket.store):
            entries = Journal(self._bucket, model).entries()
            references.follow_references(
                references.journal_references(model, entries), marked, strict
            )
        pins = (
            (pin.artifact.as_json(), _pin_referrer(pin)) for pin in Pins(self._bucket).active_pins()
        )
        for held, who in pins:
            references.follow_references(references.find_references(held, who), marked, strict)
        for found in ordered_map(self._memo_references, memos):
            references.follow_references(found, marked, lenient)
        return marked

    def _memo_references(self, key: str) -> list[ObjectReference]:
        try:
            return references.memo_references(self._bucket.store, key)
        except ValueError:
            return []  # no entry: it leads nowhere

    def _references_in(self, strict: bool, reference: ObjectReference) -> list[ObjectReference]:
        """What an object refers to. With `strict`, a missing object is an error."""
        if not reference.leads_on:
            return []
        try:
            return references.object_references(
                reference, self._bucket.objects.get(reference.digest)
            )
        except ObjectMissing:
            if strict:
                raise
            return []  # a memo entry that leads nowhere is found out by whoever reads it


def _pin_referrer(pin: Pin) -> str:
    return f"pinned by {pin.entry.actor}: {pin.entry.body['because']}"


def _digest_in_key(key: str) -> Digest | None:
    try:
        return Digest(key.rpartition("/")[2])
    except ValueError:
        return None


def _run_all(work: Iterator[object]) -> None:
    for _ in work:
        pass
