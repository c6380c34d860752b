"""Whether what earlier rows teach holds for later ones, for classes and amounts."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from assay.gates.feasibility.labelled_rows import FOLDS
from assay.gates.feasibility.periods import Periods
from assay.gates.feasibility.single_columns import score_single_columns
from assay.gates.feasibility.stationarity import check_tells_time, unclear_time_check
from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.auc_clusters import clustered_covariance
from assay.gates.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    make_interval,
    normal_quantile,
)
from assay.problems.feasibility.question_rows import QuestionRows
from assay.util.wording import format_rounded_up

MIN_PERIOD_ROWS = 100
HARMLESS_LOSS = 0.01  # of what one answer for all rows loses; less is of no consequence
WIDE_LOSS = 0.05  # a loss that large must not be hidden by an interval
HARMLESS_SHIFT = 0.1  # standard deviations of the outcome
SHOWN = 10


@dataclass(frozen=True, slots=True)
class LateLosses:
    """Losses on the late rows: of a learner of the early ones, of that minus learners of as many
    rows of any time, and of that minus one answer from the early rows.
    """

    timed: Estimate
    gap: Estimate
    beyond_constant: Estimate


def check_stationarity(
    data: QuestionRows, periods: Periods, outcomes: tuple[str, ...]
) -> tuple[list[Check], list[Sheet]]:
    """The checks on the model, on the outcome and on columns that tell the time. `outcomes` names
    the columns of `signal_targets`.
    """
    late = periods.is_late[data.sampled_rows]
    short = MIN_PERIOD_ROWS - int(min(late.sum(), (~late).sum()))
    if short > 0:
        why = f"A period has fewer than {MIN_PERIOD_ROWS} rows."
        return [unclear_time_check(periods, why, f"Add about {format_rounded_up(short)}.")], []
    alone = score_single_columns(data, late)
    checks = [
        _model_check(data, periods, late),
        _outcome_check(data, periods, late, outcomes),
        check_tells_time(data, alone),
    ]
    rows = tuple((a.name, a.auc, a.interval.low, a.interval.high) for a in alone[:SHOWN])
    sheet = Sheet(
        title="Columns that changed over time",
        columns=("column", "ROC AUC", "low", "high"),
        rows=rows,
        note="How well each feature alone tells early rows from late ones; a coin has 0.5.",
    )
    return checks, [sheet]


def _model_check(data: QuestionRows, periods: Periods, late: Bools) -> Check:
    early = ~late & ~np.isin(data.units, data.units[late])
    if early.sum() < MIN_PERIOD_ROWS:
        why = "Nearly all entities of the early rows come back in the late ones."
        return unclear_time_check(periods, why, "Add entities that are new in the late rows.")
    found = _late_losses(data, early, late)
    verdict = _verdict(found)
    timed, gap = found.timed, found.gap
    return Check(
        name="stationarity",
        claim="A model of the earlier rows predicts the later ones",
        verdict=verdict,
        statistic="loss on the late rows: learned from the early ones, minus from any",
        estimate=gap.value,
        interval=gap.interval,
        threshold=HARMLESS_LOSS,
        why=f"On the {int(late.sum()):,} rows with {periods.late_words} a learner of the earlier"
        f" rows loses {timed.value:.3f} [{timed.interval.low:.3f}, {timed.interval.high:.3f}] of"
        " what one answer for all rows loses. That is"
        f" {gap.value:+.3f} [{gap.interval.low:+.3f}, {gap.interval.high:+.3f}] beside learners of"
        " as many rows of any time.",
        remedy=""
        if verdict is Verdict.PASS
        else f"Add late rows, so that a loss of {WIDE_LOSS:g} would show."
        if verdict is Verdict.UNKNOWN
        else "See whether the target and the features of the late rows mean what they did. Split by"
        " time, so that the test shows what later rows will; learn from newer rows.",
        rows=int(late.sum()),
    )


def _late_losses(data: QuestionRows, early: Bools, late: Bools) -> LateLosses:
    usually = len(late) * (FOLDS - 1) / FOLDS  # rows that a fold's learner sees
    mixed = data.row_losses(data.answers(share=min(float(early.sum() / usually), 1.0)))[late]
    timed, constant = (
        _losses_of(data, late, data.fit_predict(early, late, excluded_columns=without))
        for without in ((), data.features)
    )
    return LateLosses(
        *(_mean(v, data.entities[late]) for v in (timed, timed - mixed, timed - constant))
    )


def _losses_of(data: QuestionRows, rows: Bools, answers: Floats) -> Floats:
    whole = np.zeros((len(rows), *answers.shape[1:]))
    whole[rows] = answers
    return data.row_losses(whole)[rows]


def _mean(values: Floats, entities: np.ndarray, level: float = 0.95) -> Estimate:
    mean = float(values.mean())
    influence = (values - mean)[None, :] / len(values)
    half = normal_quantile(level) * float(np.sqrt(clustered_covariance(influence, entities)[0, 0]))
    return Estimate(mean, make_interval(mean - half, mean + half, level))


def _verdict(found: LateLosses) -> Verdict:
    low, high = found.gap.interval.low, found.gap.interval.high
    assert low is not None
    assert high is not None
    if (found.beyond_constant.interval.low or 0.0) > 0:
        return Verdict.FAIL  # surely worse than one answer for all
    if low > 0 and found.gap.value > HARMLESS_LOSS:
        return Verdict.CAUTION
    return Verdict.UNKNOWN if high > WIDE_LOSS else Verdict.PASS


def _outcome_check(
    data: QuestionRows, periods: Periods, late: Bools, outcomes: tuple[str, ...]
) -> Check:
    """Whether the outcome itself moved, in standard deviations; Bonferroni over the outcomes."""
    targets = data.signal_targets
    spread = np.where(targets.std(axis=0) > 0, targets.std(axis=0), 1.0)
    level, shifts = 1 - 0.05 / targets.shape[1], []
    for column in (targets / spread).T:
        sides = [_mean(column[rows], data.entities[rows], level) for rows in (~late, late)]
        half = math.hypot(*((one.interval.high or 0.0) - one.value for one in sides))
        moved = sides[1].value - sides[0].value
        shifts.append(Estimate(moved, Interval(low=moved - half, high=moved + half, level=level)))
    place = int(np.argmax([_least_size(one) for one in shifts]))
    most = shifts[place]
    changed = _least_size(most) > HARMLESS_SHIFT
    before, after = (float(targets[rows, place].mean()) for rows in (~late, late))
    return Check(
        name="stationarity[outcome]",
        claim=f"The outcome moved by at most {HARMLESS_SHIFT:g} standard deviations",
        verdict=Verdict.CAUTION if changed else Verdict.PASS,
        statistic="late mean minus early mean, in standard deviations",
        estimate=most.value,
        interval=most.interval,
        threshold=HARMLESS_SHIFT if most.value >= 0 else -HARMLESS_SHIFT,
        why=f"{outcomes[place]} went from {before:.4g} to {after:.4g} in the rows with"
        f" {periods.late_words}: {most.value:+.2f} standard deviations.",
        remedy="See whether outcomes are counted as before. If they are, expect answers of a model"
        " of the earlier rows to be too low or too high, and split by time."
        if changed
        else "",
        hard=False,
        rows=len(late),
    )


def _least_size(shift: Estimate) -> float:
    """The least that a shift may be, whatever its direction; below 0 where it may be none."""
    low, high = shift.interval.low, shift.interval.high
    assert low is not None
    assert high is not None
    return max(low, -high)
