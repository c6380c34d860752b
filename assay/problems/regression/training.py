"""One candidate that answers how much, from the training rows to its bytes and its answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pyarrow as pa
from sklearn.pipeline import Pipeline

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.gates.statistics.weighted_quantiles import weighted_quantile
from assay.learning import estimators
from assay.learning.estimators import FieldLocator
from assay.learning.folds import fold_of_row
from assay.learning.learning_problem import FitProgress, LearningProblem, weight_params
from assay.learning.one_thread import one_thread
from assay.learning.search import parameter_combinations, search_combinations, set_model_params
from assay.learning.train import TrainedCandidate
from assay.learning.training_rows import (
    make_pipeline,
    mitigation_groups,
    require_free_names,
    split_values,
    training_frame,
    training_weights,
)
from assay.problems.hand_over import AnswerColumns, OutOfFoldAnswers, hand_over
from assay.problems.problem_type import StoredSearch
from assay.problems.regression.conformal import (
    HeldOutRows,
    LearntIntervals,
    centre_quantile,
    learn_intervals,
)
from assay.problems.regression.estimator_kind import require_regressor
from assay.problems.regression.folds import make_amount_folds
from assay.problems.regression.group_loss import WeightedGroups, weigh_groups
from assay.problems.regression.learning import AmountLearning, fold_scores
from assay.problems.regression.outcomes import read_table_outcomes
from assay.problems.regression.scale import to_learning_scale
from assay.problems.regression.served_model import ServedAmounts
from assay.problems.stored_search import RawAnswerSearch, restore_search
from assay.tables.table import Table

_RAW: Final = ("value",)
_RESERVED: Final = ("row", "truth", "prediction", "low", "high")


def check_candidates(use_case: UseCase, locate: FieldLocator) -> None:
    """Make every candidate's estimator before any work is done. Raises ConfigError, and DataError
    for a sensitive column with the name of a column of the answers.
    """
    require_free_names(use_case, _RESERVED, locate)
    estimators.check_candidates(use_case, locate, require_regressor)


def search_candidate(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    *,
    say: FitProgress,
    locate: FieldLocator,
) -> RawAnswerSearch:
    """Search the candidate's parameters by cross-validation on the training rows.

    `test` is bool, one entry a row of `table`. Raises ConfigError, DataError.
    """
    problem = _make_problem(table, test, candidate, use_case)
    tries = parameter_combinations(candidate, use_case)
    pipeline = make_pipeline(problem, locate, outcomes="continuous", check=require_regressor)
    method = AmountLearning(use_case.data.target.log)
    return RawAnswerSearch(
        search_combinations(pipeline, problem, tries, method, say=say, locate=locate), _RAW
    )


def train_candidate(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    search: StoredSearch,
    *,
    say: FitProgress,
    locate: FieldLocator,
) -> TrainedCandidate:
    """Fit with the parameters found, weight groups where a mitigation is asked for, learn intervals
    from the answers out of fold, and answer the test rows. Raises as `search_candidate` does.
    """
    require_free_names(use_case, _RESERVED)
    params, raw = restore_search(search, candidate, use_case, _RAW)
    started = time.perf_counter()
    problem = _make_problem(table, test, candidate, use_case)

    def unfitted() -> Pipeline:
        made = make_pipeline(problem, locate, outcomes="continuous", check=require_regressor)
        return set_model_params(made, params)

    if candidate.mitigate is None:
        made = WeightedGroups(_fit_pipeline(unfitted(), problem), raw[:, 0])
    else:
        by = list(candidate.mitigate.by)
        groups = mitigation_groups(table.to_pandas(by)[~test], by, use_case)
        made = weigh_groups(problem, raw[:, 0], groups, unfitted, say=say, locate=locate)
    intervals, held = _learn_intervals(problem, made.raw)
    amounts = np.full(len(raw), np.nan)
    amounts[held] = intervals.frame["prediction"]
    return hand_over(
        ServedAmounts(made.pipeline, intervals.features, intervals.spread_model, intervals.rule),
        problem,
        table=table,
        test=test,
        truth=pa.array(read_table_outcomes(table, use_case.data.target)),
        out_of_fold=OutOfFoldAnswers(
            held, intervals.frame, float(np.mean(fold_scores(amounts, problem)))
        ),
        columns=_answer_columns(use_case),
        params=params,
        calibrate=None,
        outcomes=_describe_outcomes(problem),
        fit_seconds=time.perf_counter() - started,
        technical=made.technical,
    )


def _fit_pipeline(pipeline: Pipeline, problem: LearningProblem) -> Pipeline:
    """The pipeline fitted to all training rows."""
    outcomes = to_learning_scale(problem.truth, problem.use_case.data.target.log)
    with one_thread():
        weights = weight_params(problem, np.arange(len(problem.rows)))
        return pipeline.fit(problem.rows, outcomes, **weights)


def _make_problem(
    table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase
) -> LearningProblem:
    truth = read_table_outcomes(table, use_case.data.target)[~test]
    rows = training_frame(table, test, use_case)
    weights = training_weights(table, test, use_case)
    problem = LearningProblem(rows, truth, (), candidate, use_case, weights=weights)
    values = split_values(table, use_case)[~test]
    return replace(problem, folds=make_amount_folds(truth, values, use_case))


def _learn_intervals(
    problem: LearningProblem, raw: np.ndarray
) -> tuple[LearntIntervals, np.ndarray]:
    """The intervals, and the numbers of the rows that a fold held out."""
    use_case, fold = problem.use_case, fold_of_row(problem.folds, len(raw))
    held, log = np.flatnonzero(fold >= 0), use_case.data.target.log
    outcomes = to_learning_scale(problem.truth, log)
    rows = HeldOutRows(
        problem.rows.iloc[held], raw[held], outcomes[held], fold[held], problem.weights_of(held)
    )
    return learn_intervals(rows, use_case.performance, log=log, seed=use_case.seed), held


def _describe_outcomes(problem: LearningProblem) -> dict[str, Any]:
    """What the training rows hold, as JSON, in the target's unit."""
    quantile = problem.use_case.performance.unit_cost.quantile
    truth, weights = problem.truth, problem.weights
    return {
        "mean": float(np.average(truth, weights=weights)),
        "median": weighted_quantile(truth, 0.5, weights),
        "quantile": weighted_quantile(truth, quantile, weights),
        "rows": len(problem.truth),
    }


def _answer_columns(use_case: UseCase) -> AnswerColumns:
    target, performance = use_case.data.target, use_case.performance
    centre = centre_quantile(performance)
    what = "expected" if centre is None else f"{centre:.4g} quantile of"
    held = f"interval that holds {performance.coverage:g} of outcomes"
    outputs = [
        ("prediction", f"{what} {target.column}, in {target.unit}"),
        ("low", f"lower end of the {held}"),
        ("high", f"upper end of the {held}"),
    ]
    return AnswerColumns(
        tuple({"name": name, "type": "number", "means": means} for name, means in outputs),
        "regression",
        {"unit": target.unit, "log": target.log, "coverage": performance.coverage},
    )
