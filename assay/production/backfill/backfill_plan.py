"""What a backfill would do, step by step, before any of it is done.

Each day with unscored batches is scored as of the moment at which its scheduled flow would have run
last, and a look follows at the monitor's next due moment. The plan is made from the bucket alone,
so a backfill that was killed is planned again and goes on: what the ledger holds is left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from statistics import median
from typing import Any, Literal

from assay.bucket.bucket import Bucket
from assay.config.due_moments import first_moment, last_moment
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import AssayError, ConfigError
from assay.production.backfill.batch_dates import (
    DatedBatch,
    DateOrigin,
    date_batches,
    source_day,
)
from assay.production.backfill.past_champion import champion_at
from assay.production.labels.label_import import label_sources
from assay.production.monitoring.look import next_look
from assay.production.scoring.incoming_batch import QUERY, IncomingBatch, list_batches
from assay.production.scoring.loaded_version import PriorScores, resolve_reference
from assay.registry.batch_ledger import BatchLedger
from assay.registry.history import Version
from assay.registry.registry import Registry
from assay.util import clock
from assay.util.wording import format_count

ScoringChampion = Literal["now", "then"]

_FLOW_SECONDS = 4.0  # what a run of a flow takes beyond its steps, for the estimate
_SAMPLE = 50  # earlier batches and looks that the estimate is made from


@dataclass(frozen=True)
class BackfillRequest:
    """What a person asks for: days from `first` to `last`, both included."""

    first: date
    last: date
    look: bool = True
    champion: ScoringChampion = "now"
    dated_by: DateOrigin | None = None
    most: int = 100

    def check(self, today: date) -> None:
        """Raise ConfigError for days that are not in order, or still to come."""
        if self.first > self.last:
            what = f"{self.first} is after {self.last}"
            raise ConfigError(what, where="--from, --to", remedy="Give the earlier day first.")
        if self.last > today:
            raise ConfigError(
                f"{self.last} is still to come", where="--to", remedy=f"End at {today}, or earlier."
            )


@dataclass(frozen=True)
class ScoringStep:
    """Batches of one day to score as of a moment with one version."""

    as_of: datetime
    day: date
    version: Version
    batches: tuple[IncomingBatch, ...]

    def describe(self) -> str:
        batches = format_count(len(self.batches), "batch")
        when = clock.display_timestamp(self.as_of)
        return f"{self.day}: {batches} by {self.version.name}, as of {when}"


@dataclass(frozen=True)
class LookStep:
    """A look as of a moment. `label_files`: those of labels.source that had come by then; None for
    a source without files, which is read as it is now.
    """

    as_of: datetime
    label_files: tuple[str, ...] | None

    def describe(self) -> str:
        return f"a look as of {clock.display_timestamp(self.as_of)}"


@dataclass(frozen=True)
class BackfillPlan:
    """The steps in order, and what is left out: `known` batches were scored before, `undated` have
    no day, on the days of those `without_champion` there was none, `left` are for another call.
    `looks_left`: looks that are still to come, which the monitor takes. `seconds`: about how long
    it takes; None where nothing was scored yet.
    """

    use_case: str
    request: BackfillRequest
    dated_by: DateOrigin
    steps: tuple[ScoringStep | LookStep, ...]
    known: int
    undated: tuple[str, ...]
    without_champion: int
    left: int
    looks_left: int
    seconds: float | None
    notes: tuple[str, ...] = ()

    @property
    def scoring_steps(self) -> tuple[ScoringStep, ...]:
        return tuple(step for step in self.steps if isinstance(step, ScoringStep))

    @property
    def looks(self) -> int:
        return sum(isinstance(step, LookStep) for step in self.steps)

    @property
    def batches(self) -> int:
        """The number of batches to score."""
        return sum(len(step.batches) for step in self.scoring_steps)

    def as_json(self) -> dict[str, Any]:
        return {
            "use_case": self.use_case,
            "from": self.request.first.isoformat(),
            "to": self.request.last.isoformat(),
            "dated_by": self.dated_by,
            "champion": self.request.champion,
            "days": [
                {
                    "day": step.day.isoformat(),
                    "as_of": clock.format_timestamp(step.as_of),
                    "model": step.version.name,
                    "batches": [batch.name for batch in step.batches],
                }
                for step in self.scoring_steps
            ],
            "looks": [
                clock.format_timestamp(step.as_of)
                for step in self.steps
                if isinstance(step, LookStep)
            ],
            "known": self.known,
            "undated": list(self.undated),
            "without_champion": self.without_champion,
            "left": self.left,
            "looks_left": self.looks_left,
            "seconds": self.seconds,
            "notes": list(self.notes),
        }


def plan_backfill(
    bucket: Bucket, written: LoadedUseCase, request: BackfillRequest, now: datetime
) -> BackfillPlan:
    """The plan as of now. Raises ConfigError for what cannot be backfilled, NoChampion,
    ReferenceUnknown, SourceError, StoreUnreachable, ChainBroken.
    """
    schedule = written.use_case.schedule
    request.check(now.date())
    incoming = list_batches(written)
    if any(batch.name == QUERY for batch in incoming):
        raise ConfigError(
            "the rows of a query have no day, so no past day of it can be told",
            where=written.text.locate(("score", "source")),
            remedy="Export each day's rows to a file, and name the files: score: {source: "
            '"past/*.parquet"}.',
        )
    found = date_batches(incoming, schedule.zone, request.dated_by)
    within = [one for one in found.batches if request.first <= one.day <= request.last]
    days = _Days(bucket, written, request, now)
    todo, known = days.split(within)
    steps, left, absent = days.scoring_steps(todo)
    looks, looks_left, notes = (
        days.look_steps(steps, known, found.origin) if request.look else ([], 0, [])
    )
    # A look at the moment of a scoring comes after it.
    every: list[ScoringStep | LookStep] = [*steps, *looks]
    ordered = sorted(every, key=lambda s: (s.as_of, isinstance(s, LookStep)))
    return BackfillPlan(
        use_case=written.use_case.name,
        request=request,
        dated_by=found.origin,
        steps=tuple(ordered),
        known=len(known),
        undated=found.undated,
        without_champion=absent,
        left=left,
        looks_left=looks_left,
        seconds=days.estimate_seconds(ordered),
        notes=tuple(notes),
    )


class _Days:
    """The days of a backfill of one use case, as the bucket is now."""

    def __init__(
        self, bucket: Bucket, written: LoadedUseCase, request: BackfillRequest, now: datetime
    ) -> None:
        self._bucket, self._written, self._request, self._now = bucket, written, request, now
        self._case = written.use_case
        self._schedule = self._case.schedule
        reference = resolve_reference(bucket, self._case.name, None)
        self._champion = Registry(bucket).find_version(reference)
        self._ledger = BatchLedger(bucket, self._case.name).read()

    def split(self, batches: Sequence[DatedBatch]) -> tuple[list[DatedBatch], list[DatedBatch]]:
        """The batches that no version served, and the others."""
        prior = PriorScores.from_ledger(self._bucket, self._champion, for_named_version=False)
        todo: list[DatedBatch] = []
        known: list[DatedBatch] = []
        for one in batches:
            done = prior.has_source(one.batch.fingerprint(self._written))
            (known if done else todo).append(one)
        return todo, known

    def scoring_steps(self, todo: Sequence[DatedBatch]) -> tuple[list[ScoringStep], int, int]:
        """The steps for at most as many batches as asked for; how many batches are left, and how
        many have no champion.
        """
        steps: list[ScoringStep] = []
        absent, room = 0, self._request.most
        for day, group in groupby(todo, key=lambda one: one.day):
            batches = [one.batch for one in group]
            as_of = self._moment(day)
            version = self._version_for(as_of)
            if version is None:
                absent += len(batches)
                continue
            if taken := batches[:room]:
                steps.append(ScoringStep(as_of, day, version, tuple(taken)))
            room -= len(taken)
        return steps, len(todo) - absent - sum(len(s.batches) for s in steps), absent

    def look_steps(
        self, steps: Sequence[ScoringStep], known: Sequence[DatedBatch], origin: DateOrigin
    ) -> tuple[list[LookStep], int, list[str]]:
        """A look for each day that the present champion scores, or has scored without a look; how
        many of them are still to come; and what limits them.
        """
        ours = {s.as_of for s in steps if s.version.number == self._champion.number}
        after = {*ours, *self._unseen(known)}
        others = {s.version.name for s in steps if s.version.number != self._champion.number}
        notes = [f"no look at {name}: it is not champion any more" for name in sorted(others)]
        monitor, zone = self._schedule.monitor, self._schedule.zone
        moments = sorted({first_moment(monitor, zone, moment) for moment in after})
        past = [moment for moment in moments if moment <= self._now]
        labels = self._dated_labels(origin)
        if labels is None and self._case.labels.source is not None and past:
            notes.append("labels are read as they are now: a query has no day")
        looks = [LookStep(moment, _until(labels, moment, zone)) for moment in past]
        return looks, len(moments) - len(past), notes

    def estimate_seconds(self, steps: Sequence[ScoringStep | LookStep]) -> float | None:
        """By what earlier batches and looks took; None where there was none."""
        served = [s.seconds for s in self._ledger.scored_batches[-_SAMPLE:] if s.role == "served"]
        if not served:
            return None
        looks = self._next_look().past_looks[-_SAMPLE:]
        took = [sum(float(step["seconds"]) for step in look.steps) for look in looks if look.steps]
        batch, look = median(served), median(took) if took else _FLOW_SECONDS
        return sum(
            _FLOW_SECONDS + (len(s.batches) * batch if isinstance(s, ScoringStep) else look)
            for s in steps
        )

    def _moment(self, day: date) -> datetime:
        return min(last_moment(self._schedule.score, self._schedule.zone, day), self._now)

    def _version_for(self, moment: datetime) -> Version | None:
        if self._request.champion == "now":
            return self._champion
        return champion_at(self._bucket, self._case.name, moment)

    def _next_look(self) -> Any:
        return next_look(self._bucket, self._case.name, self._case.monitor, self._now)

    def _unseen(self, known: Sequence[DatedBatch]) -> Iterator[datetime]:
        """The moments of days whose batches an earlier call scored, and no look has seen since."""
        scored = {s.source: s for s in self._next_look().new_batches if s.source is not None}
        for one in known:
            entry = scored.get(one.batch.fingerprint(self._written))
            moment = self._moment(one.day)
            if entry is not None and entry.as_of == clock.format_timestamp(moment):
                yield moment

    def _dated_labels(self, origin: DateOrigin) -> Mapping[date, list[str]] | None:
        """The files of labels by day; None for labels that are no files."""
        asked = self._case.labels.source
        if asked is None or asked.path is None:
            return None
        found: defaultdict[date, list[str]] = defaultdict(list)
        for name, source in label_sources(self._written).items():
            if isinstance(source, AssayError):
                continue  # the next scheduled look says so
            day = source_day(source, name, origin, self._schedule.zone)
            if day is not None:
                found[day].append(str(source.path))
        return found


def _until(
    labels: Mapping[date, list[str]] | None, moment: datetime, zone: str
) -> tuple[str, ...] | None:
    """The files of the days up to that of a moment, in the order of their days."""
    if labels is None:
        return None
    from zoneinfo import ZoneInfo

    last = moment.astimezone(ZoneInfo(zone)).date()
    return tuple(file for day in sorted(labels) if day <= last for file in labels[day])
