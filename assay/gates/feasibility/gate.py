"""The feasibility gate: can these data answer this question at all?

Made before a minute of tuning is spent, by a quick learner and by counting. Everything follows
from the rows, the use case and the seed: the same inputs give the same report.
"""

from __future__ import annotations

from collections.abc import Callable

from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.errors import DataError
from assay.gates.feasibility.all_rows import read_outcomes, time_column
from assay.gates.feasibility.ceiling import check_ceiling
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.duplicates import check_duplicates
from assay.gates.feasibility.findings import FeasibilityFindings
from assay.gates.feasibility.group_power import check_group_power, sensitive_labels
from assay.gates.feasibility.grouped_rows import check_grouped_rows
from assay.gates.feasibility.label_noise import check_label_noise
from assay.gates.feasibility.labelled_rows import FOLDS
from assay.gates.feasibility.leakage import check_leakage
from assay.gates.feasibility.learning_curve import (
    LearningCurve,
    check_learning_curve,
    curve_figure,
    fit_learning_curve,
)
from assay.gates.feasibility.missingness import check_missingness
from assay.gates.feasibility.periods import find_periods
from assay.gates.feasibility.reach import check_reach
from assay.gates.feasibility.sample_size import check_sample_size
from assay.gates.feasibility.signal import check_signal
from assay.gates.feasibility.staleness import check_staleness
from assay.gates.feasibility.stationarity import check_stationarity, unusable_time_check
from assay.gates.report import Check, Report, Verdict
from assay.util.freed_memory import release_freed_memory
from assay.util.sorted_arrays import sorted_unique

MIN_CLASS_ROWS = 20  # rows of each class, below which nothing can be estimated

ProgressCallback = Callable[[str], object]


def _ignore_progress(_text: str) -> None:
    """Nobody listens."""


def assess_feasibility(
    rows: FrameOrTable,
    use_case: UseCase,
    *,
    seed: int | None = None,
    say: ProgressCallback = _ignore_progress,
) -> Report:
    """Judge a frame or a stored table against the question before anything is trained on it.

    `seed` defaults to the use case's; `say` is told of each check as it begins. A table is read
    once, in bounded memory. Rows without a label are left out and counted. What stops at once
    (no target, one class, no feature) is a failing check, not an error. Raises DataError for
    columns that the use case names and the table lacks, and for sensitive columns that form no
    groups.
    """
    return finish_report(collect_findings(rows, use_case, seed=seed, say=say), rows, use_case)


def collect_findings(
    rows: FrameOrTable,
    use_case: UseCase,
    *,
    seed: int | None = None,
    say: ProgressCallback = _ignore_progress,
) -> FeasibilityFindings:
    """All of `assess_feasibility` that the fairness rules have no say in: what takes the time."""
    from threadpoolctl import threadpool_limits

    answer = FeasibilityFindings(use_case)
    # Threads of the learner, left free on shared cores, have been seen to take ten times as long.
    with threadpool_limits(limits=1):
        try:
            material = FeasibilityData.from_rows(
                rows, use_case, use_case.seed if seed is None else seed
            )
        except DataError as error:
            if error.where:
                raise
            why = f"{error.what[0].upper()}{error.what[1:]}."
            answer.add(_refusal_check("target", why, error.remedy))
            return answer
        release_freed_memory()  # reading holds a wide table several times
        answer.add_notes(material)
        if refusal := _too_little_data(material) or _too_few_entities(material):
            answer.add(refusal)
        else:
            _run_checks(material, answer, say)
    return answer


def finish_report(findings: FeasibilityFindings, rows: FrameOrTable, use_case: UseCase) -> Report:
    """The report: what was found, held against the fairness rules. Needs the target and the
    sensitive columns alone.
    """
    if not findings.has_refusal and use_case.fairness:
        truth, columns = read_outcomes(rows, use_case)
        checks, sheets, figures = check_group_power(
            truth, sensitive_labels(columns, use_case), use_case
        )
        findings.add(*checks, sheets=sheets, figures=figures)
    return findings.report()


