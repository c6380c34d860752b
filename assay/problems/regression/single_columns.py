"""How much of the amount each column explains on its own, and whether one gives it away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.gates.feasibility.after_outcome import check_after_outcome
from assay.gates.feasibility.leakage import check_identifiers
from assay.gates.feasibility.single_columns import bin_codes, out_of_fold_share
from assay.gates.report import Check, Figure, Interval, Point, Series, Sheet, Verdict
from assay.gates.statistics.intervals import Estimate, Floats
from assay.problems.feasibility.sampling_weights import check_sampling_weights
from assay.problems.regression.amount_rows import MEAN, AmountRows
from assay.problems.regression.signal import estimate_r2, smallest_useful_r2

SUSPICIOUS_LIFT = 0.3  # of pairs rightly ordered beyond half, from which one asks what is left
COLLAPSE_SHARE = 0.5
STRONG_R2 = 0.05  # of a sampling weight that tells how the rows were drawn
TOP = 10


@dataclass(frozen=True, slots=True)
class ColumnR2:
    """The share of the amount's variance that one column explains out of fold."""

    name: str
    found: Estimate

    @property
    def low(self) -> float:
        return self.found.interval.low or 0.0


def score_single_columns(data: AmountRows) -> list[ColumnR2]:
    """R2 of each feature alone, the most telling first: by the mean of its bins or values, or of a
    number by a line, whichever explains more."""
    made = []
    for i, name in enumerate(data.encoded_features.names):
        values = data.encoded_features.matrix[:, i]
        coded = bool(data.encoded_features.is_coded[i])
        answers = [out_of_fold_share(data.folds, data.labels, bin_codes(values, coded))]
        if not coded and not np.isnan(values).all():
            answers.append(_out_of_fold_line(data, values))
        scores = data.estimate("r2", np.array(answers))
        best = int(np.argmax(scores.values))
        low, high = scores.limits(best)
        found = Estimate(float(scores.values[best]), Interval(low=low, high=min(high, 1.0)))
        made.append(ColumnR2(name, found))
    return sorted(made, key=lambda one: (-one.found.value, one.name))


def check_leakage(data: AmountRows) -> tuple[list[Check], list[Sheet], list[Figure]]:
    """Whether a single column gives the amount away, and what is left without it; columns known
    after the outcome, sampling weights, columns that identify rows."""
    alone = score_single_columns(data)
    limit = smallest_useful_r2(data.use_case.feasibility.leak - 0.5)
    strong = {one.name: one.found.value for one in alone if one.found.value >= STRONG_R2}
    checks = [
        _check(data, alone, limit),
        _drop_one_check(data, alone, limit),
        *check_sampling_weights(data, strong, "R2"),
        check_after_outcome(data),
        check_identifiers(data),
    ]
    sheet = Sheet(
        title="Single columns",
        columns=("column", "R2", "low", "high"),
        rows=tuple(
            (one.name, one.found.value, one.found.interval.low, one.found.interval.high)
            for one in alone
        ),
        note="Share of the amount's variance that each feature alone explains, out of fold.",
    )
    return [check for check in checks if check], [sheet], [_figure(alone, limit)]


def _out_of_fold_line(data: AmountRows, values: Floats) -> Floats:
    """A least-squares line fitted to the other folds."""
    known = np.where(np.isnan(values), np.nanmedian(values), values)
    found = np.empty(len(values))
    for fold in np.unique(data.folds):
        held = data.folds == fold
        x, y = known[~held], data.labels[~held]
        spread = float(x.std())
        scaled = (x - x.mean()) / spread if spread > 0 else np.zeros(len(x))
        slope = float(scaled @ (y - y.mean())) / len(x)
        found[held] = y.mean() + slope * (known[held] - x.mean()) / (spread or 1.0)
    return found


def _check(data: AmountRows, alone: list[ColumnR2], limit: float) -> Check:
    leaks = [one for one in alone if one.low > limit]
    close = [one for one in alone if one.found.value > limit and one not in leaks]
    most, named = alone[0], leaks or close
    told = "; ".join(f"{one.name} explains {_r2_text(one.found)}" for one in named or [most])
    names = ", ".join(one.name for one in named)
    return Check(
        name="leakage",
        claim=f"No single column explains more than R2 {limit:.3f} of the amount",
        verdict=Verdict.FAIL if leaks else Verdict.CAUTION if close else Verdict.PASS,
        statistic="largest R2 of a single column",
        estimate=most.found.value,
        interval=most.found.interval,
        threshold=limit,
        why=f"{told} alone, of {len(alone)} features. The limit is R2 {limit:.3f}, at which of two"
        f" rows the larger is told in {data.use_case.feasibility.leak:.0%} of the pairs"
        " (feasibility.leak).",
        remedy=f"If it is known only after the outcome, add data.after_outcome: [{names}]; if it"
        f" restates the target, add data.exclude: [{names}]."
        if named
        else "",
        rows=len(data.sampled_rows),
    )


def _drop_one_check(data: AmountRows, alone: list[ColumnR2], limit: float) -> Check | None:
    """What is left without the columns that tell too much, or the one that tells most; None where
    none is suspicious."""
    names = [one.name for one in alone if one.found.value > limit] or [alone[0].name]
    if alone[0].low <= smallest_useful_r2(SUSPICIOUS_LIFT) or len(names) == len(alone):
        return None
    rest = data.predict_out_of_fold(kind=MEAN, excluded_columns=tuple(names))
    scores = data.estimate("r2", np.array([data.answers(MEAN), rest]))
    whole = estimate_r2(data)
    lost, half = float(scores.values[0] - scores.values[1]), COLLAPSE_SHARE * whole.value
    variance = float(np.array([1.0, -1.0]) @ scores.covariance @ np.array([1.0, -1.0]))
    width = 1.96 * float(np.sqrt(max(variance, 0.0)))
    collapsed, told = lost - width > half, ", ".join(names)
    return Check(
        name="drop_one",
        claim=f"Without {told} more than half of R2 remains",
        verdict=Verdict.CAUTION if collapsed else Verdict.PASS,
        statistic="R2 lost without it",
        estimate=lost,
        interval=Interval(low=lost - width, high=lost + width),
        threshold=half,
        why=f"A quick learner has R2 {whole.value:.3f} with all columns; without {told}"
        f" {float(scores.values[1]):.3f}.",
        remedy=f"Check that {told} is known when the question is asked: most of the score rests on"
        " it."
        if collapsed
        else "",
        hard=False,
        rows=len(data.sampled_rows),
    )


def _r2_text(found: Estimate) -> str:
    return f"R2 {found.value:.3f} ({found.interval.low:.3f} to {found.interval.high:.3f})"


def _figure(alone: list[ColumnR2], limit: float) -> Figure:
    top = alone[:TOP]
    best = ", ".join(f"{one.name} {one.found.value:.2f}" for one in top[:3])
    points = tuple(
        Point(
            label=one.name,
            value=one.found.value,
            low=one.found.interval.low,
            high=one.found.interval.high,
        )
        for one in top
    )
    return Figure(
        title="What single columns tell",
        kind="bars",
        series=(Series(name="R2", points=points),),
        axis="R2",
        reference=limit,
        alt=f"R2 of the {len(top)} most telling columns: {best}; the limit is {limit:.3f}.",
    )
