"""The feasibility gate of classes and amounts: its checks in order, whatever the outcomes are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pandas as pd

from assay.config.gates import PerformanceMetric
from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.errors import DataError
from assay.gates.feasibility.all_rows import OutcomeReading, time_column
from assay.gates.feasibility.duplicates import check_copies, check_entities, check_overlap
from assay.gates.feasibility.findings import FeasibilityFindings
from assay.gates.feasibility.group_power import sensitive_labels
from assay.gates.feasibility.learning_curve import (
    LearningCurve,
    check_learning_curve,
    curve_figure,
    fit_curve,
    training_sizes,
)
from assay.gates.feasibility.missingness import check_missingness
from assay.gates.feasibility.periods import find_periods
from assay.gates.feasibility.reach import judge_reach
from assay.gates.feasibility.staleness import check_staleness
from assay.gates.feasibility.stationarity import unusable_time_check
from assay.gates.report import Check, Figure, Interval, Sheet, Verdict
from assay.gates.statistics.intervals import Estimate
from assay.problems.feasibility.grouped_rows import check_grouped_rows
from assay.problems.feasibility.key_columns import check_key_columns
from assay.problems.feasibility.noise_ceiling import ceiling_sheet, check_ceiling
from assay.problems.feasibility.question_rows import QuestionRows
from assay.problems.feasibility.repeated_cells import RepeatedCells
from assay.problems.feasibility.stationarity import check_stationarity
from assay.util.freed_memory import release_freed_memory
from assay.util.sorted_arrays import sorted_unique

R = TypeVar("R", bound=QuestionRows)
Found = tuple[Sequence[Check], Sequence[Sheet], Sequence[Figure]]
MIN_CASES_PER_CELL = 1.5  # outcomes of rows with equal features, on average, if not copies
Say = Callable[[str], object]


@dataclass(frozen=True)
class QuestionChecks(Generic[R]):
    """What the gate asks of a type of question.

    `refuse` names what stops at once. `describe_groups` gives what there is to say of groups before
    training; `signal`, `leakage` and `labels` the checks of that name with their sheets and
    figures, `sample_size` the rows to learn from beside its check and sheet. `bounds` are the best
    possible scores by rows with equal features, `contradictions` the check of these rows. `score`
    names the explained share of the loss, and `outcomes` the columns of `signal_targets`.
    """

    rows: type[R]
    reading: OutcomeReading
    score: str
    refuse: Callable[[R], Check | None]
    outcomes: Callable[[R], tuple[str, ...]]
    describe_groups: Callable[[R, pd.DataFrame], Found]
    signal: Callable[[R], tuple[Check, Sheet]]
    bounds: Callable[[R, RepeatedCells], dict[PerformanceMetric, Estimate]]
    sample_size: Callable[[R], tuple[Check, Sheet, float]]
    leakage: Callable[[R], Found]
    contradictions: Callable[[R, RepeatedCells], Check | None]
    labels: Callable[[R], tuple[Check | None, Sheet | None, str]]


def collect_question_findings(
    checks: QuestionChecks[R],
    rows: FrameOrTable,
    use_case: UseCase,
    findings: FeasibilityFindings,
    *,
    say: Say,
) -> R | None:
    """Add what the gate measures, apart from fairness rules, to `findings`; the rows, or None where
    the gate stopped at once. Raises DataError for columns that the use case names and rows lack.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):  # threads of a learner on shared cores cost ten times more
        try:
            data = checks.rows.from_rows(rows, use_case, use_case.seed, checks.reading)
        except DataError as error:
            if error.where:
                raise
            why = f"{error.what[0].upper()}{error.what[1:]}."
            findings.add(refusal_check("target", why, error.remedy))
            return None
        release_freed_memory()
        findings.add_notes(data)
        if refusal := _no_feature(data) or checks.refuse(data):
            findings.add(refusal)
            return None
        _run_checks(checks, data, findings, say)
    return data


def refusal_check(name: str, why: str, remedy: str | None) -> Check:
    """What stops the gate at once: a failing check, not an error."""
    claim = "The table has outcomes, and features, to learn from"
    return Check(name=name, claim=claim, verdict=Verdict.FAIL, why=why, remedy=remedy or "")


def _no_feature(data: QuestionRows) -> Check | None:
    if data.features:
        return None
    return refusal_check(
        "features",
        "No feature is left: every column is identity, sensitive, excluded or empty.",
        "Add columns that a model may use, or take some out of data.exclude.",
    )


