"""The feasibility gate of amounts: can these data answer how much?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.config.gates import PerformanceMetric
from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.gates.feasibility.all_rows import read_outcomes
from assay.gates.feasibility.base_rates import representation_checks
from assay.gates.feasibility.findings import FeasibilityFindings
from assay.gates.feasibility.group_power import sensitive_labels
from assay.gates.feasibility.labelled_rows import FOLDS
from assay.gates.report import Check, Report, Sheet, Verdict
from assay.gates.statistics.intervals import Estimate
from assay.gates.statistics.means import mean_estimate
from assay.problems.feasibility.gate import (
    Found,
    QuestionChecks,
    collect_question_findings,
    refusal_check,
)
from assay.problems.feasibility.repeated_cells import RepeatedCells
from assay.problems.regression.amount_rows import AMOUNTS, MEAN, AmountRows
from assay.problems.regression.ceiling import noise_bounds
from assay.problems.regression.group_power import check_group_power, plan_metrics
from assay.problems.regression.sample_size import check_sample_size
from assay.problems.regression.signal import check_signal
from assay.problems.regression.single_columns import check_leakage
from assay.util.wording import row_number

MIN_ROWS = 20
SHOWN_ROWS = 10
_NO_NOISE = "an error in an amount cannot be told from chance; the rows to look at are listed"


def collect_findings(
    table: FrameOrTable, use_case: UseCase, *, say: Callable[[str], object]
) -> dict[str, Any]:
    """All that the fairness rules have no say in, as JSON: what takes the time.

    Rows without an amount are left out and counted. What stops at once (no target, one amount, no
    feature) is a failing check. Raises DataError for columns that the use case names and the table
    lacks, and for sensitive columns that form no groups.
    """
    findings = FeasibilityFindings(use_case)
    data = collect_question_findings(_CHECKS, table, use_case, findings, say=say)
    return {**findings.as_json(), "moments": {} if data is None else plan_metrics(data)}


def judge_feasibility(found: dict[str, Any], table: FrameOrTable, use_case: UseCase) -> Report:
    """The report: what was found, held against the fairness rules."""
    findings = FeasibilityFindings.from_json(use_case, found)
    if not findings.has_refusal and use_case.fairness:
        _, columns = read_outcomes(table, use_case, AMOUNTS)
        checks, sheets, figures = check_group_power(
            found["moments"], sensitive_labels(columns, use_case), use_case
        )
        findings.add(*checks, sheets=sheets, figures=figures)
    return findings.report()


def _refuse(data: AmountRows) -> Check | None:
    total = len(data.all_rows.truth)
    if total < MIN_ROWS:
        return refusal_check(
            "classes",
            f"{total} rows have an amount; at least {MIN_ROWS} are needed.",
            f"Add at least {MIN_ROWS - total} rows.",
        )
    if (units := len(np.unique(data.units))) < FOLDS:
        return refusal_check(
            "classes",
            f"The rows belong to {units} entities; {FOLDS} folds need {FOLDS}.",
            "Add rows of other entities, or check data.identity and split.column.",
        )
    return None


def _describe_groups(data: AmountRows, labels: pd.DataFrame) -> Found:
    sheets = [_group_sheet(data, labels[name]) for name in labels.columns]
    return representation_checks(labels, data.use_case.data.sensitive), sheets, ()


def _group_sheet(data: AmountRows, labels: pd.Series) -> Sheet:
    amounts = pd.Series(data.all_rows.truth).groupby(labels.to_numpy())
    rows = []
    for group, of_group in sorted(amounts, key=lambda pair: (-len(pair[1]), str(pair[0]))):
        mean = mean_estimate(of_group)
        share = len(of_group) / len(labels)
        quantiles = of_group.quantile([0.5, 0.9])
        ends = (mean.interval.low, mean.interval.high)
        rows.append((str(group), len(of_group), share, mean.value, *ends, *map(float, quantiles)))
    return Sheet(
        title=f"Amounts by {labels.name}",
        columns=(str(labels.name), "rows", "share", "mean", "low", "high", "median", "90 % below"),
        rows=tuple(rows),
        note=f"In {data.use_case.data.target.unit}. A gap here is of the data, before any model.",
    )


def _bounds(data: AmountRows, cells: RepeatedCells) -> dict[PerformanceMetric, Estimate]:
    return noise_bounds(cells, data.all_rows.truth, data.seed)


def _contradictions(data: AmountRows, cells: RepeatedCells) -> Check | None:
    """Soft: what rows with equal features differ by, against the smallest useful share of it."""
    bounds = _bounds(data, cells)
    if not bounds:
        return None
    ceiling = bounds["r2"]
    high = ceiling.interval.high if ceiling.interval.high is not None else 1.0
    useful = 0.05
    return Check(
        name="contradictions",
        claim="Rows with equal features leave something for a model to explain",
        verdict=Verdict.CAUTION if high < useful else Verdict.PASS,
        statistic="share of the variance between rows with different features",
        estimate=ceiling.value,
        interval=ceiling.interval,
        threshold=useful,
        why=f"Rows with equal features differ by {bounds['rmse'].value:.4g}"
        f" {data.use_case.data.target.unit} (standard deviation), which no model can explain: R2"
        f" {ceiling.value:.3f} at most.",
        remedy="Add columns that tell these rows apart." if high < useful else "",
        hard=False,
        rows=len(cells.codes),
    )


def _labels(data: AmountRows) -> tuple[Check | None, Sheet | None, str]:
    """No check: of one amount nobody can tell whether it is wrong. The rows to look at first."""
    answers = data.answers(MEAN)
    sizes = np.abs(data.residuals(answers)[:, 0])
    first = np.argsort(-sizes, kind="stable")[:SHOWN_ROWS]
    number = data.kept_rows[data.sampled_rows]
    sheet = Sheet(
        title="Amounts to look at first",
        columns=("labelled row", "amount", "expected"),
        rows=tuple(
            (row_number(int(number[i])), float(data.labels[i]), float(answers[i])) for i in first
        ),
        note="The rows farthest from what a quick learner expects. Rows are numbered from 1, those"
        " without an amount left out.",
    )
    return None, sheet, _NO_NOISE


def _outcomes(data: AmountRows) -> tuple[str, ...]:
    target = data.use_case.data.target
    return (f"The mean {'logarithm of ' if target.log else ''}{target.column}",)


_CHECKS: Final = QuestionChecks(
    rows=AmountRows,
    reading=AMOUNTS,
    score="R2",
    refuse=_refuse,
    outcomes=_outcomes,
    describe_groups=_describe_groups,
    signal=check_signal,
    bounds=_bounds,
    sample_size=check_sample_size,
    leakage=check_leakage,
    contradictions=_contradictions,
    labels=_labels,
)
