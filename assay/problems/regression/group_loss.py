"""A candidate of amounts whose worst-off group is to be estimated better: bounded group loss.

Agarwal, Dudik and Wu, "Fair regression: quantitative definitions and reduction-based algorithms",
ICML 2019: the least loss such that no group's own lies above a bound. Fairlearn's GridSearch fits
the estimator with the groups weighted in several ways. Which way is chosen, and whether any helps,
is judged here on rows that the fits did not see: a loss on training rows flatters, and GridSearch
does not say when a bound is out of reach.

A way counts only if the group that is worst off loses less by it than before, surely: to make the
others worse closes a gap, too, and is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from assay.errors import AssayError, ConfigError, DataError
from assay.gates.statistics.intervals import normal_quantile
from assay.learning.estimators import FieldLocator
from assay.learning.learning_problem import FitProgress, LearningProblem
from assay.learning.one_thread import one_thread
from assay.problems.regression.scale import to_learning_scale

_LEVEL: Final = 0.95  # at which the worst-off group's gain is sure, all ways together
_MIN_ROWS: Final = 50  # of a group: with fewer, its loss cannot be told on the rows of one fold


@dataclass(frozen=True)
class WeightedGroups:
    """The fitted pipeline of the chosen way, and its answers out of fold.

    `raw` is float64 a training row, on the learning scale, NaN where no fold held it out.
    """

    pipeline: Pipeline
    raw: np.ndarray
    technical: dict[str, Any] = field(default_factory=dict)


def weigh_groups(
    problem: LearningProblem,
    raw: np.ndarray,
    groups: np.ndarray,
    make_pipeline: Callable[[], Pipeline],
    *,
    say: FitProgress,
    locate: FieldLocator,
) -> WeightedGroups:
    """Fit the candidate with its groups weighted so that the one that is worst off gains.

    `raw` are the unmitigated answers out of fold, `groups` text labels, one a training row;
    `make_pipeline` gives an unfitted pipeline with its parameters set. Strength s asks for s of the
    gain that the best way gives the group that is worst off, at the least loss of all rows.

    Raises DataError where no way helps that group, or groups are too few or too small, and
    ConfigError for an estimator that cannot be trained so.
    """
    _require_groups(problem, groups, locate)
    grid = _Grid(problem, groups, make_pipeline, say, locate)
    everything = np.arange(len(problem.truth))
    whole = grid.fit(everything, None)
    answers = np.full((len(raw), len(whole.predictors)), np.nan)
    for fitted, held in problem.folds:
        part = grid.fit(fitted, whole.weights)
        answers[held] = part.predict(problem.rows.iloc[held])
    rows = np.flatnonzero(~np.isnan(raw) & ~np.isnan(answers[:, 0]))
    losses = _GroupLosses.measure(problem, groups, raw, answers, rows)
    chosen = _choose_way(losses, _strength(problem), problem, locate)
    model = Pipeline([("prepare", whole.prepare), ("model", whole.predictors[chosen])])
    return WeightedGroups(model, answers[:, chosen], losses.describe(chosen, grid.fits))


@dataclass(frozen=True)
class _FittedGrid:
    """The regressors of a grid, how rows are prepared for them, and the multipliers of each."""

    prepare: Any
    predictors: list[Any]
    weights: pd.DataFrame

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        """(rows, ways), on the learning scale."""
        matrix = self.prepare.transform(rows)
        with one_thread():
            return np.column_stack([one.predict(matrix) for one in self.predictors])


@dataclass
class _Grid:
    """Fits the candidate in all ways of the grid to some of the training rows."""

    problem: LearningProblem
    groups: np.ndarray
    make_pipeline: Callable[[], Pipeline]
    say: FitProgress
    locate: FieldLocator
    fits: int = 0

    def fit(self, rows: np.ndarray, weights: pd.DataFrame | None) -> _FittedGrid:
        """`weights`: the multipliers of another fit, so that all have the same ways."""
        from fairlearn.reductions import BoundedGroupLoss, GridSearch, SquareLoss

        problem, pipeline = self.problem, self.make_pipeline()
        prepare, model = pipeline.named_steps["prepare"], pipeline.named_steps["model"]
        outcomes = to_learning_scale(problem.truth[rows], problem.use_case.data.target.log)
        size = self._asked.max_iter
        # Its own range: beyond it the loss would be cut off.
        loss = SquareLoss(float(outcomes.min()), float(outcomes.max()))
        search = GridSearch(model, BoundedGroupLoss(loss), grid_size=size, grid=weights)
        try:
            with one_thread():
                matrix = prepare.fit_transform(problem.rows.iloc[rows], outcomes)
                search.fit(matrix, outcomes, sensitive_features=self.groups[rows])
        except AssayError:
            raise
        except Exception as error:
            candidate = problem.candidate
            raise ConfigError(
                f"{candidate.title} could not be trained: {type(error).__name__}: {error}",
                where=self.locate(problem.use_case.candidate_path(candidate)),
                remedy="Change its params, or leave mitigate out.",
            ) from error
        self.fits += len(search.predictors_)
        self.say(
            self.fits,
            size * (len(problem.folds) + 1),
            f"{len(search.predictors_)} ways to weight the groups",
        )
        return _FittedGrid(prepare, list(search.predictors_), search.lambda_vecs_)

    @property
    def _asked(self) -> Any:
        assert self.problem.candidate.mitigate is not None, "there is something to mitigate"
        return self.problem.candidate.mitigate


@dataclass(frozen=True)
class _GroupLosses:
    """Mean squared errors out of fold, on the learning scale: `before` by group, `after` by way and
    group, `overall` by way; and of the group that is worst off before, the mean of what a row
    `gains` by each way with its standard error.
    """

    names: list[str]
    before: np.ndarray
    after: np.ndarray
    overall: np.ndarray
    gains: np.ndarray
    errors: np.ndarray

    @classmethod
    def measure(
        cls,
        problem: LearningProblem,
        groups: np.ndarray,
        raw: np.ndarray,
        answers: np.ndarray,
        rows: np.ndarray,
    ) -> _GroupLosses:
        outcomes = to_learning_scale(problem.truth, problem.use_case.data.target.log)[rows]
        plain = (raw[rows] - outcomes) ** 2
        weighted = (answers[rows] - outcomes[:, None]) ** 2
        of_row, names = groups[rows], sorted(set(groups))
        before = np.array([plain[of_row == name].mean() for name in names])
        after = np.array([weighted[of_row == name].mean(axis=0) for name in names]).T
        worst = of_row == names[int(before.argmax())]
        gain = plain[worst, None] - weighted[worst]
        errors = gain.std(axis=0, ddof=1) / math.sqrt(len(gain))
        return cls(names, before, after, weighted.mean(axis=0), gain.mean(axis=0), errors)

    @property
    def worst_group(self) -> str:
        return self.names[int(self.before.argmax())]

    def describe(self, chosen: int, fits: int) -> dict[str, Any]:
        """As JSON."""
        return {
            "fits": fits,
            "group_loss": {
                name: {"before": float(before), "after": float(after)}
                for name, before, after in zip(
                    self.names, self.before, self.after[chosen], strict=True
                )
            },
        }


def _choose_way(
    losses: _GroupLosses, strength: float, problem: LearningProblem, locate: FieldLocator
) -> int:
    """The way of least loss among those with enough of the gain, and a sure one."""
    # One-sided, and corrected for the number of ways among which the best is looked for.
    quantile = normal_quantile(1 - 2 * (1 - _LEVEL) / len(losses.gains))
    sure = losses.gains - quantile * losses.errors > 0
    highest, before = losses.after.max(axis=1), float(losses.before.max())
    possible = np.flatnonzero(sure & (highest < before))
    if not len(possible):
        raise _no_gain_error(losses, problem, locate)
    best = float(highest[possible].min())
    bound = before - strength * (before - best)
    kept = [way for way in possible if highest[way] <= bound + 1e-12 * before]
    return int(min(kept, key=lambda way: losses.overall[way]))


def _no_gain_error(
    losses: _GroupLosses, problem: LearningProblem, locate: FieldLocator
) -> DataError:
    way = int(losses.gains.argmax())
    group = losses.worst_group
    before, after = math.sqrt(losses.before.max()), losses.after[way]
    own = math.sqrt(after[losses.names.index(group)])
    others = ", ".join(
        f"{name} {math.sqrt(old):.4g} to {math.sqrt(new):.4g}"
        for name, old, new in zip(losses.names, losses.before, after, strict=True)
        if name != group
    )
    scale = " of the logarithm" if problem.use_case.data.target.log else ""
    path = (*problem.use_case.candidate_path(problem.candidate), "mitigate")
    return DataError(
        f"no weights of the groups surely help {group}, the group that is worst off: its RMSE"
        f"{scale} is {before:.4g}, and {own:.4g} at best (the others: {others})",
        where=locate(path),
        remedy="Leave mitigate out: to make the others worse would close the gap, and help nobody. "
        f"Features that tell more about {group} would.",
    )


def _require_groups(problem: LearningProblem, groups: np.ndarray, locate: FieldLocator) -> None:
    names, counts = np.unique(groups.astype(str), return_counts=True)
    asked = problem.candidate.mitigate
    assert asked is not None, "there is something to mitigate"
    by = " & ".join(asked.by)
    if len(names) < 2:
        what = f"all training rows are of one group of {by!r}, {names[0]}"
        remedy = "Leave the candidate's mitigate out, or add rows of the other groups."
    elif counts.min() < _MIN_ROWS:
        few = names[int(counts.argmin())]
        what = f"{few} of {by!r} has {counts.min():,} training rows; {_MIN_ROWS} are needed"
        remedy = "Join small groups by data.sensitive bins, or add rows."
    else:
        return
    path = (*problem.use_case.candidate_path(problem.candidate), "mitigate", "by")
    raise DataError(what, where=locate(path), remedy=remedy)


def _strength(problem: LearningProblem) -> float:
    assert problem.candidate.mitigate is not None, "there is something to mitigate"
    (strength,) = problem.candidate.mitigate.strength
    return strength
