"""Fairlearn's reductions: training under a constraint, as a series of weighted fits.

Agarwal, Beygelzimer, Dudik, Langford and Wallach, "A reductions approach to fair classification",
ICML 2018. ExponentiatedGradient yields a few classifiers and the shares in which their decisions
are to be drawn; GridSearch yields one of a grid of classifiers. What is saved, within the
constraint, is what the use case says that errors cost. The decision needs no group.

The constraint is loosened to the part of the plain model's violation that a strength below one
leaves; it is never tighter than Fairlearn's own default, a hundredth.

For the answers out of fold all is done once more without the last fold, and that fold's rows are
answered: one fold and not all of them, because a reduction is dozens of fits already.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from sklearn.base import BaseEstimator, clone

from assay.config.candidates import EXPONENTIATED_GRADIENT
from assay.config.gates import ErrorCosts
from assay.errors import AssayError, ConfigError
from assay.learning.mitigation.inputs import MitigatedModel, MitigationInputs
from assay.learning.mitigation.models import Lottery, lottery_yes_share, row_draws
from assay.learning.one_thread import one_thread

_MIN_BOUND: Final = 0.01
_MOST_FITS: Final = 9  # of one iteration: one for the classifier, four for each of two gaps
_CONSTRAINTS: Final = {
    "demographic_parity": "DemographicParity",
    "true_positive_rate_parity": "TruePositiveRateParity",
    "false_positive_rate_parity": "FalsePositiveRateParity",
    "error_rate_parity": "ErrorRateParity",
    "equalized_odds": "EqualizedOdds",
}


def mitigate_by_reduction(material: MitigationInputs) -> MitigatedModel:
    """The plain model with the lottery over classifiers that the reduction found."""
    with one_thread(), warnings.catch_warnings():
        # Fairlearn 0.15 uses what pandas 4 will no longer have.
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="fairlearn")
        return _mitigate(material)


def _mitigate(material: MitigationInputs) -> MitigatedModel:
    problem, rows = material.problem, material.problem.rows
    _require_groups(material)
    bound = max((1 - material.strength) * constraint_violation(material), _MIN_BOUND)
    told = _Tell(material)
    whole = _run_reduction(material, np.arange(len(rows)), bound, told)
    # The plain pipeline's preparation is this one's equal, and stands in the pickle already.
    prepare = material.plain_model.pipeline.named_steps["prepare"]
    model = Lottery(material.plain_model.model, prepare, whole.parts)
    fitted, left = problem.folds[-1]
    part = _run_reduction(material, fitted, bound, told)
    share = lottery_yes_share(part.parts, part.prepare.transform(rows.iloc[left]))
    decision, held = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=bool)
    decision[left], held[left] = row_draws(rows.iloc[left]) < share, True
    about = {"classifiers": len(whole.parts), "bound": bound, **whole.about}
    return MitigatedModel(model, material.outcome.probability, decision, held, about)


def constraint_violation(material: MitigationInputs) -> float:
    """How far the plain model's out-of-fold decisions violate the constraint, as Fairlearn
    measures it: the largest distance of a group's rate to that of all rows.
    """
    held = ~np.isnan(material.outcome.probability)
    numbers = np.arange(len(held)).reshape(-1, 1)[held]
    moment = _constraint(material, bound=0.0)
    moment.load_data(
        numbers,
        material.problem.truth[held].astype(np.int64),
        sensitive_features=material.groups[held],
    )
    decision = material.unmitigated_decisions.astype(np.int64)
    return float(moment.gamma(lambda rows: decision[rows[:, 0]]).max())


@dataclass(frozen=True)
class _Lesson:
    """A reduction's training data: preprocessed rows, labels, groups."""

    matrix: Any
    truth: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class _Reduced:
    """A fitted reduction: how rows are prepared, and the classifiers with their shares."""

    prepare: Any
    parts: list[tuple[float, Any]]
    about: dict[str, Any]


def _run_reduction(
    material: MitigationInputs, rows: np.ndarray, bound: float, callback: _Tell
) -> _Reduced:
    pipeline = material.pipeline()
    prepare, model = pipeline.named_steps["prepare"], pipeline.named_steps["model"]
    truth = material.problem.truth[rows].astype(np.int64)
    learn = (
        _exponentiated_gradient
        if material.mitigation.method == EXPONENTIATED_GRADIENT
        else _grid_search
    )
    try:
        matrix = prepare.fit_transform(material.problem.rows.iloc[rows], truth)
        lesson = _Lesson(matrix, truth, material.groups[rows])
        parts, about = learn(material, _Counted(model, callback), lesson, bound)
    except AssayError:
        raise
    except Exception as error:
        candidate = material.problem.candidate
        raise ConfigError(
            f"{candidate.title} could not be trained: {type(error).__name__}: {error}",
            where=material.locate(material.problem.use_case.candidate_path(candidate)),
            remedy="Change its params, or mitigate it by another method.",
        ) from error
    return _Reduced(prepare, parts, about)


LearntParts = tuple[list[tuple[float, Any]], dict[str, Any]]


