"""Is everything in a bucket what its name and its history say?

Every object is read and hashed again; every journal's chain is followed; and whatever a journal,
a memo entry or a JSON object refers to must be there.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, Literal

from assay import canonical
from assay.artifacts import descriptors, digest_within
from assay.bucket import Bucket
from assay.digest import Digest
from assay.errors import (
    ChainBroken,
    IntegrityError,
    KeyAbsent,
    ObjectCorrupt,
    ObjectMissing,
    ReferenceUnknown,
    StoreError,
    nearest,
)
from assay.journal import PREFIX as JOURNALS
from assay.journal import is_entry
from assay.memo import PREFIX as MEMO
from assay.objects import concurrently, key_of

_SMALL = 8 << 20  # bytes; what is larger is read in blocks

# The objects and the bytes hashed so far.
Progress = Callable[[int, int], None]

Kind = Literal["corrupt", "unreadable", "dangling", "chain", "foreign", "stale", "mended"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that does not fit. `key` names it in the store.

    `corrupt`: an object with other bytes than its name says. `unreadable`: the store fails to
    hand it out. `dangling`: something refers to it and it is not there. `chain`: a journal entry
    that does not follow. `foreign`: a key that Assay did not make. `stale`: gone too, but only
    the memo refers to it. `mended`: corrupt or gone, and copied from another bucket.
    """

    kind: Kind
    key: str
    what: str

    @property
    def harmless(self) -> bool:
        """Whether nothing rests on it: a stale step runs again, a foreign file lies by."""
        return self.kind in {"stale", "foreign", "mended"}


@dataclass(frozen=True, slots=True)
class Findings:
    """What `verify` looked at, and what it found. `size` is in bytes."""

    objects: int
    size: int
    journals: int
    entries: int
    references: int
    repaired: int
    problems: tuple[Problem, ...]

    @property
    def intact(self) -> bool:
        """Whether everything that anything rests on is there and is what it says."""
        return all(problem.harmless for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "intact": self.intact}


def verify(
    bucket: Bucket,
    *,
    model: str | None = None,
    repair: bool = False,
    other: Bucket | None = None,
    progress: Progress = lambda _objects, _size: None,
) -> Findings:
    """Examine a bucket; with `model`, only that model's journal and what it leads to.

    Deletes nothing. With `repair`, corrupt objects are moved aside (their bytes kept under
    `quarantine/`), so that running the use case again can put the right ones in their place;
    with an `other` bucket, these and the missing ones are copied from it, verified.
    Raises ReferenceUnknown for a model without a journal, StoreDenied, StoreUnreachable.
    """
    return _Examination(bucket, repair, other, progress).run(model)


# A reference, and who makes it.
_Reference = tuple[dict[str, Any], str]


