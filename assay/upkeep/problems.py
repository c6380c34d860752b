"""The problems that `verify` finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

ProblemKind = Literal[
    "format",
    "corrupt",
    "unreadable",
    "dangling",
    "chain",
    "signature",
    "clock",
    "foreign",
    "stale",
    "ignored",
    "trash",
    "mended",
]


@dataclass(frozen=True, slots=True)
class BucketProblem:
    """One problem. `key` names its place in the store.

    `format`: the file that states the bucket's format is missing. `corrupt`: an object whose bytes
    do not match its name. `unreadable`: the store fails to read it. `dangling`: something refers to
    it, and it is missing. `chain`: a journal entry that does not follow. `signature`: a journal
    entry that was altered after it was signed, or is signed by a key unknown here. `clock`: a
    journal entry that says it is older than the one before it. `foreign`: a key that Assay did not
    make. `stale`: missing or wrong too, but only the memo or a checkpoint needs it. `ignored`: a
    memo entry that nobody signed who may run use cases, where signatures are required. `trash`: a
    collector moved it there before anything referred to it; whoever asks for it gets it. `mended`:
    was corrupt or missing, and is whole again.
    """

    kind: ProblemKind
    key: str
    what: str

    @property
    def harmless(self) -> bool:
        """Whether nothing depends on it: a stale step runs again, a foreign file is ignored."""
        return self.kind in {"clock", "stale", "ignored", "foreign", "trash", "mended"}


@dataclass(frozen=True, slots=True)
class BucketFindings:
    """What `verify` examined and found. `size` is in bytes. An interrupted verification that began
    at `since` (RFC 3339) had read `resumed` of the objects.
    """

    objects: int
    size: int
    resumed: int
    since: str | None
    journals: int
    entries: int
    references: int
    repaired: int
    problems: tuple[BucketProblem, ...]

    @property
    def intact(self) -> bool:
        """Whether everything that something depends on is there and matches its name."""
        return all(problem.harmless for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "intact": self.intact}
