"""The search: every combination of parameters on every fold, beside each other, seeded.

Each fit keeps its out-of-fold scores. Calibration, the choice of parameters and the mitigation
of gaps all work on them, so that no row is ever judged by a model that was fitted to it, and no
fit is done twice.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import joblib
import numpy as np
import pandas as pd
from joblib.externals.loky.process_executor import TerminatedWorkerError
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid, ParameterSampler
from sklearn.pipeline import Pipeline

from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.errors import ConfigError, DataError
from assay.learning import calibration
from assay.learning.estimators import FieldLocator, no_location
from assay.learning.fit_warnings import mask_addresses, record_fit_warnings
from assay.learning.folds import Fold, fold_of_row
from assay.learning.one_thread import limit_to_one_thread, one_thread
from assay.learning.scores import compute_score, cost_threshold, is_better

FitProgress = Callable[[int, int, str], None]
"""Progress: done, of how many, and a few words about the last one."""

RowWeighting = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class LearningProblem:
    """One candidate's training rows, their bool labels, and the folds."""

    rows: pd.DataFrame
    truth: np.ndarray
    folds: Sequence[Fold]
    candidate: Candidate
    use_case: UseCase
    row_weights: RowWeighting | None = None
    """From row numbers to the weights of these rows."""


def weight_params(problem: LearningProblem, rows: np.ndarray) -> dict[str, Any]:
    """The arguments of a pipeline's `fit` for the weights of these rows; none without weights."""
    return {"model__sample_weight": problem.row_weights(rows)} if problem.row_weights else {}


def set_model_params(pipeline: Pipeline, params: dict[str, Any]) -> Pipeline:
    """Set parameters of the pipeline's model; whatever they say, all of it runs in one thread."""
    pipeline.set_params(**{f"model__{name}": value for name, value in params.items()})
    limit_to_one_thread(pipeline)
    return pipeline


@dataclass(frozen=True)
class SearchOutcome:
    """What the search yields.

    `scores` and `probability` (calibrated) are out-of-fold, one float64 a training row, NaN for
    rows that no fold held out. `trials` is a JSON value without timings; `seconds` has them, one
    sum of the folds' seconds a combination.
    """

    params: dict[str, Any]
    scores: np.ndarray
    probability: np.ndarray
    trials: list[dict[str, Any]]
    seconds: list[float]
    chosen_index: int

    def as_json(self) -> dict[str, Any]:
        """The trials and the choice as JSON, the same for the same inputs."""
        return {"tried": self.trials, "chosen": self.chosen_index}

    def frame(self) -> pd.DataFrame:
        """The out-of-fold numbers, one row a training row."""
        return pd.DataFrame({"score": self.scores, "probability": self.probability})

    @classmethod
    def restore(
        cls,
        words: dict[str, Any],
        frame: pd.DataFrame,
        candidate: Candidate,
        use_case: UseCase,
    ) -> SearchOutcome:
        """Restore an outcome from what `as_json` and `frame` gave, for the same candidate.

        The parameters come from the use case, because canonical JSON turns a 1.0 into 1.
        """
        return cls(
            params=parameter_combinations(candidate, use_case)[words["chosen"]],
            scores=frame["score"].to_numpy(),
            probability=frame["probability"].to_numpy(),
            trials=words["tried"],
            seconds=[],
            chosen_index=words["chosen"],
        )


@dataclass(frozen=True)
class _Fit:
    combination: int
    fold: int
    scores: np.ndarray | None
    error: str | None
    warned: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class _Call:
    """One fit to be done: which combination, on which fold."""

    combination: int
    fold: int
    params: dict[str, Any]


def search_parameters(
    pipeline: Any, problem: LearningProblem, say: FitProgress, locate: FieldLocator = no_location
) -> SearchOutcome:
    """Try all combinations on all folds and choose by `performance.choose_by`.

    `pipeline` is unfitted, its last step named `model`. The mean over folds decides; of equal
    ones the first. A fit that fails is recorded. Raises ConfigError when every combination
    fails, with what the estimator said, and DataError when a process of the search dies.
    """
    return _search_combinations(
        pipeline, problem, parameter_combinations(problem.candidate, problem.use_case), say, locate
    )


def cross_validate(
    pipeline: Any, problem: LearningProblem, say: FitProgress, locate: FieldLocator = no_location
) -> SearchOutcome:
    """As `search_parameters`, with the parameters that `pipeline` has already."""
    return _search_combinations(pipeline, problem, [{}], say, locate)


def _search_combinations(
    pipeline: Any,
    problem: LearningProblem,
    tries: list[dict[str, Any]],
    say: FitProgress,
    locate: FieldLocator,
) -> SearchOutcome:
    calls = [_Call(i, j, params) for i, params in enumerate(tries) for j in _fold_numbers(problem)]
    fits: list[dict[int, _Fit]] = [{} for _ in tries]
    for done, fit in enumerate(_run_fits(pipeline, problem, calls), start=1):
        fits[fit.combination][fit.fold] = fit
        say(done, len(calls), _params_text(tries[fit.combination]))
    judged = [
        _judge_combination(params, of, problem) for params, of in zip(tries, fits, strict=True)
    ]
    chosen = _choose_combination([one.entry for one in judged], problem, locate)
    return SearchOutcome(
        params=tries[chosen],
        scores=judged[chosen].scores,
        probability=judged[chosen].probability,
        trials=[one.entry for one in judged],
        seconds=[sum(fit.seconds for fit in of.values()) for of in fits],
        chosen_index=chosen,
    )


