"""What training takes from a table, whatever the question: rows, what folds go by, groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.dataset.groups import group_labels, intersect_groups
from assay.dataset.row_identity import unit_hashes
from assay.dataset.row_weights import WEIGHT_COLUMN, read_row_weights
from assay.errors import DataError
from assay.learning.estimators import (
    FieldLocator,
    KindCheck,
    make_estimator,
    no_location,
    require_classifier,
)
from assay.learning.learning_problem import LearningProblem
from assay.learning.preprocess import OutcomeKind, make_preprocessor
from assay.learning.signature import cast_frame, describe_inputs
from assay.tables.table import Table


def training_frame(table: Table, test: np.ndarray, use_case: UseCase) -> pd.DataFrame:
    """The training rows as the pipeline takes them. `test`: bool, one entry a row of `table`."""
    frame = table.to_pandas(use_case.feature_columns(table.schema.names))[~test]
    return cast_frame(frame, describe_inputs(table.description, frame))


def training_weights(table: Table, test: np.ndarray, use_case: UseCase) -> np.ndarray | None:
    """How much each training row counts, float64; None where the use case has no weights."""
    weights = read_row_weights(table, test, use_case)
    return None if weights is None else weights[~test]


def split_values(table: Table, use_case: UseCase) -> pd.Series:
    """The value that each row is split by: its time, or its unit."""
    if use_case.split.by == "time":
        name = str(use_case.split.column)
        return table.to_pandas([name])[name]
    return pd.Series(unit_hashes(table, use_case))


def make_pipeline(
    problem: LearningProblem,
    locate: FieldLocator,
    *,
    outcomes: OutcomeKind = "binary",
    check: KindCheck = require_classifier,
) -> Pipeline:
    """The candidate's unfitted pipeline, its steps named `prepare` and `model`."""
    rows, candidate, use_case = problem.rows, problem.candidate, problem.use_case
    prepare = make_preprocessor(
        rows,
        seed=use_case.seed,
        outcomes=outcomes,
        overrides=candidate.preprocess,
        path=use_case.candidate_path(candidate),
        locate=locate,
    )
    model = make_estimator(candidate, use_case, locate, check)
    return Pipeline([("prepare", prepare), ("model", model)])


def require_free_names(
    use_case: UseCase, taken: Iterable[str], locate: FieldLocator = no_location
) -> None:
    """Raise DataError for a sensitive column with the name of a column of the answers, among which
    are the weights where the use case has some.
    """
    names = {*taken, *([WEIGHT_COLUMN] if use_case.data.weight else [])}
    for name in use_case.data.sensitive:
        if name in names:
            raise DataError(
                f"a sensitive column cannot be called {name!r}",
                where=locate(("data", "sensitive", name)),
                remedy="Rename it in the source.",
            )


def group_columns(frame: pd.DataFrame, rows: np.ndarray, use_case: UseCase) -> dict[str, pa.Array]:
    """The groups of these rows of the table, text, by sensitive column.

    They are labelled over all rows of `frame`, so that the groups do not depend on the split.
    """
    found = {}
    for name, declared in use_case.data.sensitive.items():
        labels = group_labels(frame[name], declared, name).to_numpy(dtype=object)
        found[name] = pa.array(labels[rows], pa.string())
    return found


def mitigation_groups(frame: pd.DataFrame, by: Sequence[str], use_case: UseCase) -> np.ndarray:
    """Text labels of the rows' groups: of one column, or of the intersection of several."""
    labels = [group_labels(frame[name], use_case.data.sensitive[name], name) for name in by]
    found: np.ndarray = intersect_groups(labels).to_numpy(dtype=object)
    return found


def group_inputs(candidate: Candidate, use_case: UseCase) -> list[dict[str, Any]]:
    """The columns that make a row's group, as a signature names them; none without mitigation."""
    by, declared = candidate.mitigate.by if candidate.mitigate else (), use_case.data.sensitive
    return [{"name": name, "bins": list(declared[name].bins)} for name in by]
