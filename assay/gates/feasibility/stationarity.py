"""Check 10: does what was learned from earlier rows hold for later ones?"""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows
from assay.gates.feasibility.periods import Periods
from assay.gates.feasibility.single_columns import ColumnAuc, score_single_columns
from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.auc import roc_auc, roc_auc_difference
from assay.gates.statistics.auc_power import auc_power, auc_standard_error
from assay.gates.statistics.intervals import Bools, Estimate
from assay.util.wording import format_rounded_up

MIN_PERIOD_ROWS = 50  # rows of either outcome in either period
HARMLESS_LOSS = 0.01  # of ROC AUC; a smaller loss is of no consequence, however certain
WIDE_LOSS = 0.05  # a loss that large must not be hidden by an interval
POWER = 0.9  # with which the late rows would show what the earlier ones do
SHOWN = 10


def check_stationarity(data: FeasibilityData, periods: Periods) -> tuple[list[Check], list[Sheet]]:
    """The check on time and the check on columns that tell the time, and their numbers."""
    late = periods.is_late[data.sampled_rows]
    if (short := _lacking_rows(data, late)) > 0:
        why = f"A period has too few rows of an outcome: {MIN_PERIOD_ROWS} of each are needed."
        return [
            unclear_time_check(periods, why, f"Add about {format_rounded_up(short)} rows of it.")
        ], []
    alone = score_single_columns(data, late)
    shift = roc_auc(late, data.predict_out_of_fold(labels=late), units=data.clusters)
    return [_check(data, periods, shift, alone), check_tells_time(data, alone)], [_sheet(alone)]


def unusable_time_check(why: str) -> Check:
    """Where a column of time is declared, but divides nothing."""
    return Check(
        name="stationarity",
        claim="A model of the earlier rows predicts the later ones",
        verdict=Verdict.UNKNOWN,
        why=f"{why}.",
        remedy="Name a column of dates or numbers under data.time, or none. Text is read as dates"
        " where data.dates declares their form, such as {day: iso}.",
    )


def _lacking_rows(data: FeasibilityData, late: Bools) -> int:
    counts = [(data.labels[late == side] == o).sum() for side in (0, 1) for o in (0, 1)]
    return MIN_PERIOD_ROWS - int(min(counts))


def _check(
    data: FeasibilityData, periods: Periods, shift: Estimate, column_aucs: list[ColumnAuc]
) -> Check:
    """The late rows, judged by a learner of the early rows and by learners of as many others."""
    late, labels = periods.is_late[data.sampled_rows], data.labels
    early = ~late & ~np.isin(data.units, data.units[late])
    if min(labels[early].sum(), (~labels[early]).sum()) < MIN_PERIOD_ROWS:
        why = "Nearly all entities of the early rows come back in the late ones."
        return unclear_time_check(periods, why, "Add entities that are new in the late rows.")
    from_past = data.fit_predict(early, late)
    usually = len(late) * (FOLDS - 1) / FOLDS  # rows that a fold's learner sees
    from_others = data.probabilities_from(float(early.sum() / usually))[late]
    units = None if data.clusters is None else data.clusters[late]
    timed = roc_auc(labels[late], from_past, units=units)
    usual = roc_auc(labels[~late], data.probabilities[~late], units=data.entities[~late])
    mixed = roc_auc(labels[late], from_others, units=units)
    gap = roc_auc_difference(labels[late], from_past, from_others, units=units)
    positives = int(labels[late].sum())
    power = auc_power(usual.value, positives, int(late.sum()) - positives)
    verdict, by_gap = _verdict(timed, gap, power)
    return Check(
        name="stationarity",
        claim="A model of the earlier rows predicts the later ones",
        verdict=verdict,
        statistic="ROC AUC on the late rows: learned from the early ones"
        + (", minus from any" if by_gap else ""),
        estimate=gap.value if by_gap else timed.value,
        interval=gap.interval if by_gap else timed.interval,
        threshold=-HARMLESS_LOSS if by_gap else 0.5,
        why=f"On the {int(late.sum()):,} rows with {periods.late_words} "
        + _why(timed, mixed, usual, shift, column_aucs[0].name),
        remedy=_remedy(verdict, labels[late]),
        rows=int(late.sum()),
    )


