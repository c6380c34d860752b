"""The fairness gate's report of a yes or no, with who waits for a person."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from assay.config.use_case import UseCase
from assay.gates.fairness import gate
from assay.gates.report import Check, Report, overall_verdict
from assay.gates.statistics.cluster_errors import cluster_rows
from assay.learning.abstention import ANSWER
from assay.problems.binary.machine_answers import (
    GROUPS_TITLE,
    MachineAnswers,
    check_waiting,
    describe_waiting,
    group_sheet,
)
from assay.problems.weighted_rows import take_weights


def audit_fairness(
    answers: pd.DataFrame,
    use_case: UseCase,
    *,
    subject: str,
    units: pd.Series | None = None,
    declarations: Sequence[Check] = (),
) -> Report:
    """As `ProblemType.audit_fairness`. Gaps are of the decisions for every row, as if no row were
    left to a person; who waits for one, and what the machine decides alone, stands beside them.
    """
    held = take_weights(answers, use_case)
    units = held.repeat(units)
    report = gate.audit_fairness(
        held.answers.drop(columns=ANSWER, errors="ignore"),
        use_case.fairness,
        use_case.data.sensitive,
        subject=subject,
        seed=use_case.seed,
        units=units,
        weights=held.weights,
        declarations=declarations,
    )
    asked = use_case.performance.abstain
    if asked is None or ANSWER not in held.answers or not use_case.data.sensitive:
        return report
    machine = MachineAnswers.of(held.answers, use_case.data.sensitive)
    clusters = cluster_rows(units, held.weights)
    checks = (*report.checks, check_waiting(machine, asked, clusters))
    return report.model_copy(
        update={
            "checks": checks,
            "verdict": overall_verdict(checks),
            "summary": f"{report.summary} {describe_waiting(machine, clusters)}",
            "sheets": (*report.sheets, group_sheet(machine, clusters)),
            "notes": (
                *report.notes,
                f"Gaps are of all rows, as if none were left to a person; see {GROUPS_TITLE!r}.",
            ),
        }
    )