def parameter_combinations(candidate: Candidate, use_case: UseCase) -> list[dict[str, Any]]:
    """The parameters to try, in a fixed order; one empty combination when there is no search."""
    if not candidate.search:
        return [{}]
    space = {name: list(values) for name, values in candidate.search.items()}
    grid = ParameterGrid(space)
    if use_case.search.method == "grid" or use_case.search.draws >= len(grid):
        return list(grid)
    return list(ParameterSampler(space, use_case.search.draws, random_state=use_case.seed))


def _run_fits(pipeline: Any, problem: LearningProblem, calls: Sequence[_Call]) -> Iterator[_Fit]:
    """All fits, as they finish. Each runs in one thread: the processes fill the machine."""
    jobs = min(problem.use_case.search.jobs or _default_jobs(problem), len(calls))
    if jobs == 1:
        yield from (_fit_fold(clone(pipeline), problem, call) for call in calls)
        return
    tasks = (joblib.delayed(_fit_fold)(clone(pipeline), problem, call) for call in calls)
    path = {"initializer": _take_path, "initargs": (tuple(sys.path),)}
    with joblib.parallel_config("loky", n_jobs=jobs, inner_max_num_threads=1, **path):
        try:
            yield from joblib.Parallel(return_as="generator_unordered")(tasks)
        except TerminatedWorkerError as error:
            raise DataError(
                f"a process of the search for {problem.candidate.title} died, most likely for "
                "want of memory",
                remedy=f"Set search.jobs below {jobs}, or give it more memory.",
            ) from error


_WIDE = 1_000  # columns
"""Beyond, a process more holds several copies of its rows, which costs more than it saves."""


def _default_jobs(problem: LearningProblem) -> int:
    return 1 if problem.rows.shape[1] > _WIDE else int(joblib.cpu_count())


def _take_path(path: tuple[str, ...]) -> None:
    """Set a worker's import path. Workers outlive a search, and one that started earlier may not
    find a team's module; with another path, joblib starts new workers.
    """
    sys.path[:] = path


def _fit_fold(pipeline: Any, problem: LearningProblem, call: _Call) -> _Fit:
    fit, held = problem.folds[call.fold]
    started = time.perf_counter()
    found, error = None, None
    with record_fit_warnings(pipeline) as warned, one_thread():
        try:
            set_model_params(pipeline, call.params)
            weights = weight_params(problem, fit)
            pipeline.fit(problem.rows.iloc[fit], problem.truth[fit].astype(np.int64), **weights)
            method = problem.candidate.calibrate
            found = calibration.calibrator_scores(pipeline, problem.rows.iloc[held], method)
            if not np.isfinite(found).all():
                found, error = None, "its scores are not finite"
        except Exception as raised:  # noqa: BLE001 - an estimator may raise anything
            error = f"{type(raised).__name__}: {mask_addresses(raised)}"
    seconds = time.perf_counter() - started
    return _Fit(call.combination, call.fold, found, error, warned.texts, seconds)


@dataclass(frozen=True)
class _JudgedCombination:
    entry: dict[str, Any]
    scores: np.ndarray
    probability: np.ndarray


def _judge_combination(
    params: dict[str, Any], fits: dict[int, _Fit], problem: LearningProblem
) -> _JudgedCombination:
    """One combination's entry of `trials`, its scores, its calibrated probabilities."""
    scores = np.full(len(problem.truth), np.nan)
    ordered = [fits[j] for j in _fold_numbers(problem)]
    entry: dict[str, Any] = {"params": params, "mean": None, "std": None, "scores": []}
    entry["warnings"] = sorted({text for fit in ordered for text in fit.warned})
    entry["error"] = next((fit.error for fit in ordered if fit.error), None)
    if entry["error"]:
        return _JudgedCombination(entry, scores, scores)
    for fit, (_, held) in zip(ordered, problem.folds, strict=True):
        scores[held] = fit.scores
    fold = fold_of_row(problem.folds, len(scores))
    method = problem.candidate.calibrate
    probability = calibration.cross_fit_probabilities(scores, problem.truth, fold, method)
    entry["scores"] = _fold_scores(probability, problem)
    entry["mean"] = float(np.mean(entry["scores"]))
    entry["std"] = float(np.std(entry["scores"], ddof=1))
    return _JudgedCombination(entry, scores, probability)


def _fold_scores(probability: np.ndarray, problem: LearningProblem) -> list[float]:
    """`performance.choose_by` on each fold's held-out rows."""
    asked = problem.use_case.performance
    decision = probability >= cost_threshold(asked.cost)
    return [
        compute_score(
            asked.choose_by, problem.truth[held], probability[held], decision[held], asked.cost
        )
        for _, held in problem.folds
    ]


def _choose_combination(
    trials: Sequence[dict[str, Any]], problem: LearningProblem, locate: FieldLocator
) -> int:
    by = problem.use_case.performance.choose_by
    chosen: int | None = None
    for i, entry in enumerate(trials):
        if entry["error"] is None and (
            chosen is None or is_better(by, entry["mean"], trials[chosen]["mean"])
        ):
            chosen = i
    if chosen is not None:
        return chosen
    candidate = problem.candidate
    params = _params_text({**candidate.params, **trials[0]["params"]}) or "its default parameters"
    others = f"; all {len(trials)} combinations failed" if len(trials) > 1 else ""
    raise ConfigError(
        f"{candidate.title} could not be fitted with {params}: {trials[0]['error']}",
        where=locate(problem.use_case.candidate_path(candidate)),
        remedy=f"Change its params, search or preprocess{others}.",
    )


def _fold_numbers(problem: LearningProblem) -> range:
    return range(len(problem.folds))


def _params_text(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items())
