"""Check 7: does a single column give the outcome away?"""

from __future__ import annotations

import pandas as pd

from assay.gates.feasibility.after_outcome import check_after_outcome
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.feasibility.single_columns import ColumnAuc, score_single_columns
from assay.gates.report import Check, Figure, Interval, Point, Series, Sheet, Verdict
from assay.gates.statistics.auc import roc_auc, roc_auc_difference

SUSPICIOUS_AUC = 0.8  # ROC AUC of a single column from which one asks what is left without it
COLLAPSE_SHARE = 0.5  # share of what is above chance, the loss of which leaves little else
IDENTIFIER_SHARE = 0.95  # distinct values per row above which a column identifies rows
SHOWN_IDENTIFIERS = 3
TOP = 10


def check_leakage(data: FeasibilityData) -> tuple[list[Check], Sheet, Figure]:
    """Checks on single columns, on what is left without a suspicious one, on columns known after
    the outcome, on columns that identify rows; and the single columns' numbers."""
    alone, limit = score_single_columns(data), data.use_case.feasibility.leak
    checks = [
        _check(data, alone),
        _drop_one_check(data, alone),
        check_after_outcome(data),
    ]
    made = [check for check in checks if check is not None]
    return [*made, check_identifiers(data)], _sheet(alone), _figure(alone, limit)


def _check(data: FeasibilityData, column_aucs: list[ColumnAuc]) -> Check:
    limit = data.use_case.feasibility.leak
    leaks = [a for a in column_aucs if a.low > limit]
    close = [a for a in column_aucs if a.auc > limit and a not in leaks]
    withheld = data.use_case.data.after_outcome
    kept = f" Withheld as after the outcome: {', '.join(withheld)}." if withheld else ""
    most = column_aucs[0]
    named = leaks or close or [most]
    told = "; ".join(
        f"{a.name} has a ROC AUC of {a.auc:.3f} ({_interval_text(a.interval)})" for a in named
    )
    remedy = ""
    if leaks or close:
        names = ", ".join(a.name for a in leaks or close)
        remedy = (
            "List what is known only after the outcome under data.after_outcome, and what"
            f" restates the target under data.exclude: {names}."
        )
    return Check(
        name="leakage",
        claim=f"No single column predicts the outcome with a ROC AUC above {limit:g}",
        verdict=Verdict.FAIL if leaks else Verdict.CAUTION if close else Verdict.PASS,
        statistic="largest ROC AUC of a single column",
        estimate=most.auc,
        interval=most.interval,
        threshold=limit,
        why=f"{told} alone, of {len(column_aucs)} features; the limit is {limit:g}.{kept}",
        remedy=remedy,
        rows=len(data.sampled_rows),
    )


def _drop_one_check(data: FeasibilityData, column_aucs: list[ColumnAuc]) -> Check | None:
    """What is left without the columns that tell too much, or the one that tells most; None
    where none is suspicious."""
    limit = data.use_case.feasibility.leak
    names = [a.name for a in column_aucs if a.auc > limit] or [a.name for a in column_aucs[:1]]
    if column_aucs[0].low <= SUSPICIOUS_AUC or len(names) == len(column_aucs):
        return None
    rest = data.predict_out_of_fold(excluded_columns=tuple(names))
    truth, units, full = data.labels, data.clusters, data.probabilities
    whole, left = (roc_auc(truth, answers, units=units) for answers in (full, rest))
    lost = roc_auc_difference(truth, full, rest, units=units)
    most = COLLAPSE_SHARE * (whole.value - 0.5)
    collapsed = (lost.interval.low or 0.0) > most
    told = ", ".join(names)
    return Check(
        name="drop_one",
        claim=f"Without {told} more than half of the ROC AUC above 0.5 remains",
        verdict=Verdict.CAUTION if collapsed else Verdict.PASS,
        statistic="ROC AUC lost without it",
        estimate=lost.value,
        interval=lost.interval,
        threshold=most,
        why=f"A quick learner has a ROC AUC of {whole.value:.3f} with all columns; without {told}"
        f" {left.value:.3f} ({_interval_text(left.interval)}).",
        remedy=f"Check that {told} is known when the question is asked: most of the score rests on"
        " it."
        if collapsed
        else "",
        hard=False,
        rows=len(data.sampled_rows),
    )


def _interval_text(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def check_identifiers(data: LabelledRows) -> Check:
    """Whether a feature differs in nearly every row."""
    named = [name for name in data.features if _identifies_rows(data.frame[name])]
    told = [
        f"{name} identifies rows: {data.frame[name].nunique():,} distinct values in"
        f" {len(data.frame):,} rows."
        for name in named[:SHOWN_IDENTIFIERS]
    ]
    if len(named) > SHOWN_IDENTIFIERS:
        told.append(f"So do {len(named) - SHOWN_IDENTIFIERS} more.")
    which = "it" if len(named) == 1 else "them"
    return Check(
        name="identifiers",
        claim="No feature identifies the rows",
        verdict=Verdict.CAUTION if named else Verdict.PASS,
        statistic="features that identify rows",
        estimate=float(len(named)),
        threshold=0.0,
        why=" ".join(told) or "No text or whole number differs in nearly every row.",
        remedy=f"Exclude {which} (data.exclude), or declare {which} under data.identity."
        if named
        else "",
        hard=False,
        rows=len(data.frame),
    )


def _identifies_rows(column: pd.Series) -> bool:
    known = column.dropna()
    if len(known) < 100 or pd.api.types.is_datetime64_any_dtype(known):
        return False
    if pd.api.types.is_float_dtype(known) and not (known == known.round()).all():
        return False  # measurements differ from row to row by their nature
    return bool(known.nunique() / len(known) > IDENTIFIER_SHARE)


def _sheet(column_aucs: list[ColumnAuc]) -> Sheet:
    return Sheet(
        title="Single columns",
        columns=("column", "ROC AUC", "low", "high"),
        rows=tuple((a.name, a.auc, a.interval.low, a.interval.high) for a in column_aucs),
        note="ROC AUC of each feature alone for the outcome; chance has 0.5.",
    )


def _figure(column_aucs: list[ColumnAuc], limit: float) -> Figure:
    top = column_aucs[:TOP]
    points = tuple(
        Point(label=a.name, value=a.auc, low=a.interval.low, high=a.interval.high) for a in top
    )
    best = ", ".join(f"{a.name} {a.auc:.2f}" for a in top[:3])
    return Figure(
        title="What single columns tell",
        kind="bars",
        series=(Series(name="ROC AUC", points=points),),
        axis="ROC AUC",
        reference=limit,
        alt=f"ROC AUC of the {len(top)} most telling columns: {best}; the limit is {limit:g}.",
    )
