"""What `verify` may find."""

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
    "trash",
    "mended",
]


@dataclass(frozen=True, slots=True)
class BucketProblem:
    """One thing that does not fit. `key` names it in the store.

    `format`: what says the bucket's format is not there. `corrupt`: an object with other bytes
    than its name says. `unreadable`: the store fails to hand it out. `dangling`: something refers
    to it and it is not there. `chain`: a journal entry that does not follow. `signature`: a journal
    entry that was altered after it was signed, or is signed by a key unknown here. `clock`: a
    journal entry that says it is older than the one before it. `foreign`: a key that Assay did not
    make. `stale`: gone or wrong too, but only the memo or a checkpoint rests on it. `trash`: a
    collector moved it there when nothing referred to it yet; whoever asks for it gets it. `mended`:
    corrupt or gone, and there again.
    """

    kind: ProblemKind
    key: str
    what: str

    @property
    def harmless(self) -> bool:
        """Whether nothing rests on it: a stale step runs again, a foreign file lies by."""
        return self.kind in {"clock", "stale", "foreign", "trash", "mended"}


@dataclass(frozen=True, slots=True)
class BucketFindings:
    """What `verify` looked at, and what it found. `size` is in bytes; `resumed` of the objects
    were read by an interrupted verification that began at `since` (RFC 3339).
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
        """Whether everything that anything rests on is there and is what it says."""
        return all(problem.harmless for problem in self.problems)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "intact": self.intact}