def _run_checks(
    checks: QuestionChecks[R], data: R, findings: FeasibilityFindings, say: Say
) -> None:
    labels = sensitive_labels(data.all_rows.columns, data.use_case)
    _add(findings, checks.describe_groups(data, labels))
    say("signal: a quick learner against shuffled outcomes")
    signal, power = checks.signal(data)
    findings.add(signal, sheets=[power])
    say("reach, ceiling, learning curve: the scores that the use case asks for")
    cells = RepeatedCells.from_hashes(data.all_rows.features)
    _check_scores(checks, data, cells, findings)
    say("sample size")
    enough, needs, needed = checks.sample_size(data)
    findings.add(enough, sheets=[needs])
    say("leakage: each column alone")
    _add(findings, checks.leakage(data))
    findings.add(*check_key_columns(data))
    say("duplicates, contradictions, wrong outcomes")
    repeats = (
        check_overlap(data) if data.use_case.data.identity else _coarse_overlap(data, cells),
        check_copies(data),
        checks.contradictions(data, cells),
        check_entities(data),
    )
    findings.add(*(check for check in repeats if check))
    _check_grouped_rows(checks, data, findings, say)
    noise, doubted, why = checks.labels(data)
    findings.add(*filter(None, [noise]), sheets=[doubted] if doubted else [])
    if noise is None:
        findings.skip(why, "label_noise")
    say("time, missing values")
    _check_time(checks, data, findings, needed)


def _add(findings: FeasibilityFindings, found: Found) -> None:
    made, sheets, figures = found
    findings.add(*made, sheets=sheets, figures=figures)


def _check_scores(
    checks: QuestionChecks[R], data: R, cells: RepeatedCells, findings: FeasibilityFindings
) -> None:
    goals = data.use_case.feasibility.reach
    chosen = list(goals) or [data.use_case.performance.choose_by]
    curves = {name: _curve(data, name) for name in chosen}
    for name, goal in goals.items():
        findings.add(_reach_check(data, name, goal, curves[name]))
    bounds = checks.bounds(data, cells)
    bounded = [name for name in goals if name in bounds]
    findings.add(
        *(check_ceiling(data, cells, name, goals[name], bounds[name]) for name in bounded),
        sheets=[ceiling_sheet(bounds, goals)] if bounds else [],
    )
    if goals and not bounded:
        findings.skip(_no_bound_reason(cells, bounds), "ceiling")
    for name in chosen:
        if curve := curves[name]:
            wanted = goals.get(name)
            made = [] if wanted is None else [check_learning_curve(data, curve, wanted)]
            findings.add(*made, figures=[curve_figure(curve, wanted)])


def _no_bound_reason(cells: RepeatedCells, bounds: dict[PerformanceMetric, Estimate]) -> str:
    if bounds:
        return f"rows with equal features bound {', '.join(bounds)}, which are no targets"
    return (
        f"{cells.repeated_share:.1%} of the rows share all features with another, too few to bound"
        " what a model can do"
    )


def _curve(data: QuestionRows, name: PerformanceMetric) -> LearningCurve | None:
    import numpy as np

    sizes = training_sizes(data)
    if sizes is None:
        return None
    kind = data.answer_kind(name)
    answers = np.array([data.answers(kind, float(size / sizes[-1])) for size in sizes])
    return fit_curve(data, name, sizes, data.estimate(name, answers), data.score_unit(name))


def _reach_check(
    data: QuestionRows, name: PerformanceMetric, goal: float, curve: LearningCurve | None
) -> Check:
    answers = data.answers(data.answer_kind(name))[None, ...]
    measured = curve.estimates if curve else data.estimate(name, answers)
    low, high = measured.limits()
    found = Estimate(measured.last, Interval(low=low, high=high))
    unit = data.score_unit(name)
    return judge_reach(name, goal, found, curve, rows=len(data.sampled_rows), unit=unit)


def _coarse_overlap(data: QuestionRows, cells: RepeatedCells) -> Check:
    """Of a few coarse features, different people have the same: copies are only rows with equal
    features whose outcomes are equal too.
    """
    check = check_overlap(data)
    cases = len(sorted_unique(data.all_rows.cases))
    if check.verdict is Verdict.PASS or cases < MIN_CASES_PER_CELL * cells.count:
        return check
    why = (
        f"{cells.repeated_share:.1%} of the rows share all features with another, as they must with"
        f" {cells.count:,} different ones. {check.why}"
    )
    return check.model_copy(update={"verdict": Verdict.PASS, "why": why, "remedy": ""})


def _check_grouped_rows(
    checks: QuestionChecks[R], data: R, findings: FeasibilityFindings, say: Say
) -> None:
    if data.use_case.split.by == "time":
        findings.skip("the split goes by time, and the same people may come back", "grouped_rows")
        return
    say("grouped rows: each column whose values repeat")
    check, sheet = check_grouped_rows(data, checks.score)
    findings.add(check, sheets=[sheet] if sheet else [])


def _check_time(
    checks: QuestionChecks[R], data: R, findings: FeasibilityFindings, needed_rows: float
) -> None:
    by_time, why = find_periods(data)
    if by_time:
        made, sheets = check_stationarity(data, by_time, checks.outcomes(data))
        findings.add(*made, sheets=sheets)
    elif time_column(data.use_case):
        findings.add(unusable_time_check(why))
        findings.skip(why, "tells_time")
    else:
        findings.skip(why, "stationarity", "tells_time")
    labels = sensitive_labels(data.all_rows.columns.iloc[data.kept_rows], data.use_case)
    gaps, missing = check_missingness(data, labels, by_time, data.outcome_masks())
    findings.add(gaps, sheets=[missing] if missing.rows else [])
    stale, reason = check_staleness(data, needed_rows)
    if stale:
        findings.add(stale)
    else:
        findings.skip(reason, "staleness")
