"""What every mitigation works on, and what it yields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from assay.config.candidates import Mitigation
from assay.errors import DataError
from assay.learning import fit
from assay.learning.estimators import FieldLocator, no_location
from assay.learning.learning_problem import FitProgress, LearningProblem
from assay.learning.search import SearchOutcome


@dataclass(frozen=True)
class MitigationInputs:
    """One mitigated candidate's training rows, what its search found, and the rows' groups.

    `groups` are text labels, one a row. `pipeline` makes an unfitted pipeline with its parameters
    set, its steps named `prepare` and `model`.
    """

    problem: LearningProblem
    outcome: SearchOutcome
    groups: np.ndarray
    pipeline: Callable[[], Any]
    say: FitProgress
    locate: FieldLocator = no_location

    @property
    def mitigation(self) -> Mitigation:
        assert self.problem.candidate.mitigate is not None, "there is something to mitigate"
        return self.problem.candidate.mitigate

    @property
    def strength(self) -> float:
        return self.mitigation.strength[0]

    @property
    def by(self) -> str:
        """The groups' columns, for people."""
        return " & ".join(self.mitigation.by)

    @cached_property
    def plain_model(self) -> fit.Plain:
        """The model before any mitigation."""
        return fit.fit_plain_model(self.pipeline(), self.problem, self.outcome.scores)

    @property
    def unmitigated_decisions(self) -> np.ndarray:
        return fit.unmitigated_decisions(self.outcome, self.problem.use_case)

    def groups_error(self, message: str, remedy: str) -> DataError:
        """About the groups, with the place in the use case where they are asked for."""
        where = self.locate(
            (*self.problem.use_case.candidate_path(self.problem.candidate), "mitigate", "by")
        )
        return DataError(message, where=where, remedy=remedy)

    def with_both_outcomes(self, names: list[str]) -> list[str]:
        """The groups among `names` that have both outcomes in training."""
        truth = self.problem.truth
        return [n for n in names if len(np.unique(truth[self.groups == n])) == 2]


@dataclass(frozen=True)
class MitigatedModel:
    """A model with its answers out of fold.

    `probability` is float64 a training row, NaN where it was never held out; `decision` is bool.
    `out_of_fold` marks the rows whose decision comes from a model that was not fitted to them.
    `metadata` is a JSON value about the mitigation: its fits, groups without a rule.
    """

    model: Any
    probability: np.ndarray
    decision: np.ndarray
    out_of_fold: np.ndarray
    metadata: dict[str, Any] = field(default_factory=dict)
