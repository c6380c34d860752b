"""What training hands over, whatever is answered: bytes, signature, answers, timing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.dataset.row_weights import WEIGHT_COLUMN, read_row_weights
from assay.learning.learning_problem import LearningProblem
from assay.learning.model_codec import dump_model
from assay.learning.one_thread import one_thread
from assay.learning.scoring_model import ScoringModel
from assay.learning.signature import add_ranges, answer_signature, describe_inputs
from assay.learning.timing import measure_timing
from assay.learning.train import TrainedCandidate
from assay.learning.training_rows import group_columns, group_inputs
from assay.tables.table import Table


@dataclass(frozen=True)
class AnswerColumns:
    """The columns of a type's answers, as a signature's outputs, what they are in, and the type of
    question.
    """

    outputs: tuple[dict[str, Any], ...]
    problem: str
    meaning: dict[str, Any]


@dataclass(frozen=True)
class OutOfFoldAnswers:
    """The answers to the training rows that a fold held out, by their numbers among the training
    rows (int64), and the candidate's cross-validated score.
    """

    rows: np.ndarray
    frame: pd.DataFrame
    score: float


def hand_over(
    fitted: Any,
    problem: LearningProblem,
    *,
    table: Table,
    test: np.ndarray,
    truth: pa.Array,
    out_of_fold: OutOfFoldAnswers,
    columns: AnswerColumns,
    params: dict[str, Any],
    calibrate: str | None,
    outcomes: dict[str, Any],
    fit_seconds: float,
    technical: dict[str, Any] | None = None,
    needs_groups: bool = False,
) -> TrainedCandidate:
    """The outputs of training. `truth` has an entry for each row of `table`, `test` is a bool each.
    `technical` says more of the model; `needs_groups`: its decisions depend on a row's group.

    All but the timing follows from the inputs, byte for byte.
    """
    use_case = problem.use_case
    frame = table.to_pandas(list(use_case.data.sensitive))
    weights = read_row_weights(table, test, use_case)
    data = dump_model(fitted)
    entries = add_ranges(describe_inputs(table.description, problem.rows), problem.rows)
    described = answer_signature(
        entries,
        columns.outputs,
        columns.problem,
        columns.meaning,
        group_inputs(problem.candidate, use_case) if needs_groups else None,
    )
    served = ScoringModel(fitted, described)
    tested = table.to_pandas(served.columns)[test]
    with one_thread():
        answers = served.predict(tested)

    def as_table(rows: np.ndarray, answers: pd.DataFrame) -> pa.Table:
        found = {"row": pa.array(rows, pa.int64()), "truth": truth.take(pa.array(rows))}
        for one in columns.outputs:
            kind = pa.float64() if one["type"] == "number" else pa.string()
            found[one["name"]] = pa.array(answers[one["name"]].to_numpy(), kind)
        if weights is not None:
            found[WEIGHT_COLUMN] = pa.array(weights[rows], pa.float64())
        return pa.table(found | group_columns(frame, rows, use_case))

    learning = np.flatnonzero(~test)[out_of_fold.rows]
    return TrainedCandidate(
        model=data,
        signature=described,
        predictions=as_table(np.flatnonzero(test), answers),
        held_out=as_table(learning, out_of_fold.frame),
        metadata=_describe_candidate(problem, params, calibrate, out_of_fold.score),
        outcomes={"outcomes": outcomes},
        technical={
            "bytes": len(data),
            "features": len(entries),
            "rows": len(problem.rows),
            **(technical or {}),
        },
        timing={"fit": fit_seconds, **measure_timing(served, tested, len(data))},
    )


def _describe_candidate(
    problem: LearningProblem, params: dict[str, Any], calibrate: str | None, score: float
) -> dict[str, Any]:
    candidate = problem.candidate
    return {
        "candidate": candidate.title,
        "estimator": candidate.estimator,
        "choose_by": problem.use_case.performance.choose_by,
        "cross_validated": score,
        "params": params,
        "calibrate": calibrate,
        "threshold": None,
        "mitigate": candidate.mitigate.model_dump(mode="json") if candidate.mitigate else None,
    }
