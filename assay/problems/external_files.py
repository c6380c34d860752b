"""What the types have in common when they read a file of predictions made anywhere."""

from __future__ import annotations

from collections.abc import Mapping

from assay.errors import ConfigError
from assay.problems.problem_type import ProblemType


def refuse_options(problem: ProblemType, given: Mapping[str, object]) -> None:
    """Raise ConfigError for the first option that has a value and no meaning for the question."""
    for option, value in given.items():
        if value is not None:
            raise ConfigError(
                f"{option} has no meaning for a question that asks {problem.question}",
                remedy="Leave it out.",
            )
