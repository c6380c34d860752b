"""Is everything in a bucket what its name and its history say?

Every object is read and hashed again; every journal's chain is followed; and whatever a journal,
a pin, a memo entry or a JSON object refers to must be there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

from assay.bucket import MARK, Bucket
from assay.digest import Digest
from assay.errors import KeyAbsent, ObjectCorrupt, ObjectMissing, StoreError
from assay.memo import PREFIX as MEMO
from assay.objects import QUARANTINE, TRASH, concurrently, key_of
from assay.store.base import Entry
from assay.upkeep import references
from assay.upkeep.chains import Chains
from assay.upkeep.mend import Mender
from assay.upkeep.problems import Findings, Kind, Problem
from assay.upkeep.references import Reference
from assay.upkeep.verified import Verified

_SMALL = 1 << 20  # bytes; what is larger is read in blocks
# What Assay keeps besides objects and journals; the last two are there for moments only.
_OURS = (MEMO, QUARANTINE, TRASH, "clock/", "doctor/")


@dataclass(frozen=True, slots=True)
class Hashed:
    """How far `verify` has come with reading objects. Sizes in bytes."""

    objects: int = 0
    size: int = 0
    of_objects: int = 0
    of_size: int = 0


Progress = Callable[[Hashed], None]


def verify(
    bucket: Bucket,
    *,
    model: str | None = None,
    repair: bool = False,
    other: Bucket | None = None,
    verified: Verified | None = None,
    progress: Progress = lambda _hashed: None,
) -> Findings:
    """Examine a bucket; with `model`, only that model's journals and what they lead to, or what
    one version of it leads to (`income@3`).

    Deletes nothing. With `repair`, corrupt objects are moved aside (their bytes kept under
    `quarantine/`), so that running the use case again can put the right ones in their place;
    with an `other` bucket, these and the missing ones are copied from it, verified. What is
    in `verified` is not read again, and what is read and sound is added to it.
    Raises ReferenceUnknown for a model without a journal, StoreDenied, StoreUnreachable.
    """
    mender = Mender(bucket, other) if repair else None
    return _Examination(bucket, mender, progress).run(model, verified or Verified())


class _Examination:
    """One run of `verify`: what was seen so far."""

    def __init__(self, bucket: Bucket, mender: Mender | None, progress: Progress) -> None:
        self._bucket = bucket
        self._mender = mender
        self._progress = progress
        self._problems: list[Problem] = []
        self._held: dict[Digest, Entry] = {}
        self._memos: list[str] = []
        self._reached: dict[Digest, Reference] = {}
        self._hashed = Hashed()
        self._lock = Lock()

    def run(self, model: str | None, verified: Verified) -> Findings:
        chains = Chains(self._bucket, self._mender)
        start = chains.start(model)
        self._take_stock(chains, report=model is None)
        if self._held or chains.names:
            self._check_mark()
        counted = self._follow(start, missing="dangling")
        if model is None:
            # Only what no journal leads to is left: without it a step runs again, no more.
            counted += self._follow(self._of_memos(), missing="stale")
        resumed = self._hash(self._held if model is None else self._reached, verified)
        found = [*self._problems, *chains.problems]
        return Findings(
            objects=self._hashed.objects,
            size=self._hashed.size,
            resumed=resumed,
            since=verified.since.isoformat(timespec="seconds") if resumed else None,
            journals=len(chains.names),
            entries=chains.entries,
            references=counted,
            repaired=self._mender.moved if self._mender else 0,
            problems=tuple(sorted(found, key=lambda p: (p.harmless, p.key, p.kind))),
        )

    def _take_stock(self, chains: Chains, *, report: bool) -> None:
        """One listing of everything: objects, memo entries, and what Assay did not make."""
        for entry in self._bucket.store.list("" if report else "objects/"):
            try:
                digest = Digest(entry.key.rpartition("/")[2])
            except ValueError:
                digest = None
            if digest and entry.key == key_of(digest):
                self._held[digest] = entry
            elif entry.key.startswith(MEMO):
                self._memos.append(entry.key)
            elif report and not _is_ours(entry.key) and not chains.has(entry.key):
                self._note("foreign", entry.key, "Assay did not make it")

    def _check_mark(self) -> None:
        if any(True for _ in self._bucket.store.list(MARK)):
            return
        what = "the file that says which format the bucket has is not there"
        if self._mender is None:
            self._note("format", MARK, f"{what}; --repair writes it anew")
        else:
            self._bucket.prepare()
            self._note("mended", MARK, f"{what}; written anew")

    def _of_memos(self) -> list[Reference]:
        def read(key: str) -> list[Reference]:
            try:
                return references.of_memo(self._bucket.store, key)
            except ValueError:
                self._note("stale", key, "it cannot be read; its step will run again")
                return []

        return [reference for found in concurrently(read, self._memos) for reference in found]

    def _follow(self, start: Iterable[Reference], missing: Kind) -> int:
        return references.follow(start, self._reached, partial(self._inside, missing))

    def _inside(self, missing: Kind, reference: Reference) -> list[Reference]:
        """Where an object leads on to, if it is there."""
        digest = reference.digest
        # Asked again because a writer may have put it since the listing.
        objects, what = self._bucket.objects, f"{_referrer(reference)} refers to it"
        if digest not in self._held and not objects.has(digest):
            if copy := self._trashed(digest):
                self._problems.append(self._in_trash(digest, what))
                return self._read(reference, lambda: self._bucket.store.get(copy))
            what = f"{what} ({_named(reference)}); it is not there"
            mended = self._mender.missing(digest, what) if self._mender else None
            self._problems.append(mended or Problem(missing, key_of(digest), what))
            if mended is None:
                return []
        return self._read(reference, lambda: objects.get(digest))

    def _trashed(self, digest: Digest) -> str | None:
        """The key of a sound copy in the trash."""
        for copy in self._bucket.objects.trashed(digest):
            with suppress(KeyAbsent), self._bucket.store.open(copy) as held:  # deleted since, maybe
                if Digest.of_stream(held) == digest:
                    return copy
        return None

    def _in_trash(self, digest: Digest, what: str) -> Problem:
        """It counts as there: whoever asks for it gets it, and the next collection puts it back."""
        if self._mender and self._bucket.objects.restore(digest):
            return Problem("mended", key_of(digest), f"{what}; taken out of the trash")
        return Problem("trash", key_of(digest), f"{what}; it is in the trash, where it is found")

    def _read(self, reference: Reference, read: Callable[[], bytes]) -> list[Reference]:
        if not reference.leads_on:
            return []
        digest = reference.digest
        try:
            return references.of_object(reference, read())
        except (ObjectCorrupt, ObjectMissing, StoreError):
            return []  # hashing it will tell
        except ValueError:
            what = f"{_referrer(reference)} calls it JSON, which it is not"
            self._note("unreadable", key_of(digest), what)
            return []

    def _hash(self, digests: Iterable[Digest], verified: Verified) -> int:
        """Read and hash what is there, the largest first; how many objects were known already."""
        wanted = sorted(
            (self._held[digest] for digest in digests if digest in self._held),
            key=lambda entry: (-entry.size, entry.key),
        )
        fresh = [entry for entry in wanted if not verified.knows(entry)]
        known, size = len(wanted) - len(fresh), sum(entry.size for entry in wanted)
        read = size - sum(entry.size for entry in fresh)
        self._hashed = Hashed(known, read, len(wanted), size)
        for entry, bad in zip(fresh, concurrently(self._examine, fresh), strict=True):
            if bad is None:
                verified.add(entry)
            else:
                self._problems.append(self._mended(entry, bad))
            self._count(objects=1)
        return known

    def _examine(self, entry: Entry) -> Problem | None:
        objects, digest, told = self._bucket.objects, _digest(entry), 0

        def count(size: int) -> None:
            nonlocal told
            told += size
            self._count(size=size)

        try:
            if entry.size <= _SMALL:
                objects.get(digest)
            else:
                objects.check(digest, count)
        except ObjectCorrupt as error:
            return Problem("corrupt", entry.key, error.what)
        except ObjectMissing:
            return None  # collected since the listing
        except StoreError as error:
            # One bad sector must not hide what else is wrong; a store that is gone must.
            if type(error) is not StoreError:
                raise
            return Problem("unreadable", entry.key, error.what)
        finally:
            self._count(size=entry.size - told)
        return None

    def _count(self, *, objects: int = 0, size: int = 0) -> None:
        if objects or size:
            with self._lock:
                done = self._hashed
                self._hashed = replace(done, objects=done.objects + objects, size=done.size + size)
                self._progress(self._hashed)

    def _mended(self, entry: Entry, bad: Problem) -> Problem:
        if self._mender is None or bad.kind != "corrupt":
            return bad
        return self._mender.corrupt(_digest(entry), bad)

    def _note(self, kind: Kind, key: str, what: str) -> None:
        self._problems.append(Problem(kind, key, what))


def _is_ours(key: str) -> bool:
    return key == MARK or key.startswith(_OURS)


def _digest(entry: Entry) -> Digest:
    return Digest(entry.key.rpartition("/")[2])


def _referrer(reference: Reference) -> str:
    return f"object {reference.by}" if reference.by.startswith("sha256:") else reference.by


def _named(reference: Reference) -> str:
    return f"{reference.media_type or 'object'} {reference.name}".strip()
