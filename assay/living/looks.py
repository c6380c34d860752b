"""Looks at a champion: what the earlier ones covered, what the next is about, whether it is due.

Every look is an entry `monitored` of the model's journal. Rows and labels are judged once, and
wait where they are too few. A look costs some of the false alarms that the use case accepts, so
that many looks together do not cost more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from assay import moments
from assay.artifacts import Artifact
from assay.batches import BatchHistory, BatchLedger, RefusedBatch, ScoredBatch
from assay.bucket import Bucket
from assay.config.living import MonitoringSettings
from assay.digest import Digest
from assay.errors import NoChampion, ReferenceUnknown
from assay.evidence.amounts import more_suffix
from assay.journal import JournalEntry
from assay.registry import Registry
from assay.versions import CHAMPION, MONITORED, ModelHistory, Version, fold_journal

_GRACE: Final = 0.5  # of the time between two batches, before one that is due counts as missed


class JudgedUpTo(BaseModel):
    """Up to which entry of the ledger rows and labels have been judged."""

    model_config = ConfigDict(frozen=True)

    rows: int = 0
    labels: int = 0


class PastLook(BaseModel):
    """An earlier look. `level`: what it spent of the accepted false alarms; None if it judged no
    predictions. `missed`: how many batches were missing since the entry `last`. `counted`: the
    object that says what was known of labels by then; safe to lose. `steps`: what its steps took.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    entry: int
    version: int
    look: int
    upto: int
    as_of: str
    verdict: str
    reasons: list[str]
    report: Artifact
    figures: dict[str, float]
    judged: JudgedUpTo = JudgedUpTo()
    level: float | None = None
    missed: int = 0
    last: int = 0
    counted: Digest | None = None
    steps: list[dict[str, Any]] = []

    @property
    def because(self) -> str:
        """Its first reason, which weighs most, and how many more the report has."""
        first = self.reasons[0] if self.reasons else "the last look says so"
        return first + more_suffix(len(self.reasons))

    @classmethod
    def of(cls, entry: JournalEntry) -> PastLook:
        return cls.model_validate({"as_of": entry.at, **entry.body, "entry": entry.number})


@dataclass(frozen=True)
class Look:
    """What the next look at a champion is about."""

    version: Version
    past: tuple[PastLook, ...]
    batches: BatchHistory
    as_of: datetime
    since: datetime  # the last batch came, or the champion is in use
    last: int  # the entry of that batch; 0 for none
    missed: int

    @property
    def number(self) -> int:
        return len(self.past) + 1

    @property
    def before(self) -> PastLook | None:
        return self.past[-1] if self.past else None

    @property
    def upto(self) -> int:
        """The ledger's length at the look before this one."""
        return self.before.upto if self.before else 0

    @property
    def judged(self) -> JudgedUpTo:
        return self.before.judged if self.before else JudgedUpTo()

    @property
    def served(self) -> tuple[ScoredBatch, ...]:
        """All batches that the champion answered."""
        return self.batches.by(self.version.number)

    @property
    def waiting(self) -> tuple[ScoredBatch, ...]:
        """Those whose rows no look has judged."""
        return tuple(s for s in self.served if s.number > self.judged.rows)

    @property
    def arrived(self) -> tuple[ScoredBatch, ...]:
        """Those that came since the last look."""
        return tuple(s for s in self.served if s.number > self.upto)

    @property
    def refused(self) -> tuple[RefusedBatch, ...]:
        return tuple(r for r in self.batches.refused if r.number > self.upto)

    def level(self, ask: MonitoringSettings) -> float:
        """The k-th look that judges predictions has `false_alarms` / (k (k + 1)), which adds up
        to `false_alarms` however many follow (a spending function: Lan & DeMets 1983).
        """
        k = 1 + sum(past.level is not None for past in self.past)
        return ask.false_alarms / (k * (k + 1))

    @property
    def told(self) -> bool:
        """Whether all that is missing was told before."""
        told = self.before.missed if self.before and self.before.last == self.last else 0
        return self.missed <= told

    @property
    def idle(self) -> bool:
        """Whether nothing happened since the last look."""
        return self.batches.length <= self.upto and self.told


def past_looks(history: ModelHistory, version: int) -> tuple[PastLook, ...]:
    """The looks that were taken at a version, in order."""
    entries = (e for e in history.entries if e.kind == MONITORED)
    return tuple(PastLook.of(e) for e in entries if e.body["version"] == version)


def next_look(bucket: Bucket, model: str, ask: MonitoringSettings, as_of: datetime) -> Look:
    """What there is to look at. Raises NoChampion where there was none yet, ReferenceUnknown where
    there is none any more, ChainBroken.
    """
    history = Registry(bucket).history(model)
    champion = history.champion
    if champion is None:
        kind = ReferenceUnknown if history.served else NoChampion
        raise kind(
            f"{model!r} has no champion to watch",
            where=bucket.root,
            remedy=f"See `assay log {model}`; make one with `assay run` or `assay promote`.",
        )
    past, batches = past_looks(history, champion.number), BatchLedger(bucket, model).read()
    came = [
        (moments.parse_timestamp(s.as_of), s.number) for s in batches.scored if s.role == "served"
    ]
    # Without a batch yet, the first is due from when the champion is in use.
    since, last = max(came) if came else (_champion_since(history), 0)
    return Look(champion, past, batches, as_of, since, last, _count_missed(since, as_of, ask))


def _champion_since(history: ModelHistory) -> datetime:
    points = [e for e in history.entries if e.body.get("alias") == CHAMPION]
    return moments.entry_timestamp(points[-1])


def _count_missed(last: datetime, as_of: datetime, ask: MonitoringSettings) -> int:
    """Batches that were due since the last one. One is missed half its time after it was due."""
    if ask.due is None:
        return 0
    return max(int((as_of - last).total_seconds() / ask.due - _GRACE), 0)


def append_look(bucket: Bucket, look: Look, body: Mapping[str, Any]) -> JournalEntry | None:
    """Append the look, once. None if meanwhile another took it, or the champion is another."""
    model = look.version.model

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        history = fold_journal(model, entries)
        champion = history.champion
        if champion is None or champion.number != look.version.number:
            return None
        if len(past_looks(history, champion.number)) != len(look.past):
            return None
        return MONITORED, dict(body)

    return bucket.journal(model).append(decide)


def describe_look_conflict(bucket: Bucket, look: Look) -> str:
    """Why `append_look` declined."""
    champion = Registry(bucket).history(look.version.model).champion
    if champion is None:
        return f"{look.version.name} is no longer champion, and nobody is: nothing was counted"
    if champion.number != look.version.number:
        return f"{champion.name} became champion meanwhile: nothing was counted; look again"
    return f"look {look.number} at {look.version.name} was taken by another monitor meanwhile"
