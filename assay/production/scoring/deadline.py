"""Deadlines of scoring ("scored by 06:00"): which were met, which were missed, and how late."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from assay.bucket.journal import entry_timestamp
from assay.registry.history import CHAMPION, ModelHistory
from assay.util import clock

# A batch that is recorded so much later than its moment is one of a replay of the past.
_REPLAY_DELAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class DeadlineRecord:
    """How a use case stands to its deadlines.

    `due`: the last deadline. `missed`: those that passed in a row without a scoring and are still
    open, oldest first. `scored_at`: the last scoring. `late`: by how many seconds that one came
    after the oldest deadline that it ended; None if it was in time.
    """

    due: datetime
    missed: tuple[datetime, ...] = ()
    scored_at: datetime | None = None
    late: float | None = None


def judge_deadlines(
    deadlines: Sequence[datetime], scored: Iterable[datetime]
) -> DeadlineRecord | None:
    """Hold the moments of scorings against deadlines in ascending order; None without any.

    A scoring meets the deadline that follows it. The first one after a missed deadline ends the
    miss, and meets the next deadline too only if it came nearer to that one.
    """
    if not deadlines:
        return None
    missed: list[datetime] = []
    last, late, is_met, following = None, None, False, iter([*deadlines, None])
    due = next(following)
    for moment in [*sorted(scored), None]:
        while due is not None and (moment is None or due < moment):
            if not is_met:
                missed.append(due)
            previous, due, is_met = due, next(following), False
        if moment is None:
            break
        last, late = moment, None
        if missed:
            late = (moment - missed[0]).total_seconds()
            is_met = due is not None and moment > previous + (due - previous) / 2
            missed = []
        else:
            is_met = True
    return DeadlineRecord(deadlines[-1], tuple(missed), last, late)


def scoring_moment(as_of: str, written: str) -> datetime:
    """When a batch was scored, by its entry's `as_of` and `at`: when the entry was written, and
    for a replay of the past the moment that it acts for.
    """
    about, at = clock.parse_timestamp(as_of), clock.parse_timestamp(written)
    return at if abs(at - about) < _REPLAY_DELAY else about


def judge_model(
    history: ModelHistory, scored: Iterable[datetime], deadlines: Sequence[datetime]
) -> DeadlineRecord | None:
    """How a model stands to the deadlines since it first had a champion; None if it has none."""
    promotions = [e for e in history.entries if e.body.get("alias") == CHAMPION]
    if history.champion is None or not promotions:
        return None
    since = entry_timestamp(promotions[0])
    return judge_deadlines([due for due in deadlines if due > since], scored)


def describe_miss(
    record: DeadlineRecord, scored_by: str, refusal: tuple[str, str] | None = None
) -> str:
    """What is late and why, in words. `refusal`: the batch that was refused since, and why."""
    if refusal:
        why = f"batch {refusal[0]} was refused: {refusal[1].rstrip('.')}"
    elif record.scored_at:
        why = f"no batch has been scored since {clock.display_timestamp(record.scored_at)}"
    else:
        why = "no batch has been scored yet"
    count = len(record.missed)
    missed = f"{count} deadlines in a row are missed" if count > 1 else "the deadline is missed"
    return f"not scored by {scored_by}: {why}; {missed}"
