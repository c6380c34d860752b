"""What the types have in common when they read a file of predictions made anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from assay.errors import ConfigError
from assay.problems.problem_type import AuditRequest, ProblemType

if TYPE_CHECKING:
    import pandas as pd

    from assay.dataset.row_weights import Floats


def refuse_options(problem: ProblemType, given: Mapping[str, object]) -> None:
    """Raise ConfigError for the first option that has a value and no meaning for the question."""
    for option, value in given.items():
        if value is not None:
            raise ConfigError(
                f"{option} has no meaning for a question that asks {problem.question}",
                remedy="Leave it out.",
            )


def weigh_frame(frame: pd.DataFrame, request: AuditRequest) -> tuple[pd.DataFrame, Floats | None]:
    """The rows that count, and how much each does; None where all count alike. Rows that stand for
    several observed ones are repeated. Raises DataError for weights that are none.
    """
    import numpy as np
    import pyarrow as pa

    from assay.dataset.row_weights import weight_values
    from assay.gates.fairness.external_predictions import check_present

    declared = request.weight
    if declared is None:
        return frame, None
    check_present(frame, declared.column)
    column = pa.chunked_array([pa.Array.from_pandas(frame[declared.column])])
    weights = weight_values(column, declared)
    if declared.kind == "frequency":
        rows = np.repeat(np.arange(len(frame)), weights.astype(np.int64))
        return frame.iloc[rows].reset_index(drop=True), None
    counted = weights > 0
    return frame[counted].reset_index(drop=True), weights[counted]
