"""Whether the predictions are harmed: expected performance, and realised where labels came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from assay.config.gates import Drift, Expected
from assay.evidence.drift.expected import (
    BLOCKS,
    Counted,
    Ladder,
    expected,
    realised,
    weighted,
)
from assay.evidence.drift.mix import Mix, Sample
from assay.evidence.drift.scored import Groups, Scored
from assay.evidence.report import Interval, Verdict
from assay.evidence.statistics.clustered import jackknife
from assay.evidence.statistics.intervals import Bools, Estimate, Floats, at_most, interval_of

_EXPLAINED: Final = 0.5  # of the other columns' shift, for a mix to be believed
_FEWEST_WINDOWS: Final = 5


@dataclass(frozen=True, eq=False)
class Outcome:
    """One metric of all rows, or of a group: reference, current, and the drop with its interval.

    `at_mix` is the reference's expectation of rows mixed as the current ones are, and `rest` the
    drop below that; None unless a mix is believed. `seen` is the realised value of the labelled
    current rows, and `below` how much farther it lies below what was expected of the same rows
    than it does in the reference: probabilities may be wrong for a group, and have always been.
    """

    metric: Expected
    group: str | None
    rows: int
    reference: float
    current: float
    drop: Estimate
    verdict: Verdict
    at_mix: float | None = None
    rest: Estimate | None = None
    labelled: int = 0
    seen_before: float | None = None
    seen: float | None = None
    below: Estimate | None = None
    realised: Verdict | None = None


@dataclass(frozen=True, eq=False)
class Sides:
    """All that outcomes are computed from. `mix` is given only if it is to be believed. `divided`:
    the columns by whose groups rows are judged.
    """

    reference: Scored
    current: Scored
    ladder: Ladder
    rows: Sample
    mix: Mix | None
    unseen: Sequence[str]  # columns with so many values never seen that nothing can be expected
    divided: Sequence[str] = ()


def believed(found: Mix | None, ask: Drift) -> Mix | None:
    """The mix, if the other columns moved at all and mostly as the reference's rows would have."""
    if found is None or found.explained < _EXPLAINED or found.moved < ask.effect:
        return None
    return found


def outcomes(sides: Sides, ask: Drift) -> list[Outcome]:
    """Each metric overall, then by group. Intervals hold for all of them together (Bonferroni)."""
    divisions = list(_divisions(sides))
    metrics = [m for m in ask.metrics if m == "roc_auc" or sides.current.decision is not None]
    level = 1 - (1 - ask.confidence) / max(len(divisions) * len(metrics), 1)
    return [
        _outcome(metric, part, bool(sides.unseen), level, ask)
        for part in (_part(sides, *division) for division in divisions)
        for metric in metrics
    ]


_Masks = tuple[Bools | None, Bools | None, Bools | None]  # reference, current, sample


_Seen = tuple[Counted, Counted]  # expected, realised


@dataclass(frozen=True, eq=False)
class _Part:
    """The counts of all rows or of a group. `seen` are, of the reference and of the current rows,
    what was expected of the labelled ones and what the labels say; None without labels on both
    sides, as only the reference's say what is usual.
    """

    group: str | None
    old: Counted
    new: Counted
    mixed: Counted | None
    seen: tuple[_Seen, _Seen] | None


def _divisions(sides: Sides) -> Iterator[tuple[str | None, _Masks]]:
    yield None, (None, None, None)
    three = (sides.reference, sides.current, sides.rows.scored)
    for name in sides.divided:
        old, new, sampled = (side.groups[name] for side in three)
        for label in old[1]:
            if label in new[1]:
                yield f"{name}={label}", (_are(old, label), _are(new, label), _are(sampled, label))


def _are(groups: Groups, label: str) -> Bools:
    codes, labels = groups
    found: Bools = codes == (labels.index(label) if label in labels else -1)
    return found


def _part(sides: Sides, group: str | None, masks: _Masks) -> _Part:
    old = expected(sides.reference, sides.ladder, masks[0])
    new = expected(sides.current, sides.ladder, masks[1])
    mixed = None
    if sides.mix is not None:
        weights = sides.mix.weights if masks[2] is None else sides.mix.weights * masks[2]
        mixed = weighted(sides.rows.scored, sides.ladder, weights)
    return _Part(group, old, new, mixed, _seen(sides, masks))


