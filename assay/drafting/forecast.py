"""What the gates say of a draft, asked of the gates themselves, and what its training takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from assay.config.loaded_use_case import LoadedUseCase
from assay.drafting.candidates_draft import count_fits
from assay.drafting.use_case_draft import UseCaseDraft
from assay.gates.report import Report
from assay.gates.validation.gate import validate_table
from assay.problems.lookup import problem_type
from assay.tables.table import Table


@dataclass(frozen=True)
class Forecast:
    """The reports of validation and feasibility, and how many fits training takes."""

    validation: Report
    feasibility: Report
    fits: int

    @property
    def reports(self) -> tuple[Report, Report]:
        return self.validation, self.feasibility


def foresee_gates(
    draft: UseCaseDraft, table: Table, written: LoadedUseCase, *, say: Callable[[str], object]
) -> Forecast:
    """Hold a table of the draft's data against the draft. Raises ConfigError, DataError."""
    use_case = written.use_case
    problem = problem_type(use_case.data.target)
    problem.check_candidates(use_case, written.text.locate)
    judged = validate_table(
        table,
        use_case.expectations,
        target=use_case.data.target,
        check_target=problem.check_outcomes,
        subject=use_case.name,
        locate=written.text.locate,
    )
    found = problem.collect_findings(table, use_case, say=say)
    feasibility = problem.judge_feasibility(found, table, use_case)
    fits = count_fits(list(draft.candidates), use_case.search.folds)
    return Forecast(judged.report, feasibility, fits)