class _Examination:
    """One run of `verify`: what was seen so far."""

    def __init__(
        self, bucket: Bucket, repair: bool, other: Bucket | None, progress: Progress
    ) -> None:
        self._bucket = bucket
        self._repair = repair
        self._other = other
        self._progress = progress
        self._problems: list[Problem] = []
        self._sizes: dict[Digest, int] = {}
        self._reached: set[Digest] = set()
        self._entries = self._references = self._repaired = 0
        self._hashed = self._hashed_size = 0

    def run(self, model: str | None) -> Findings:
        models = self._models(model)
        self._take_stock(report=model is None)
        self._follow([r for name in models for r in self._journal(name)], missing="dangling")
        if model is None:
            # Only what no journal leads to is left: without it a step runs again, no more.
            self._follow(self._memos(), missing="stale")
        self._hash(list(self._sizes) if model is None else sorted(self._reached))
        return Findings(
            objects=self._hashed,
            size=self._hashed_size,
            journals=len(models),
            entries=self._entries,
            references=self._references,
            repaired=self._repaired,
            problems=tuple(sorted(self._problems, key=lambda p: (p.harmless, p.key, p.kind))),
        )

    def _models(self, model: str | None) -> list[str]:
        known = self._bucket.journals()
        if model is None:
            return known
        if model not in known:
            near = nearest(model, known)
            raise ReferenceUnknown(
                f"no model is called {model!r}",
                where=self._bucket.root,
                remedy=f"Did you mean {near!r}?" if near else "`assay log` lists the models.",
            )
        return [model]

    def _take_stock(self, *, report: bool) -> None:
        for entry in self._bucket.objects.entries():
            try:
                digest = Digest(entry.key.rpartition("/")[2])
            except ValueError:
                digest = None
            if digest and entry.key == key_of(digest):
                self._sizes[digest] = entry.size
            elif report:
                self._note("foreign", entry.key, "it is not named like an object")

    def _journal(self, model: str) -> list[_Reference]:
        """Check one chain; what its entries refer to."""
        folder = f"{JOURNALS}{model}/"
        for held in self._bucket.store.list(folder):
            if not is_entry(held.key.removeprefix(folder)):
                self._note("foreign", held.key, "it is not named like a journal entry")
        try:
            entries = self._bucket.journal(model).entries()
        except ChainBroken as error:
            self._note("chain", folder, error.what)
            return []
        self._entries += len(entries)
        return [
            (found, f"entry {entry.number} of the journal of {model}")
            for entry in entries
            for found in descriptors(entry.body)
        ]

    def _memos(self) -> list[_Reference]:
        """What memo entries refer to."""
        store = self._bucket.store
        keys = [entry.key for entry in store.list(MEMO)]

        def read(key: str) -> list[_Reference]:
            try:
                return [
                    (d, f"memo entry {key}") for d in descriptors(canonical.load(store.get(key)))
                ]
            except KeyAbsent:
                return []  # forgotten since the listing
            except ValueError:
                self._note("stale", key, "it cannot be read; its step will run again")
                return []

        return [reference for found in concurrently(read, keys) for reference in found]

    def _follow(self, references: list[_Reference], missing: Kind) -> None:
        """Go from reference to reference, level by level, through JSON objects."""
        while references:
            self._references += len(references)
            fresh: dict[Digest, _Reference] = {}
            for found, who in references:
                digest = digest_within(found)
                if digest and digest not in self._reached:
                    fresh.setdefault(digest, (found, who))
            self._reached |= fresh.keys()
            inner = concurrently(partial(self._within, missing), fresh.items())
            references = [reference for found in inner for reference in found]

    def _within(self, missing: Kind, reached: tuple[Digest, _Reference]) -> list[_Reference]:
        digest, (found, who) = reached
        # Asked again because a writer may have put it since the listing.
        if digest not in self._sizes and not self._bucket.objects.has(digest):
            kind = f"{found.get('media_type', 'object')} {found.get('name', '')}".strip()
            what = f"{who} refers to it ({kind}); it is not there"
            mended = self._copied(digest, what)
            self._problems.append(mended or Problem(missing, key_of(digest), what))
            if mended is None:
                return []
        if not str(found.get("media_type", "")).endswith("json"):
            return []
        try:
            value = canonical.load(self._bucket.objects.get(digest))
        except (ObjectCorrupt, ObjectMissing, StoreError):
            return []  # hashing it will tell
        except ValueError:
            self._note("unreadable", key_of(digest), f"{who} calls it JSON, which it is not")
            return []
        return [(inner, f"object {digest}") for inner in descriptors(value)]

    def _hash(self, digests: Iterable[Digest]) -> None:
        wanted = [digest for digest in digests if digest in self._sizes]
        for digest, bad in zip(wanted, concurrently(self._examine, wanted), strict=True):
            self._hashed += 1
            self._hashed_size += self._sizes[digest]
            if bad is not None:
                self._problems.append(self._mended(digest, bad))
            self._progress(self._hashed, self._hashed_size)

    def _examine(self, digest: Digest) -> Problem | None:
        objects, key = self._bucket.objects, key_of(digest)
        try:
            (objects.get if self._sizes[digest] <= _SMALL else objects.check)(digest)
        except ObjectCorrupt as error:
            return Problem("corrupt", key, error.what)
        except ObjectMissing:
            return None  # collected since the listing
        except StoreError as error:
            # One bad sector must not hide what else is wrong; a store that is gone must.
            if type(error) is not StoreError:
                raise
            return Problem("unreadable", key, error.what)
        return None

    def _mended(self, digest: Digest, bad: Problem) -> Problem:
        if not self._repair or bad.kind != "corrupt":
            return bad
        aside = self._bucket.objects.quarantine(digest)
        self._repaired += 1
        what = f"{bad.what}; moved to {aside}"
        return self._copied(digest, what) or Problem(bad.kind, bad.key, what)

    def _copied(self, digest: Digest, what: str) -> Problem | None:
        """Take the object from the other bucket, if there is one and it has it unharmed."""
        if not self._repair or self._other is None:
            return None
        try:
            with self._other.objects.open(digest) as source, NamedTemporaryFile() as copy:
                shutil.copyfileobj(source, copy)
                copy.flush()
                self._bucket.objects.put_file(Path(copy.name))
        except IntegrityError:
            return None
        return Problem("mended", key_of(digest), f"{what}; copied from {self._other.root}")

    def _note(self, kind: Kind, key: str, what: str) -> None:
        self._problems.append(Problem(kind, key, what))
