"""One candidate, from the training rows to the model's bytes and its answers on the test rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.dataset.row_weights import WEIGHT_COLUMN, Floats, read_row_weights
from assay.dataset.target import labels_from_column, read_labels
from assay.learning import fit
from assay.learning.estimators import FieldLocator, no_location
from assay.learning.folds import make_folds
from assay.learning.learning_problem import FitProgress, LearningProblem
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs
from assay.learning.mitigation.methods import mitigate_model
from assay.learning.mitigation.models import needs_groups
from assay.learning.model_codec import dump_model
from assay.learning.one_thread import one_thread
from assay.learning.scores import compute_score, cost_threshold
from assay.learning.scoring_model import ScoringModel
from assay.learning.search import SearchOutcome, search_parameters, set_model_params
from assay.learning.signature import add_ranges, cast_frame, describe_inputs, model_signature
from assay.learning.timing import measure_timing
from assay.learning.training_rows import (
    group_columns,
    group_inputs,
    make_pipeline,
    mitigation_groups,
    require_free_names,
    split_values,
    training_weights,
)
from assay.tables.table import Table

PREDICTION_COLUMNS = ("row", "truth", "probability", "decision")
UNMITIGATED = "unmitigated"


@dataclass(frozen=True)
class TrainedCandidate:
    """The outputs of training. All except `timing` are a function of the inputs, byte for byte.

    model: joblib bytes. signature, metadata, technical: JSON values. predictions: the test rows
    (row int64, truth bool, probability float64, decision bool, a text column of group labels
    for each sensitive column; `weight` float64 where the use case has weights). held_out: the same
    for the training rows, by models that were not fitted to them, and the bool `unmitigated`, the
    decision without mitigation.
    outcomes: what training held of them, as JSON: `prevalence`, the share of positives.
    timing: how long the model takes to answer (see `measure_timing`), and the seconds of its `fit`,
    as JSON. For other questions than yes or no: see their `ProblemType.train_candidate`.
    """

    model: bytes
    signature: dict[str, Any]
    predictions: pa.Table
    held_out: pa.Table
    metadata: dict[str, Any]
    outcomes: dict[str, Any]
    technical: dict[str, Any]
    timing: dict[str, Any]


def no_progress(fit_count: int, total: int, text: str) -> None:
    """Ignore progress."""


def search_candidate(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    *,
    say: FitProgress,
    locate: FieldLocator = no_location,
) -> SearchOutcome:
    """Search the candidate's parameters by cross-validation on the training rows.

    `test` is bool, one entry a row of `table`. What is found does not depend on how the
    candidate is mitigated. Raises ConfigError for a candidate that cannot be made or fitted,
    DataError for rows that cannot teach it.
    """
    problem = _with_folds(_make_problem(table, test, candidate, use_case), table, test)
    return search_parameters(make_pipeline(problem, locate), problem, say, locate)


def train_candidate(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    outcome: SearchOutcome,
    *,
    say: FitProgress = no_progress,
    locate: FieldLocator = no_location,
) -> TrainedCandidate:
    """Fit with the parameters found, calibrate, set the threshold, mitigate where asked, and
    answer the test rows.

    The search's out-of-fold scores serve calibration, and mitigation by thresholds, so that one
    fit is left to do: the one on all training rows. Other ways of mitigating take more, of which
    `say` tells. Raises as `search_candidate` does.
    """
    require_free_names(use_case, {*PREDICTION_COLUMNS, UNMITIGATED})
    data = use_case.data
    frame = table.to_pandas(list(dict.fromkeys([data.target.column, *data.sensitive])))
    problem = _make_problem(table, test, candidate, use_case)
    started = time.perf_counter()
    problem = _with_folds(problem, table, test)
    weights = read_row_weights(table, test, use_case)
    made = _fit_model(problem, frame[~test], outcome, say, locate)
    fit_seconds = time.perf_counter() - started
    model = dump_model(made.model)
    entries = add_ranges(describe_inputs(table.description, problem.rows), problem.rows)
    groups = group_inputs(candidate, use_case) if needs_groups(made.model) else None
    described = model_signature(entries, use_case, groups)
    served = ScoringModel(made.model, described)
    tested = table.to_pandas(served.columns)[test]
    with one_thread():
        answers = served.predict(tested)
    return TrainedCandidate(
        model=model,
        signature=described,
        predictions=_predictions_table(
            frame,
            np.flatnonzero(test),
            answers["probability"],
            answers["decision"],
            use_case,
            weights=weights,
        ),
        held_out=_out_of_fold_table(
            frame, np.flatnonzero(~test), made, outcome, use_case, weights=weights
        ),
        metadata=_describe_candidate(made, outcome, problem),
        outcomes={"prevalence": float(np.average(problem.truth, weights=problem.weights))},
        technical={
            "bytes": len(model),
            "features": len(entries),
            "rows": len(problem.rows),
            **made.metadata,
        },
        timing={"fit": fit_seconds, **measure_timing(served, tested, len(model))},
    )


def _make_problem(
    table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase
) -> LearningProblem:
    labels = read_labels(table, use_case.data.target)[~test]
    frame = table.to_pandas(use_case.feature_columns(table.schema.names))[~test]
    rows = cast_frame(frame, describe_inputs(table.description, frame))
    weights = training_weights(table, test, use_case)
    return LearningProblem(rows, labels, (), candidate, use_case, weights=weights)


def _with_folds(problem: LearningProblem, table: Table, test: np.ndarray) -> LearningProblem:
    order = split_values(table, problem.use_case)[~test]
    return replace(problem, folds=make_folds(problem.truth, order, problem.use_case))


def _fit_model(
    problem: LearningProblem,
    learning: pd.DataFrame,
    outcome: SearchOutcome,
    say: FitProgress,
    locate: FieldLocator,
) -> MitigatedModel:
    """The model and its out-of-fold predictions; without mitigation, those of the search."""

    def pipeline() -> Pipeline:
        return set_model_params(make_pipeline(problem, locate), outcome.params)

    asked = problem.candidate.mitigate
    if asked is not None:
        groups = mitigation_groups(learning, asked.by, problem.use_case)
        return mitigate_model(MitigationInputs(problem, outcome, groups, pipeline, say, locate))
    held = ~np.isnan(outcome.probability)
    decision = fit.unmitigated_decisions(outcome, problem.use_case)
    plain = fit.fit_plain_model(pipeline(), problem, outcome.scores)
    return MitigatedModel(plain.model, outcome.probability, decision, held)


def _predictions_table(
    frame: pd.DataFrame,
    rows: np.ndarray,
    probability: np.ndarray | pd.Series,
    decision: np.ndarray | pd.Series,
    use_case: UseCase,
    *,
    weights: Floats | None,
) -> pa.Table:
    """The predictions for these rows of the table, with the truth, the weights and the groups."""
    target = use_case.data.target
    positive = labels_from_column(
        pa.chunked_array([pa.Array.from_pandas(frame[target.column])]), target
    )
    columns: dict[str, Any] = {
        "row": rows.astype(np.int64),
        "truth": positive[rows],
        "probability": np.asarray(probability),
        "decision": np.asarray(decision),
    }
    if weights is not None:
        columns[WEIGHT_COLUMN] = weights[rows]
    return pa.table(columns | group_columns(frame, rows, use_case))


def _out_of_fold_table(
    frame: pd.DataFrame,
    learning: np.ndarray,
    result: MitigatedModel,
    outcome: SearchOutcome,
    use_case: UseCase,
    *,
    weights: Floats | None,
) -> pa.Table:
    held, plain = result.out_of_fold, fit.unmitigated_decisions(outcome, use_case)
    answers = result.probability[held], result.decision[held]
    table = _predictions_table(frame, learning[held], *answers, use_case, weights=weights)
    return table.append_column(UNMITIGATED, pa.array(plain[held]))


def _cross_validation_score(result: MitigatedModel, problem: LearningProblem) -> float:
    """`performance.choose_by` of the candidate's answers out of fold, the mean over folds.

    What rests on probabilities alone is known of every fold, even where decisions are not.
    """
    asked, found = problem.use_case.performance, []
    by_probability = asked.choose_by in {"roc_auc", "average_precision", "log_loss", "brier"}
    known = ~np.isnan(result.probability) if by_probability else result.out_of_fold
    for _, held in problem.folds:
        if known[held].all():
            answers = problem.truth[held], result.probability[held], result.decision[held]
            weights = problem.weights_of(held)
            found.append(compute_score(asked.choose_by, *answers, asked.cost, weights=weights))
    return float(np.mean(found))


def _describe_candidate(
    result: MitigatedModel, outcome: SearchOutcome, problem: LearningProblem
) -> dict[str, Any]:
    """The candidate and the choices made for it, the same for the same inputs."""
    candidate, asked = problem.candidate, problem.use_case.performance
    return {
        "candidate": candidate.title,
        "estimator": candidate.estimator,
        "choose_by": asked.choose_by,
        "cross_validated": _cross_validation_score(result, problem),
        "params": outcome.params,
        "calibrate": candidate.calibrate,
        "threshold": cost_threshold(asked.cost),
        "mitigate": candidate.mitigate.model_dump(mode="json") if candidate.mitigate else None,
    }