def _exponentiated_gradient(
    material: MitigationInputs, model: Any, lesson: _Lesson, bound: float
) -> LearntParts:
    from fairlearn.reductions import ErrorRate, ExponentiatedGradient

    found = ExponentiatedGradient(
        model,
        _constraint(material, bound),
        objective=ErrorRate(costs=_normalised_costs(material.problem.use_case.performance.cost)),
        eps=bound,
        max_iter=material.mitigation.max_iter,
    ).fit(lesson.matrix, lesson.truth, sensitive_features=lesson.groups)
    weights = {i: float(w) for i, w in found.weights_.sort_index().items() if w > 1e-9}
    total = sum(weights.values())
    parts = [(w / total, _unwrap_predictor(found.predictors_[i])) for i, w in weights.items()]
    about = {
        "fits": int(found.n_oracle_calls_),
        "converged": bool(found.best_gap_ <= found.nu),
    }
    return parts, about


def _grid_search(
    material: MitigationInputs, model: Any, lesson: _Lesson, bound: float
) -> LearntParts:
    """The cheapest classifier of the grid that keeps to `bound`, else the one closest to it."""
    from fairlearn.reductions import ErrorRate, GridSearch

    costs = _normalised_costs(material.problem.use_case.performance.cost)
    constraint = _constraint(material, bound)
    constraint.default_objective = lambda: ErrorRate(costs=costs)
    size = material.mitigation.max_iter
    _require_grid_size(material, constraint, lesson)
    found = GridSearch(model, constraint, grid_size=size)
    found.fit(lesson.matrix, lesson.truth, sensitive_features=lesson.groups)
    worst = found.gammas_.max().to_numpy()
    kept = np.flatnonzero(worst <= bound)
    best = min(kept, key=lambda i: found.objectives_[i]) if len(kept) else int(worst.argmin())
    about = {"fits": size, "converged": bool(len(kept))}
    return [(1.0, _unwrap_predictor(found.predictors_[best]))], about


def _constraint(material: MitigationInputs, bound: float) -> Any:
    from fairlearn import reductions

    return getattr(reductions, _CONSTRAINTS[str(material.mitigation.constraint)])(
        difference_bound=bound
    )


def _normalised_costs(cost: ErrorCosts) -> dict[str, float]:
    """Prices with a mean of one, so that the grid's scale is the same in every currency."""
    mean = (cost.false_positive + cost.false_negative) / 2
    return {"fp": cost.false_positive / mean, "fn": cost.false_negative / mean}


def _require_groups(material: MitigationInputs) -> None:
    """Two groups at least, and of both outcomes where the constraint asks for outcomes alike."""
    names = sorted(set(material.groups))
    unconditional = material.mitigation.constraint in {"demographic_parity", "error_rate_parity"}
    usable = names if unconditional else material.with_both_outcomes(names)
    if len(usable) < 2:
        kind = "rows" if unconditional else "both outcomes"
        raise material.groups_error(
            f"fewer than two groups of {material.by!r} have {kind} in training",
            "Leave the candidate's mitigate out, or add rows of the other groups.",
        )


def _require_grid_size(material: MitigationInputs, constraint: Any, lesson: _Lesson) -> None:
    """Each group but one, and each outcome that is held alike, is a dimension of the grid."""
    loaded = deepcopy(constraint)
    loaded.load_data(lesson.matrix, lesson.truth, sensitive_features=lesson.groups)
    needed = 2 ** loaded.pos_basis.shape[1]
    if material.mitigation.max_iter < needed:
        raise material.groups_error(
            f"a grid over the groups of {material.by!r} takes {needed} fits at the least, but "
            f"max_iter is {material.mitigation.max_iter}",
            f"Set max_iter to {needed}, or mitigate by fairlearn.reductions."
            "ExponentiatedGradient, whose fits do not grow so with the groups."
            if needed <= 200
            else "Mitigate by fairlearn.reductions.ExponentiatedGradient.",
        )


class _Tell:
    """Counts fits, and reports progress."""

    def __init__(self, material: MitigationInputs) -> None:
        each = _MOST_FITS if material.mitigation.method == EXPONENTIATED_GRADIENT else 1
        self.most = 2 * each * material.mitigation.max_iter
        self.done = 0
        self.say: Callable[[int, int, str], None] = material.say

    def __call__(self) -> None:
        self.done += 1
        self.say(self.done, self.most, "the most that it may take")

    def __deepcopy__(self, _: Any) -> _Tell:
        return self  # all copies of an estimator count together


class _Counted(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """An estimator that reports each of its fits."""

    def __init__(self, estimator: Any, callback: Any) -> None:
        self.estimator = estimator
        self.callback = callback

    def fit(self, rows: Any, truth: Any, sample_weight: Any) -> _Counted:
        self.fitted_ = clone(self.estimator)
        weight = np.asarray(sample_weight, dtype=np.float64)
        self.fitted_.fit(rows, np.asarray(truth), sample_weight=weight)
        self.callback()
        return self

    def predict(self, rows: Any) -> np.ndarray:
        return np.asarray(self.fitted_.predict(rows)).reshape(-1).astype(np.int64)


def _unwrap_predictor(predictor: Any) -> Any:
    """The estimator itself; where all labels were alike, Fairlearn's own constant one."""
    return predictor.fitted_ if isinstance(predictor, _Counted) else predictor
