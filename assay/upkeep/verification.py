"""Verifies a bucket: whether every object matches its name, and every journal its chain.

It reads and hashes every object, follows every journal's chain, and checks that whatever a journal,
a pin, a memo entry or a JSON object refers to is there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from threading import Lock

from assay.bucket.bucket import MARKER_KEY, Bucket
from assay.bucket.digest import Digest
from assay.bucket.memo import MEMO_PREFIX as MEMO
from assay.bucket.objects import QUARANTINE_PREFIX, TRASH_PREFIX, object_key
from assay.errors import KeyAbsent, ObjectCorrupt, ObjectMissing, PeopleUntrusted, StoreError
from assay.store.base import StoreEntry
from assay.upkeep import references
from assay.upkeep.journal_audit import JournalAudit
from assay.upkeep.problems import BucketFindings, BucketProblem, ProblemKind
from assay.upkeep.references import ObjectReference
from assay.upkeep.repair import BucketRepair
from assay.upkeep.verified_objects import VerifiedObjects
from assay.util.concurrency import ordered_map

_MAX_WHOLE_READ = 1 << 20  # bytes; what is larger is read in blocks
# What Assay keeps besides objects and journals; the last two are there for moments only.
_ASSAY_PREFIXES = (MEMO, QUARANTINE_PREFIX, TRASH_PREFIX, "clock/", "doctor/")


@dataclass(frozen=True, slots=True)
class HashingProgress:
    """How many objects `verify_bucket` has read so far. Sizes in bytes."""

    objects: int = 0
    size: int = 0
    of_objects: int = 0
    of_size: int = 0


HashingCallback = Callable[[HashingProgress], None]


def verify_bucket(
    bucket: Bucket,
    *,
    model: str | None = None,
    repair: bool = False,
    other: Bucket | None = None,
    verified: VerifiedObjects | None = None,
    progress: HashingCallback = lambda _hashed: None,
) -> BucketFindings:
    """Examine a bucket. With `model`, examine only that model's journals and what they refer to, or
    what one version (`income@3`) refers to.

    Deletes nothing. With `repair`, corrupt objects move to `quarantine/`, so that a run of the use
    case can write the right ones. With an `other` bucket, corrupt and missing objects are copied
    from it and verified. Objects in `verified` are not read again; sound ones are added to it.
    Raises ReferenceUnknown for a model without a journal, StoreDenied, StoreUnreachable.
    """
    mender = BucketRepair(bucket, other) if repair else None
    return _Verification(bucket, mender, progress).run(model, verified or VerifiedObjects())


class _Verification:
    """One run of `verify_bucket`, and its findings so far."""

    def __init__(
        self, bucket: Bucket, mender: BucketRepair | None, progress: HashingCallback
    ) -> None:
        self._bucket = bucket
        self._mender = mender
        self._progress = progress
        self._problems: list[BucketProblem] = []
        self._held: dict[Digest, StoreEntry] = {}
        self._memos: list[str] = []
        self._reached: dict[Digest, ObjectReference] = {}
        self._hashed = HashingProgress()
        self._lock = Lock()

    def run(self, model: str | None, verified: VerifiedObjects) -> BucketFindings:
        chains = JournalAudit(self._bucket, self._mender)
        start = chains.examine_journals(model)
        self._take_stock(chains, report=model is None)
        if self._held or chains.names:
            self._check_mark()
        counted = self._follow_references(start, missing="dangling")
        if model is None:
            # Only what no journal leads to is left: without it a step runs again, no more.
            counted += self._follow_references(self._memo_references(), missing="stale")
        resumed = self._hash(self._held if model is None else self._reached, verified)
        found = [*self._problems, *chains.problems]
        return BucketFindings(
            objects=self._hashed.objects,
            size=self._hashed.size,
            resumed=resumed,
            since=verified.since.isoformat(timespec="seconds") if resumed else None,
            journals=len(chains.names),
            entries=chains.entries,
            references=counted,
            repaired=self._mender.moved_count if self._mender else 0,
            problems=tuple(sorted(found, key=lambda p: (p.harmless, p.key, p.kind))),
        )

    def _take_stock(self, chains: JournalAudit, *, report: bool) -> None:
        """List everything once: objects, memo entries, and keys that Assay did not make."""
        for entry in self._bucket.store.list("" if report else "objects/"):
            try:
                digest = Digest(entry.key.rpartition("/")[2])
            except ValueError:
                digest = None
            if digest and entry.key == object_key(digest):
                self._held[digest] = entry
            elif entry.key.startswith(MEMO):
                self._memos.append(entry.key)
            elif report and not _is_ours(entry.key) and not chains.has_key(entry.key):
                self._add_problem("foreign", entry.key, "Assay did not make it")

    def _check_mark(self) -> None:
        if any(True for _ in self._bucket.store.list(MARKER_KEY)):
            return
        what = "the file that says which format the bucket has is not there"
        if self._mender is None:
            self._add_problem("format", MARKER_KEY, f"{what}; --repair writes it anew")
        else:
            self._bucket.prepare()
            self._add_problem("mended", MARKER_KEY, f"{what}; written anew")

    def _memo_references(self) -> list[ObjectReference]:
        def read(key: str) -> list[ObjectReference]:
            if why := self._explain_refusal(key):
                what = f"{why}; no run uses it, and `assay gc` removes it"
                self._add_problem("ignored", key, what)
                return []
            try:
                return references.memo_references(self._bucket.store, key)
            except ValueError:
                self._add_problem("stale", key, "it cannot be read; its step will run again")
                return []

        return [reference for found in ordered_map(read, self._memos) for reference in found]

    def _explain_refusal(self, key: str) -> str | None:
        try:
            return self._bucket.memo.explain_name_refusal(key)
        except PeopleUntrusted:
            return None  # which the audit of the people names already

    def _follow_references(self, start: Iterable[ObjectReference], missing: ProblemKind) -> int:
        return references.follow_references(
            start, self._reached, partial(self._references_in, missing)
        )

    def _references_in(
        self, missing: ProblemKind, reference: ObjectReference
    ) -> list[ObjectReference]:
        """What an object refers to, if it is there."""
        digest = reference.digest
        # Asked again because a writer may have put it since the listing.
        objects, what = self._bucket.objects, f"{_describe_referrer(reference)} refers to it"
        if digest not in self._held and not objects.has(digest):
            if copy := self._find_in_trash(digest):
                self._problems.append(self._trash_problem(digest, what))
                return self._read(reference, lambda: self._bucket.store.get(copy))
            what = f"{what} ({_describe_object(reference)}); it is not there"
            mended = self._mender.copy_missing(digest, what) if self._mender else None
            self._problems.append(mended or BucketProblem(missing, object_key(digest), what))
            if mended is None:
                return []
        return self._read(reference, lambda: objects.get(digest))

    def _find_in_trash(self, digest: Digest) -> str | None:
        """The key of a sound copy in the trash."""
        for copy in self._bucket.objects.trash_keys(digest):
            with suppress(KeyAbsent), self._bucket.store.open(copy) as held:  # deleted since, maybe
                if Digest.of_stream(held) == digest:
                    return copy
        return None

    def _trash_problem(self, digest: Digest, message: str) -> BucketProblem:
        """An object in the trash counts as there: whoever asks for it gets it, and the next
        collection puts it back.
        """
        if self._mender and self._bucket.objects.restore(digest):
            return BucketProblem("mended", object_key(digest), f"{message}; taken out of the trash")
        return BucketProblem(
            "trash", object_key(digest), f"{message}; it is in the trash, where it is found"
        )

    def _read(
        self, reference: ObjectReference, reader: Callable[[], bytes]
    ) -> list[ObjectReference]:
        if not reference.leads_on:
            return []
        digest = reference.digest
        try:
            return references.object_references(reference, reader())
        except (ObjectCorrupt, ObjectMissing, StoreError):
            return []  # hashing it will tell
        except ValueError:
            what = f"{_describe_referrer(reference)} calls it JSON, which it is not"
            self._add_problem("unreadable", object_key(digest), what)
            return []

    def _hash(self, digests: Iterable[Digest], verified: VerifiedObjects) -> int:
        """Read and hash the objects, the largest first; returns how many were known already."""
        wanted = sorted(
            (self._held[digest] for digest in digests if digest in self._held),
            key=lambda entry: (-entry.size, entry.key),
        )
        fresh = [entry for entry in wanted if not verified.knows(entry)]
        known, size = len(wanted) - len(fresh), sum(entry.size for entry in wanted)
        read = size - sum(entry.size for entry in fresh)
        self._hashed = HashingProgress(known, read, len(wanted), size)
        for entry, bad in zip(fresh, ordered_map(self._examine, fresh), strict=True):
            if bad is None:
                verified.add(entry)
            else:
                self._problems.append(self._repair_object(entry, bad))
            self._count(objects=1)
        return known

    def _examine(self, entry: StoreEntry) -> BucketProblem | None:
        objects, digest, told = self._bucket.objects, _entry_digest(entry), 0

        def count(size: int) -> None:
            nonlocal told
            told += size
            self._count(size=size)

        try:
            if entry.size <= _MAX_WHOLE_READ:
                objects.get(digest)
            else:
                objects.verify(digest, count)
        except ObjectCorrupt as error:
            return BucketProblem("corrupt", entry.key, error.what)
        except ObjectMissing:
            if not any(True for _ in self._bucket.store.list(entry.key)):
                return None  # collected since the listing
            return BucketProblem("unreadable", entry.key, "what lies there is no regular file")
        except StoreError as error:
            # One bad sector must not hide what else is wrong; a store that is gone must.
            if type(error) is not StoreError:
                raise
            return BucketProblem("unreadable", entry.key, error.what)
        finally:
            self._count(size=entry.size - told)
        return None

    def _count(self, *, objects: int = 0, size: int = 0) -> None:
        if objects or size:
            with self._lock:
                done = self._hashed
                self._hashed = replace(done, objects=done.objects + objects, size=done.size + size)
                self._progress(self._hashed)

    def _repair_object(self, entry: StoreEntry, bad: BucketProblem) -> BucketProblem:
        if self._mender is None or bad.kind != "corrupt":
            return bad
        return self._mender.replace_corrupt(_entry_digest(entry), bad)

    def _add_problem(self, kind: ProblemKind, key: str, message: str) -> None:
        self._problems.append(BucketProblem(kind, key, message))


def _is_ours(key: str) -> bool:
    return key == MARKER_KEY or key.startswith(_ASSAY_PREFIXES)


def _entry_digest(entry: StoreEntry) -> Digest:
    return Digest(entry.key.rpartition("/")[2])


def _describe_referrer(reference: ObjectReference) -> str:
    return (
        f"object {reference.referrer}"
        if reference.referrer.startswith("sha256:")
        else reference.referrer
    )


def _describe_object(reference: ObjectReference) -> str:
    return f"{reference.media_type or 'object'} {reference.name}".strip()
