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

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import Journal, JournalEntry, entry_timestamp
from assay.config.production import MonitoringSettings
from assay.errors import NoChampion, ReferenceUnknown
from assay.gates.monitoring.facts import Lack
from assay.registry.batch_ledger import BatchHistory, BatchLedger, RefusedBatch, ScoredBatch
from assay.registry.history import CHAMPION, MONITORED, ModelHistory, Version, fold_journal
from assay.registry.registry import Registry
from assay.util import clock
from assay.util.wording import more_suffix

_GRACE: Final = 0.5  # of the time between two batches, before one that is due counts as missed


class JudgedUpTo(BaseModel):
    """Up to which entry of the ledger rows and labels have been judged."""

    model_config = ConfigDict(frozen=True)

    rows: int = 0
    labels: int = 0


class PastLook(BaseModel):
    """An earlier look. `level`: what it spent of the accepted false alarms; None if it judged no
    predictions. `missed`: how many batches were missing since the entry `last`. `counted`: the
    object that says what was known of labels by then; safe to lose. `lacks`: how far realised
    performance lay below what was expected, by check; None where looks left no evidence yet.
    `steps`: what its steps took. `quiet`: it was taken of the past, and asks for nothing.
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
    lacks: dict[str, Lack] | None = None
    steps: list[dict[str, Any]] = []
    quiet: bool = False

    @property
    def main_reason(self) -> str:
        """Its first reason, which weighs most, and how many more the report has."""
        first = self.reasons[0] if self.reasons else "the last look says so"
        return first + more_suffix(len(self.reasons))

    @classmethod
    def from_entry(cls, entry: JournalEntry) -> PastLook:
        return cls.model_validate({"as_of": entry.at, **entry.body, "entry": entry.number})


@dataclass(frozen=True)
class Look:
    """What the next look at a champion is about."""

    version: Version
    past_looks: tuple[PastLook, ...]
    batches: BatchHistory
    as_of: datetime
    last_batch_at: datetime  # the last batch came, or the champion is in use
    last_batch_entry: int  # the entry of that batch; 0 for none
    missed_batches: int

    @property
    def number(self) -> int:
        return len(self.past_looks) + 1

    @property
    def previous(self) -> PastLook | None:
        return self.past_looks[-1] if self.past_looks else None

    @property
    def previous_length(self) -> int:
        """The ledger's length at the look before this one."""
        return self.previous.upto if self.previous else 0

    @property
    def judged_up_to(self) -> JudgedUpTo:
        return self.previous.judged if self.previous else JudgedUpTo()

    @property
    def served_batches(self) -> tuple[ScoredBatch, ...]:
        """All batches that the champion answered."""
        return self.batches.scored_by(self.version.number)

    @property
    def waiting_batches(self) -> tuple[ScoredBatch, ...]:
        """Those whose rows no look has judged."""
        return tuple(s for s in self.served_batches if s.number > self.judged_up_to.rows)

    @property
    def new_batches(self) -> tuple[ScoredBatch, ...]:
        """Those that came since the last look."""
        return tuple(s for s in self.served_batches if s.number > self.previous_length)

    @property
    def new_refusals(self) -> tuple[RefusedBatch, ...]:
        return tuple(r for r in self.batches.refused_batches if r.number > self.previous_length)

    def false_alarm_level(self, monitor: MonitoringSettings) -> float:
        """The k-th look that judges predictions has `false_alarms` / (k (k + 1)), which adds up
        to `false_alarms` however many follow (a spending function: Lan & DeMets 1983).
        """
        k = 1 + sum(past.level is not None for past in self.past_looks)
        return monitor.false_alarms / (k * (k + 1))

    def evidence_level(self, monitor: MonitoringSettings) -> float:
        """What evidence over looks may spend in all: half of what looks had not spent before they
        left any."""
        alone = sum(p.level is not None and p.lacks is None for p in self.past_looks)
        return monitor.false_alarms / (alone + 1) / 2

    @property
    def missed_reported(self) -> bool:
        """Whether all that is missing was told before."""
        told = (
            self.previous.missed
            if self.previous and self.previous.last == self.last_batch_entry
            else 0
        )
        return self.missed_batches <= told

    @property
    def is_idle(self) -> bool:
        """Whether nothing happened since the last look."""
        return self.batches.length <= self.previous_length and self.missed_reported


def past_looks(history: ModelHistory, version: int) -> tuple[PastLook, ...]:
    """The looks that were taken at a version, in order."""
    entries = (e for e in history.entries if e.kind == MONITORED)
    return tuple(PastLook.from_entry(e) for e in entries if e.body["version"] == version)


def next_look(bucket: Bucket, model: str, monitor: MonitoringSettings, as_of: datetime) -> Look:
    """What there is to look at. Raises NoChampion where there was none yet, ReferenceUnknown where
    there is none any more, ChainBroken.
    """
    history = Registry(bucket).history(model)
    champion = history.champion
    if champion is None:
        kind = ReferenceUnknown if history.served_versions else NoChampion
        raise kind(
            f"{model!r} has no champion to watch",
            where=bucket.root,
            remedy=f"See `assay log {model}`; make one with `assay run` or `assay promote`.",
        )
    past, batches = past_looks(history, champion.number), BatchLedger(bucket, model).read()
    came = [
        (clock.parse_timestamp(s.as_of), s.number)
        for s in batches.scored_batches
        if s.role == "served"
    ]
    # Without a batch yet, the first is due from when the champion is in use.
    since, last = max(came) if came else (_champion_since(history), 0)
    return Look(champion, past, batches, as_of, since, last, _count_missed(since, as_of, monitor))


def _champion_since(history: ModelHistory) -> datetime:
    points = [e for e in history.entries if e.body.get("alias") == CHAMPION]
    return entry_timestamp(points[-1])


def _count_missed(last: datetime, as_of: datetime, ask: MonitoringSettings) -> int:
    """Batches that were due since the last one. One is missed half its time after it was due."""
    if ask.due is None:
        return 0
    return max(int((as_of - last).total_seconds() / ask.due - _GRACE), 0)


def append_look(bucket: Bucket, look: Look, body: Mapping[str, Any]) -> JournalEntry | None:
    """Append the look, once. None if meanwhile another took it, or the champion is another."""
    model = look.version.model

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        history = fold_journal(bucket, model, entries)
        champion = history.champion
        if champion is None or champion.number != look.version.number:
            return None
        if len(past_looks(history, champion.number)) != len(look.past_looks):
            return None
        return MONITORED, dict(body)

    return Journal(bucket, model).append(decide)


def describe_look_conflict(bucket: Bucket, look: Look) -> str:
    """Why `append_look` declined."""
    champion = Registry(bucket).history(look.version.model).champion
    if champion is None:
        return f"{look.version.name} is no longer champion, and nobody is: nothing was counted"
    if champion.number != look.version.number:
        return f"{champion.name} became champion meanwhile: nothing was counted; look again"
    return f"look {look.number} at {look.version.name} was taken by another monitor meanwhile"
