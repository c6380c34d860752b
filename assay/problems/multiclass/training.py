"""One candidate that answers which of several, from the training rows to its bytes and answers."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.errors import ConfigError
from assay.learning import estimators
from assay.learning.calibration import calibrate_classifier
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
from assay.problems.multiclass.answer_frame import answer_frame, probability_column
from assay.problems.multiclass.class_measures import CLASS_METRICS
from assay.problems.multiclass.conformal import cross_fit_sets, learn_limits
from assay.problems.multiclass.estimator_kind import require_class_estimator
from assay.problems.multiclass.folds import make_class_folds
from assay.problems.multiclass.learning import ClassLearning
from assay.problems.multiclass.metrics import cost_array
from assay.problems.multiclass.mitigation import LearntClasses, learn_plain, mitigate_classes
from assay.problems.multiclass.outcomes import read_table_outcomes
from assay.problems.multiclass.served_model import ServedClasses, ServedGroupClasses
from assay.problems.problem_type import StoredSearch
from assay.problems.stored_search import RawAnswerSearch, restore_search
from assay.tables.table import Table


def check_candidates(use_case: UseCase, locate: FieldLocator) -> None:
    """Make every candidate's estimator before any work is done. Raises ConfigError, and DataError
    for a sensitive column with the name of a column of the answers.
    """
    require_free_names(use_case, _taken_names(use_case), locate)
    _check_rule_classes(use_case, locate)
    estimators.check_candidates(use_case, locate, require_class_estimator)


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
    pipeline = make_pipeline(problem, locate, outcomes="multiclass", check=require_class_estimator)
    found = search_combinations(pipeline, problem, tries, ClassLearning(), say=say, locate=locate)
    return RawAnswerSearch(found, _score_columns(use_case))


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
    """Fit with the parameters found, calibrate and learn the limits of sets from the search's
    answers out of fold, mitigate where asked, and answer the test rows. Raises as
    `search_candidate` does.
    """
    columns = _answer_columns(use_case)
    require_free_names(use_case, _taken_names(use_case))
    params, raw = restore_search(search, candidate, use_case, _score_columns(use_case))
    started = time.perf_counter()
    problem = _make_problem(table, test, candidate, use_case)

    def unfitted() -> Pipeline:
        made = make_pipeline(problem, locate, outcomes="multiclass", check=require_class_estimator)
        return set_model_params(made, params)

    groups = _mitigated_groups(table, test, candidate, use_case)
    learnt = (
        learn_plain(problem, raw)
        if groups is None
        else mitigate_classes(problem, raw, groups, unfitted, say=say, locate=locate)
    )
    pipeline = unfitted()
    with one_thread():
        whole = np.arange(len(problem.rows))
        pipeline.fit(problem.rows, problem.truth, **weight_params(learnt.problem, whole))
    return hand_over(
        _serve(pipeline, learnt),
        problem,
        table=table,
        test=test,
        truth=_truth_texts(table, use_case),
        out_of_fold=OutOfFoldAnswers(*_held_out_answers(learnt), learnt.score),
        columns=columns,
        params=params,
        calibrate=candidate.calibrate,
        outcomes=_describe_outcomes(problem),
        fit_seconds=time.perf_counter() - started,
        technical=learnt.technical,
        needs_groups=learnt.thresholds is not None,
    )


def _mitigated_groups(
    table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase
) -> np.ndarray | None:
    """The training rows' groups that the candidate's mitigation goes by, None without one."""
    if candidate.mitigate is None:
        return None
    frame = table.to_pandas(list(candidate.mitigate.by))[~test]
    return mitigation_groups(frame, candidate.mitigate.by, use_case)


def _check_rule_classes(use_case: UseCase, locate: FieldLocator) -> None:
    """Raise ConfigError for a rule that names classes and limits a metric of all of them."""
    for i, rule in enumerate(use_case.fairness):
        if rule.classes and (whole := [m for m in rule.metrics if m not in CLASS_METRICS]):
            raise ConfigError(
                f"{whole[0]} is of all classes together, and the rule names {rule.classes[0]!r}",
                where=locate(("fairness", i, "classes")),
                remedy="Leave classes out, or write true_positive_rate: of the rows that are of a"
                " class, the share that is decided so.",
            )


def _taken_names(use_case: UseCase) -> set[str]:
    return {"row", "truth", *(one["name"] for one in _answer_columns(use_case).outputs)}


def _make_problem(
    table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase
) -> LearningProblem:
    truth = read_table_outcomes(table, use_case.data.target)[~test]
    rows = training_frame(table, test, use_case)
    weights = training_weights(table, test, use_case)
    problem = LearningProblem(rows, truth, (), candidate, use_case, weights=weights)
    values = split_values(table, use_case)[~test]
    return replace(problem, folds=make_class_folds(truth, values, use_case))


def _serve(pipeline: Any, learnt: LearntClasses) -> ServedClasses:
    """The fitted pipeline with all that follows from the answers out of fold."""
    problem, probability = learnt.problem, learnt.probability
    use_case = problem.use_case
    labels, held = use_case.data.target.class_labels, ~np.isnan(probability[:, 0])
    truth, weights = problem.truth[held], problem.weights_of(held)
    classifier = calibrate_classifier(
        pipeline, learnt.raw[held], truth, problem.candidate.calibrate, weights=weights
    )
    costs = cost_array(use_case.performance.cost_matrix, labels)
    limits = learn_limits(probability[held], truth, use_case.performance.coverage, weights)
    if learnt.thresholds is None:
        return ServedClasses(classifier, labels, costs, limits)
    return ServedGroupClasses(classifier, labels, costs, limits, learnt.thresholds.by_group)


def _held_out_answers(learnt: LearntClasses) -> tuple[np.ndarray, pd.DataFrame]:
    """The numbers of the rows that a fold held out, and the answers to them."""
    problem, use_case = learnt.problem, learnt.problem.use_case
    fold = fold_of_row(problem.folds, len(learnt.probability))
    labels, held = use_case.data.target.class_labels, np.flatnonzero(fold >= 0)
    probability, truth = learnt.probability[held], problem.truth[held]
    coverage = use_case.performance.coverage
    weights = problem.weights_of(held)
    members = cross_fit_sets(probability, truth, fold[held], coverage, weights)
    return held, answer_frame(probability, learnt.decision[held], members, labels)


def _truth_texts(table: Table, use_case: UseCase) -> pa.Array:
    target = use_case.data.target
    labels = np.array(target.class_labels, dtype=object)
    return pa.array(labels[read_table_outcomes(table, target)], pa.string())


def _describe_outcomes(problem: LearningProblem) -> dict[str, Any]:
    """What the training rows hold, as JSON."""
    labels = problem.use_case.data.target.class_labels
    rows = np.bincount(problem.truth, problem.weights, minlength=len(labels))
    shares = rows / (len(problem.truth) if problem.weights is None else problem.weights.sum())
    return {"shares": dict(zip(labels, shares.tolist(), strict=True)), "rows": len(problem.truth)}


def _score_columns(use_case: UseCase) -> list[str]:
    return [f"score_{label}" for label in use_case.data.target.class_labels]


def _answer_columns(use_case: UseCase) -> AnswerColumns:
    target, coverage = use_case.data.target, use_case.performance.coverage
    decision = {
        "name": "decision",
        "type": "text",
        "means": f"the class that {target.column} is taken to be",
    }
    probabilities = [
        {
            "name": probability_column(label),
            "type": "number",
            "means": f"probability that {target.column} is {label}",
        }
        for label in target.class_labels
    ]
    held = {
        "name": "set",
        "type": "text",
        "means": f"classes, joined by |, that hold {coverage:g} of the outcomes of each class",
    }
    return AnswerColumns(
        (decision, *probabilities, held),
        "multiclass",
        {"classes": list(target.class_labels), "ordered": target.ordered, "coverage": coverage},
    )