def _seen(sides: Sides, masks: _Masks) -> tuple[_Seen, _Seen] | None:
    if not sides.reference.labelled or sides.current.truth is None or not sides.current.labelled:
        return None
    return _both(sides.reference, sides.ladder, masks[0]), _both(
        sides.current, sides.ladder, masks[1]
    )


def _both(side: Scored, ladder: Ladder, mask: Bools | None) -> _Seen:
    assert side.truth is not None, "asked for only with labels"
    labelled = side.truth >= 0 if mask is None else (side.truth >= 0) & mask
    return expected(side, ladder, labelled), realised(side, ladder, labelled)


def _outcome(metric: Expected, part: _Part, unseen: bool, level: float, ask: Drift) -> Outcome:
    old, new, mixed = part.old, part.new, part.mixed
    few = min(old.rows, new.rows) < ask.rows
    drop = _drop(metric, old, new, level)
    rest = _drop(metric, mixed, new, level) if mixed is not None else None
    found = Outcome(
        metric=metric,
        group=part.group,
        rows=round(new.rows),
        reference=old.whole(metric),
        current=new.whole(metric),
        drop=drop,
        verdict=Verdict.UNKNOWN if few else _verdict(drop, rest, ask.margin, unseen),
        at_mix=None if mixed is None else mixed.whole(metric),
        rest=rest,
    )
    return found if part.seen is None else _with_labels(found, part.seen, level, ask)


def _verdict(drop: Estimate, rest: Estimate | None, margin: float, unseen: bool) -> Verdict:
    total = at_most(drop.interval, margin)
    if total is not Verdict.PASS and rest is not None:
        below = at_most(rest.interval, margin)
        if below is Verdict.PASS:
            return Verdict.CAUTION
        total = below if total is Verdict.FAIL else Verdict.UNKNOWN
    return Verdict.UNKNOWN if total is Verdict.PASS and unseen else total


def _with_labels(found: Outcome, seen: tuple[_Seen, _Seen], level: float, ask: Drift) -> Outcome:
    (_, before), (_, after) = seen
    below = _farther(found.metric, *seen, level)
    few = min(before.rows, after.rows) < ask.rows
    verdict = Verdict.UNKNOWN if few else at_most(below.interval, ask.margin)
    return replace(
        found,
        labelled=round(after.rows),
        seen_before=before.whole(found.metric),
        seen=after.whole(found.metric),
        below=below,
        realised=verdict,
    )


def _drop(metric: Expected, old: Counted, new: Counted, level: float) -> Estimate:
    """Reference minus current. The current value varies as its own blocks do, and at least as
    stretches of the reference of that length; both vary with the calibration, together."""
    errors = [jackknife(side.without_each(metric)) for side in (old, new)]
    per_window = max(round(new.rows / max(old.rows, 1) * BLOCKS), 1)
    windows = old.windows(metric, per_window)
    windows = windows[np.isfinite(windows)]
    if len(windows) >= _FEWEST_WINDOWS:
        longer = old.rows * per_window / BLOCKS / max(new.rows, 1)
        errors[1] = max(errors[1], float(windows.std(ddof=1)) * min(longer, 1.0) ** 0.5)
    learnt = _of_calibration(old.recalibrated(metric) - new.recalibrated(metric))
    error = float(np.linalg.norm([*errors, learnt]))
    return _estimate(old.whole(metric) - new.whole(metric), error, level)


def _farther(metric: Expected, before: _Seen, after: _Seen, level: float) -> Estimate:
    """Expected minus realised, each of the same rows, beyond the same in the reference."""
    lacks = [promised.whole(metric) - seen.whole(metric) for promised, seen in (before, after)]
    errors = [
        jackknife(promised.without_each(metric) - seen.without_each(metric))
        for promised, seen in (before, after)
    ]
    # The calibration was learnt from the reference's labels, with which its own lack varies.
    learnt = after[0].recalibrated(metric) - before[0].recalibrated(metric)
    error = float(np.hypot(errors[0] + _of_calibration(learnt), errors[1]))
    return _estimate(lacks[1] - lacks[0], error, level)


def _of_calibration(without: Floats) -> float:
    """The error that comes with the calibration, from values by those learnt without a block."""
    return jackknife(without) if len(without) else 0.0


def _estimate(value: float, error: float, level: float) -> Estimate:
    from scipy.stats import t

    half = float(t.ppf((1 + level) / 2, BLOCKS - 1)) * error
    limits: Interval = interval_of(value - half, value + half, level)
    return Estimate(value, limits)
