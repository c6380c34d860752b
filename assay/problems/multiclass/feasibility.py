"""The feasibility gate of several classes: can these data answer which of them?"""

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
from assay.gates.feasibility.group_power import check_group_power, rate_rules, sensitive_labels
from assay.gates.feasibility.labelled_rows import FOLDS
from assay.gates.report import Check, Report, Sheet
from assay.gates.statistics.intervals import Estimate
from assay.problems.feasibility.gate import (
    Found,
    QuestionChecks,
    collect_question_findings,
    refusal_check,
)
from assay.problems.feasibility.repeated_cells import RepeatedCells
from assay.problems.multiclass.ceiling import check_contradictions, noise_bounds
from assay.problems.multiclass.class_rows import CLASSES, ClassRows
from assay.problems.multiclass.label_noise import check_label_noise
from assay.problems.multiclass.sample_size import check_sample_size
from assay.problems.multiclass.signal import check_signal
from assay.problems.multiclass.single_columns import check_leakage
from assay.problems.multiclass.unlisted_outcomes import check_unlisted_outcomes

MIN_ROWS = 20
_OF_ALL_CLASSES = frozenset({"accuracy_score", "zero_one_loss"})


def collect_findings(
    table: FrameOrTable, use_case: UseCase, *, say: Callable[[str], object]
) -> dict[str, Any]:
    """All that the fairness rules have no say in, as JSON: what takes the time.

    Rows without a class are left out and counted. What stops at once (no target, a class without
    rows, no feature) is a failing check. Raises DataError for columns that the use case names and
    the table lacks, and for sensitive columns that form no groups.
    """
    findings = FeasibilityFindings(use_case)
    data = collect_question_findings(_CHECKS, table, use_case, findings, say=say)
    if data is not None and (unlisted := check_unlisted_outcomes(table, use_case)):
        findings.add(unlisted)
    return findings.as_json()


def judge_feasibility(found: dict[str, Any], table: FrameOrTable, use_case: UseCase) -> Report:
    """The report: what was found, held against the fairness rules, one class against the rest."""
    findings = FeasibilityFindings.from_json(use_case, found)
    if not findings.has_refusal and use_case.fairness:
        truth, columns = read_outcomes(table, use_case, CLASSES)
        _add_group_power(findings, truth, sensitive_labels(columns, use_case), use_case)
    return findings.report()


def _add_group_power(
    findings: FeasibilityFindings, truth: np.ndarray, labels: pd.DataFrame, use_case: UseCase
) -> None:
    classes = use_case.data.target.class_labels
    rules = rate_rules(use_case)
    for code, name in enumerate(classes):
        own = [
            (rule, metric)
            for rule, metric in rules
            if metric not in _OF_ALL_CLASSES and (not rule.classes or name in rule.classes)
        ]
        if own:
            checks, sheets, figures = check_group_power(
                truth == code, labels, use_case, outcome=name, rules=own, outcomes=len(classes)
            )
            findings.add(*checks, sheets=sheets, figures=figures)
    if whole := [pair for pair in rules if pair[1] in _OF_ALL_CLASSES]:
        checks, sheets, figures = check_group_power(
            np.ones(len(truth), dtype=bool), labels, use_case, rules=whole
        )
        findings.add(*checks, sheets=sheets, figures=figures)


def _refuse(data: ClassRows) -> Check | None:
    counts = np.bincount(data.all_rows.truth, minlength=len(data.classes))
    total = int(counts.sum())
    if absent := [name for name, n in zip(data.classes, counts, strict=True) if not n]:
        return refusal_check(
            "classes",
            f"No row has the class {', '.join(absent)}.",
            "Add rows of it, or take it out of data.target.classes.",
        )
    if total < MIN_ROWS:
        return refusal_check(
            "classes",
            f"{total} rows have a class; at least {MIN_ROWS} are needed.",
            f"Add at least {MIN_ROWS - total} rows.",
        )
    if (units := len(np.unique(data.units))) < FOLDS:
        return refusal_check(
            "classes",
            f"The rows belong to {units} entities; {FOLDS} folds need {FOLDS}.",
            "Add rows of other entities, or check data.identity and split.column.",
        )
    if (most := int(counts.max())) > total - 2:
        return refusal_check(
            "classes",
            f"{most:,} of {total:,} rows have one class: there is nothing to tell apart.",
            "Add rows of the other classes.",
        )
    return None


def _describe_groups(data: ClassRows, labels: pd.DataFrame) -> Found:
    sheets = [_group_sheet(data, labels[name]) for name in labels.columns]
    return representation_checks(labels, data.use_case.data.sensitive), sheets, ()


def _group_sheet(data: ClassRows, labels: pd.Series) -> Sheet:
    counts = pd.crosstab(labels.to_numpy(), data.all_rows.truth)
    counts = counts.reindex(columns=range(len(data.classes)), fill_value=0)
    sizes = counts.sum(axis=1)
    order = sizes.sort_values(ascending=False, kind="stable").index
    return Sheet(
        title=f"Classes by {labels.name}",
        columns=(str(labels.name), "rows", "share", *data.classes),
        rows=tuple(
            (
                str(group),
                int(sizes[group]),
                float(sizes[group] / len(labels)),
                *(float(n / sizes[group]) for n in counts.loc[group]),
            )
            for group in order
        ),
        note="The share of each class in a group. A gap here is of the data, before any model.",
    )


def _bounds(data: ClassRows, cells: RepeatedCells) -> dict[PerformanceMetric, Estimate]:
    return noise_bounds(cells, data.all_rows.truth, len(data.classes), data.seed)


def _outcomes(data: ClassRows) -> tuple[str, ...]:
    return tuple(f"The share of {name}" for name in data.classes)


_CHECKS: Final = QuestionChecks(
    rows=ClassRows,
    reading=CLASSES,
    score="Brier skill",
    refuse=_refuse,
    outcomes=_outcomes,
    describe_groups=_describe_groups,
    signal=check_signal,
    bounds=_bounds,
    sample_size=check_sample_size,
    leakage=check_leakage,
    contradictions=check_contradictions,
    labels=check_label_noise,
)
