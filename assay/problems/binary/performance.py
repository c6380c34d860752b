"""The performance gate's report of a yes or no, with what is sent to a person."""

from __future__ import annotations

from typing import Any

import pandas as pd

from assay.config.use_case import UseCase
from assay.gates.performance import gate
from assay.gates.report import Report, overall_verdict
from assay.gates.statistics.cluster_errors import cluster_rows
from assay.learning.abstention import ANSWER, AbstainRule
from assay.problems.binary.machine_answers import (
    MachineAnswers,
    check_machine_answers,
    describe_waiting,
    machine_sheet,
)
from assay.problems.problem_type import TestRows
from assay.problems.weighted_rows import take_weights


def judge_performance(
    answers: pd.DataFrame,
    use_case: UseCase,
    about: dict[str, Any],
    rows: TestRows,
    *,
    subject: str,
) -> Report:
    """As `ProblemType.judge_performance`. All scores are of the decisions for every row, as if no
    row were left to a person; what the machine decides alone is judged beside them.
    """
    held = take_weights(answers, use_case)
    rows = held.repeat_rows(rows)
    report = gate.judge_performance(
        held.answers.drop(columns=ANSWER, errors="ignore"),
        use_case.performance,
        subject=subject,
        prevalence=about["prevalence"],
        champion=rows.champion,
        newest_rows=rows.newest,
        challenger_number=rows.challenger_number,
        features=rows.features,
        threshold=about["threshold"],
        units=rows.units,
        weights=held.weights,
        seed=use_case.seed,
    )
    asked = use_case.performance.abstain
    if asked is None or ANSWER not in held.answers:
        return report
    machine = MachineAnswers.of(held.answers, use_case.data.sensitive)
    rule = AbstainRule.from_json(about["abstain"])
    clusters = cluster_rows(rows.units, held.weights)
    checks = (
        *report.checks,
        *check_machine_answers(machine, asked, use_case.performance.calibration_error, clusters),
    )
    return report.model_copy(
        update={
            "checks": checks,
            "verdict": overall_verdict(checks),
            "summary": f"{report.summary} {describe_waiting(machine, clusters)}",
            "sheets": (*report.sheets, machine_sheet(machine, rule, clusters)),
            "notes": (
                *report.notes,
                "Scores, costs and slices are of all rows, as if none were left to a person.",
            ),
        }
    )