def _verdict(timed: Estimate, gap: Estimate, power: float) -> tuple[Verdict, bool]:
    """The verdict, and whether it rests on the gap rather than on what the early rows tell alone.

    `power` of the late rows to show what the early ones tell of each other. Where that is nothing,
    there is no power, and the check of the signal speaks.
    """
    chance = (timed.interval.low or 0.0) <= 0.5
    if chance and power < POWER:
        return Verdict.UNKNOWN, False
    if (timed.interval.high or 0.0) < 0.5:
        return Verdict.FAIL, False
    if (gap.interval.high or 0.0) < 0 and gap.value < -HARMLESS_LOSS:
        return Verdict.CAUTION, True
    if chance:
        return Verdict.CAUTION, False
    return Verdict.UNKNOWN if (gap.interval.low or 0.0) < -WIDE_LOSS else Verdict.PASS, True


def _why(
    timed: Estimate, mixed: Estimate, usual: Estimate, shift: Estimate, top_column: str
) -> str:
    found = (
        f"a learner of the earlier rows has a ROC AUC of {timed.value:.3f}"
        f" ({_interval_text(timed.interval)}), learners of rows of any time {mixed.value:.3f};"
        f" on the earlier rows they have {usual.value:.3f} ({_interval_text(usual.interval)})"
    )
    if (timed.interval.high or 0.0) < 0.5 < (usual.interval.low or 0.0):
        found += "; what points to yes there points to no here"
    elif (timed.interval.low or 0.0) <= 0.5 < (usual.interval.low or 0.0):
        found += "; what is told there cannot be told from chance here"
    if (shift.interval.low or 0.0) <= 0.5:
        return f"{found}; by their features alone early and late rows cannot be told apart."
    return (
        f"{found}; early and late rows can be told apart (ROC AUC {shift.value:.3f}), most of all"
        f" by {top_column}."
    )


def _interval_text(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _remedy(verdict: Verdict, late_labels: Bools) -> str:
    if verdict is Verdict.UNKNOWN:
        positives, negatives = float(late_labels.sum()), float((~late_labels).sum())
        wanted = (auc_standard_error(0.75, positives, negatives) / (WIDE_LOSS / 4)) ** 2
        more = max(wanted - 1, 0.1) * len(late_labels)
        return (
            f"Add about {format_rounded_up(more, 1)} late rows, so that a loss of {WIDE_LOSS:g}"
            " would show."
        )
    if verdict is Verdict.PASS:
        return ""
    return (
        "See whether the target and the features of the late rows mean what they did. Split by"
        " time, so that the test shows what later rows will; leave out what changed its meaning;"
        " learn from newer rows."
    )


def check_tells_time(data: LabelledRows, column_aucs: list[ColumnAuc]) -> Check:
    """A column that names the period has, in later rows, values that no model ever saw."""
    limit = data.use_case.feasibility.leak
    named = [a for a in column_aucs if a.low > limit]
    told = ", ".join(f"{a.name} ({a.auc:.3f})" for a in named)
    return Check(
        name="tells_time",
        claim=f"No single feature separates early from late rows (ROC AUC above {limit:g})",
        verdict=Verdict.CAUTION if named else Verdict.PASS,
        statistic="largest ROC AUC of a single column for the period",
        estimate=column_aucs[0].auc,
        interval=column_aucs[0].interval,
        threshold=limit,
        why=f"{told} separate early from late rows."
        if named
        else f"The strongest is {column_aucs[0].name} ({column_aucs[0].auc:.3f}).",
        remedy="Later rows hold values of them that no model has seen: list them under"
        " data.exclude, or derive features that do not depend on the date."
        if named
        else "",
        hard=False,
        rows=len(data.sampled_rows),
    )


def unclear_time_check(periods: Periods, why: str, remedy: str) -> Check:
    """Where the late rows, or the early ones, do not suffice to tell."""
    return Check(
        name="stationarity",
        claim="A model of the earlier rows predicts the later ones",
        verdict=Verdict.UNKNOWN,
        why=f"Late are the rows with {periods.late_words}. {why}",
        remedy=remedy,
    )


def _sheet(column_aucs: list[ColumnAuc]) -> Sheet:
    return Sheet(
        title="Columns that changed over time",
        columns=("column", "ROC AUC", "low", "high"),
        rows=tuple((a.name, a.auc, a.interval.low, a.interval.high) for a in column_aucs[:SHOWN]),
        note="How well each feature alone tells early rows from late ones; a coin has 0.5.",
    )
