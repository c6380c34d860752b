"""A candidate of several classes whose decisions are to differ less between groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from assay.config.candidates import REWEIGHING
from assay.errors import DataError
from assay.learning.estimators import FieldLocator
from assay.learning.folds import fold_of_row
from assay.learning.learning_problem import FitProgress, LearningProblem
from assay.learning.mitigation.reweighing import ReweighingWeights
from assay.learning.one_thread import one_thread
from assay.learning.search import search_combinations
from assay.problems.multiclass.class_thresholds import ClassThresholds, learn_class_thresholds
from assay.problems.multiclass.learning import ClassLearning
from assay.problems.multiclass.metrics import cost_array, decide_classes


@dataclass(frozen=True)
class LearntClasses:
    """What the last fit and the answers out of fold rest on.

    `raw` are the calibrator's scores and `probability` the calibrated ones, a row of entries a
    training row and NaN where no fold held it out; `decision` are class codes. `problem` carries
    the weights of the last fit. `thresholds` are None where decisions do not depend on groups.
    """

    problem: LearningProblem
    raw: np.ndarray
    probability: np.ndarray
    decision: np.ndarray
    score: float
    thresholds: ClassThresholds | None = None
    technical: dict[str, Any] = field(default_factory=dict)


def learn_plain(problem: LearningProblem, raw: np.ndarray) -> LearntClasses:
    """The classes as the search's answers out of fold (`raw`) give them."""
    judged = ClassLearning().judge(raw, problem)
    decision = np.zeros(len(raw), dtype=np.int64)
    held = ~np.isnan(raw[:, 0])
    decision[held] = decide_classes(judged.answers[held], _costs(problem))
    return LearntClasses(problem, raw, judged.answers, decision, float(np.mean(judged.scores)))


def mitigate_classes(
    problem: LearningProblem,
    raw: np.ndarray,
    groups: np.ndarray,
    make_pipeline: Callable[[], Any],
    *,
    say: FitProgress,
    locate: FieldLocator,
) -> LearntClasses:
    """The same with the candidate's mitigation. `groups`: a text label a training row;
    `make_pipeline` gives an unfitted pipeline with its parameters set.

    Raises DataError for groups from which nothing can be learnt.
    """
    asked = problem.candidate.mitigate
    assert asked is not None, "there is something to mitigate"
    if asked.method == REWEIGHING:
        _require_two_groups(problem, sorted(set(groups)), "rows", locate)
        return _reweigh(problem, groups, make_pipeline, say, locate)
    return _set_thresholds(problem, raw, groups, locate)


def _reweigh(
    problem: LearningProblem,
    groups: np.ndarray,
    make_pipeline: Callable[[], Any],
    say: FitProgress,
    locate: FieldLocator,
) -> LearntClasses:
    """Fitted anew on every fold to rows weighted so that group and class are independent."""
    (strength,) = _strengths(problem)
    classes = len(problem.use_case.data.target.class_labels)
    weighting = ReweighingWeights(groups, problem.truth, strength, problem.weights, classes)
    weighed = replace(problem, row_weights=weighting)
    found = search_combinations(
        make_pipeline(), weighed, [{}], ClassLearning(), say=say, locate=locate
    )
    return learn_plain(weighed, found.raw)


def _set_thresholds(
    problem: LearningProblem, raw: np.ndarray, groups: np.ndarray, locate: FieldLocator
) -> LearntClasses:
    """Thresholds learnt out of fold. For the answers out of fold, those that decide about one half
    of the folds are learnt from the other: on its own rows a rule would look better than it is.
    """
    plain, costs = learn_plain(problem, raw), _costs(problem)
    held = ~np.isnan(raw[:, 0])
    half = fold_of_row(problem.folds, len(raw)) % 2 == 0
    learnt = _learn(problem, plain.probability, groups, held)
    _require_two_groups(problem, sorted(learnt.by_group), "enough rows", locate)
    decision = plain.decision.copy()
    for learning, deciding in ((held & half, held & ~half), (held & ~half, held & half)):
        rules = _learn(problem, plain.probability, groups, learning)
        decision[deciding] = rules.decide(plain.probability[deciding], costs, groups[deciding])
    about = {"groups_without_rule": learnt.without}
    return replace(plain, decision=decision, thresholds=learnt, technical=about)


def _learn(
    problem: LearningProblem, probability: np.ndarray, groups: np.ndarray, rows: np.ndarray
) -> ClassThresholds:
    (strength,) = _strengths(problem)
    weights = problem.weights_of(rows)
    with one_thread():
        return learn_class_thresholds(
            probability[rows], _costs(problem), groups[rows], strength=strength, weights=weights
        )


def _require_two_groups(
    problem: LearningProblem, names: list[str], what: str, locate: FieldLocator
) -> None:
    asked, path = problem.candidate.mitigate, problem.use_case.candidate_path(problem.candidate)
    assert asked is not None, "there is something to mitigate"
    if len(names) < 2:
        found = f": {names[0]}" if names else ""
        raise DataError(
            f"fewer than two groups of {' & '.join(asked.by)!r} have {what} in training{found}",
            where=locate((*path, "mitigate", "by")),
            remedy="Leave the candidate's mitigate out, or add rows of the other groups.",
        )


def _strengths(problem: LearningProblem) -> tuple[float, ...]:
    assert problem.candidate.mitigate is not None, "there is something to mitigate"
    return problem.candidate.mitigate.strength


def _costs(problem: LearningProblem) -> np.ndarray:
    use_case = problem.use_case
    return cost_array(use_case.performance.cost_matrix, use_case.data.target.class_labels)