def _run_checks(
    data: FeasibilityData, findings: FeasibilityFindings, say: ProgressCallback
) -> None:
    labels = sensitive_labels(data.all_rows.columns, data.use_case)
    findings.add_base_rates(data, labels)
    say("signal: a quick learner against shuffled labels")
    signal, power = check_signal(data)
    findings.add(signal, sheets=[power])
    say("reach, ceiling, learning curve: the scores that the use case asks for")
    _check_scores(data, findings)
    say("sample size")
    enough, needs, needed = check_sample_size(data)
    findings.add(enough, sheets=[needs])
    say("leakage: each column alone")
    leaks, single, figure = check_leakage(data)
    findings.add(*leaks, sheets=[single], figures=[figure])
    say("duplicates, contradictions, wrong labels")
    findings.add(*check_duplicates(data))
    _check_grouped_rows(data, findings, say)
    noise, doubted = check_label_noise(data)
    findings.add(*filter(None, [noise]), sheets=[doubted])
    say("time, missing values")
    _check_time(data, findings, needed)


def _check_scores(data: FeasibilityData, findings: FeasibilityFindings) -> None:
    goals = data.use_case.feasibility.reach
    chosen = list(goals) or [data.use_case.performance.choose_by]
    curves: dict[str, LearningCurve | None] = {
        name: fit_learning_curve(data, name) for name in chosen
    }
    bounds, sheet = check_ceiling(data, goals)
    for name, goal in goals.items():
        findings.add(check_reach(data, name, goal, curves[name]))
    findings.add(*bounds, sheets=[sheet] if sheet else [])
    for name in chosen:
        if curve := curves[name]:
            wanted = goals.get(name)
            checks = [] if wanted is None else [check_learning_curve(data, curve, wanted)]
            findings.add(*checks, figures=[curve_figure(curve, wanted)])


def _check_grouped_rows(
    data: FeasibilityData, findings: FeasibilityFindings, say: ProgressCallback
) -> None:
    if data.use_case.split.by == "time":
        findings.skip("the split goes by time, and the same people may come back", "grouped_rows")
        return
    say("grouped rows: each column whose values repeat")
    check, sheet = check_grouped_rows(data)
    findings.add(check, sheets=[sheet] if sheet else [])


def _check_time(data: FeasibilityData, findings: FeasibilityFindings, needed_rows: float) -> None:
    by_time, why = find_periods(data)
    if by_time:
        checks, sheets = check_stationarity(data, by_time)
        findings.add(*checks, sheets=sheets)
    elif time_column(data.use_case):
        findings.add(unusable_time_check(why))
        findings.skip(why, "tells_time")
    else:
        findings.skip(why, "stationarity", "tells_time")
    labels = sensitive_labels(data.all_rows.columns.iloc[data.kept_rows], data.use_case)
    gaps, missing = check_missingness(data, labels, by_time)
    findings.add(gaps, sheets=[missing] if missing.rows else [])
    stale, reason = check_staleness(data, needed_rows)
    if stale:
        findings.add(stale)
    else:
        findings.skip(reason, "staleness")


def _too_little_data(data: FeasibilityData) -> Check | None:
    truth = data.all_rows.truth
    rarest = int(min(truth.sum(), (~truth).sum()))
    if rarest < MIN_CLASS_ROWS:
        return _refusal_check(
            "classes",
            f"The rarer outcome has {rarest} rows; at least {MIN_CLASS_ROWS} are needed.",
            f"Add at least {MIN_CLASS_ROWS - rarest} rows of that outcome.",
        )
    if not data.features:
        return _refusal_check(
            "features",
            "No feature is left: every column is identity, sensitive, excluded or empty.",
            "Add columns that a model may use, or take some out of data.exclude.",
        )
    return None


def _too_few_entities(data: FeasibilityData) -> Check | None:
    """Each fold needs entities with positives and entities with negatives."""
    counts = [len(sorted_unique(data.units[data.labels == side])) for side in (True, False)]
    if min(counts) >= FOLDS:
        return None
    return _refusal_check(
        "classes",
        f"The rows of one outcome belong to {min(counts)} entities; {FOLDS} folds need {FOLDS}.",
        "Add rows of other entities, or check data.identity and split.column.",
    )


def _refusal_check(name: str, why: str, remedy: str | None) -> Check:
    claim = "The table has rows of both outcomes, and features, to learn from"
    return Check(name=name, claim=claim, verdict=Verdict.FAIL, why=why, remedy=remedy or "")
