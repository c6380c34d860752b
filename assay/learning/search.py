"""The search: every combination of parameters on every fold, beside each other, seeded.

Each fit keeps its out-of-fold scores. Calibration, the choice of parameters and the mitigation
of gaps all work on them, so that no row is ever judged by a model that was fitted to it, and no
fit is done twice.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
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
from assay.learning.estimators import FieldLocator, no_location
from assay.learning.fit_processes import map_units
from assay.learning.fit_warnings import mask_addresses, record_fit_warnings
from assay.learning.fold_matrices import EncodingFailed, FoldMatrices, encode_fold
from assay.learning.learning_problem import (
    AnswerMethod,
    FitProgress,
    JudgedAnswers,
    LearningProblem,
    weight_params,
)
from assay.learning.one_thread import limit_to_one_thread, one_thread
from assay.learning.yes_no_answers import YesNoAnswers


def set_model_params(pipeline: Pipeline, params: dict[str, Any]) -> Pipeline:
    """Set parameters of the pipeline's model; whatever they say, all of it runs in one thread."""
    pipeline.set_params(**{f"model__{name}": value for name, value in params.items()})
    limit_to_one_thread(pipeline)
    return pipeline


@dataclass(frozen=True)
class SearchOutcome:
    """What the search of a yes or no yields.

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
    """One fit to be done, with all that it needs: it travels to another process.

    `params` are those of combination number `combination`. `problem` is without its rows, which
    `matrices` hold encoded; of its outcomes and weights `outcomes` and `weights` are those to fit.
    """

    combination: int
    fold: int
    params: dict[str, Any]
    pipeline: Any
    matrices: FoldMatrices
    problem: LearningProblem
    method: AnswerMethod
    outcomes: np.ndarray
    weights: dict[str, Any]


def search_parameters(
    pipeline: Any, problem: LearningProblem, say: FitProgress, locate: FieldLocator = no_location
) -> SearchOutcome:
    """Try all combinations on all folds and choose by `performance.choose_by`.

    `pipeline` is unfitted, its last step named `model`. The mean over folds decides; of equal
    ones the first. A fit that fails is recorded. Raises ConfigError when every combination
    fails, with what the estimator said, and DataError when a process of the search dies.
    """
    tries = parameter_combinations(problem.candidate, problem.use_case)
    return _yes_no_outcome(
        search_combinations(pipeline, problem, tries, YesNoAnswers(), say=say, locate=locate)
    )


def cross_validate(
    pipeline: Any, problem: LearningProblem, say: FitProgress, locate: FieldLocator = no_location
) -> SearchOutcome:
    """As `search_parameters`, with the parameters that `pipeline` has already."""
    return _yes_no_outcome(
        search_combinations(pipeline, problem, [{}], YesNoAnswers(), say=say, locate=locate)
    )


def _yes_no_outcome(found: FoundParameters) -> SearchOutcome:
    return SearchOutcome(
        params=found.params,
        scores=found.raw,
        probability=found.answers,
        trials=found.trials,
        seconds=found.seconds,
        chosen_index=found.chosen_index,
    )


@dataclass(frozen=True)
class FoundParameters:
    """The chosen combination with its out-of-fold answers, raw and judged (see `AnswerMethod`), and
    all that was tried, as in `SearchOutcome`.
    """

    params: dict[str, Any]
    raw: np.ndarray
    answers: np.ndarray
    trials: list[dict[str, Any]]
    seconds: list[float]
    chosen_index: int


def search_combinations(
    pipeline: Any,
    problem: LearningProblem,
    tries: list[dict[str, Any]],
    method: AnswerMethod,
    *,
    say: FitProgress,
    locate: FieldLocator = no_location,
) -> FoundParameters:
    """The same for any type of question, of these combinations. Raises as `search_parameters`."""
    total = len(tries) * len(problem.folds)
    fits: list[dict[int, _Fit]] = [{} for _ in tries]
    for done, fit in enumerate(_run_fits(pipeline, problem, method, tries), start=1):
        fits[fit.combination][fit.fold] = fit
        say(done, total, _params_text(tries[fit.combination]))
    judged = [
        _judge_combination(params, of, problem, method)
        for params, of in zip(tries, fits, strict=True)
    ]
    chosen = _choose_combination([one.entry for one in judged], problem, method, locate)
    return FoundParameters(
        params=tries[chosen],
        raw=judged[chosen].raw,
        answers=judged[chosen].answers,
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


def _run_fits(
    pipeline: Any, problem: LearningProblem, method: AnswerMethod, tries: Sequence[dict[str, Any]]
) -> Iterator[_Fit]:
    """All fits, as they finish. Each runs in one thread: the processes fill the machine.

    A fold is encoded once for the fits of all combinations, while those of the one before run.
    """
    count = len(tries) * len(problem.folds)
    jobs = min(problem.use_case.search.jobs or _default_jobs(problem), count)
    with TemporaryDirectory(prefix="assay-search-") as folder:
        calls = _encoded_calls(pipeline, problem, method, tries, Path(folder))
        done = (
            ((call, _fit_fold(call)) for call in calls)
            if jobs == 1
            else map_units(_fit_fold, calls, jobs)
        )
        left = dict.fromkeys(_fold_numbers(problem), len(tries))
        try:
            for call, fit in done:
                left[call.fold] -= 1
                if not left[call.fold]:
                    call.matrices.delete()
                yield fit
        except TerminatedWorkerError as error:
            raise DataError(
                f"a process of the search for {problem.candidate.title} died, most likely for "
                "want of memory",
                remedy=f"Set search.jobs below {jobs}, or give it more memory.",
            ) from error


def _encoded_calls(
    pipeline: Any,
    problem: LearningProblem,
    method: AnswerMethod,
    tries: Sequence[dict[str, Any]],
    folder: Path,
) -> Iterator[_Call]:
    """All fits, fold by fold; each fold is encoded when its first fit is asked for."""
    sent = replace(
        problem,
        rows=problem.rows.iloc[:0],
        truth=problem.truth[:0],
        folds=(),
        row_weights=None,
        weights=None,
    )
    for number, fold in enumerate(problem.folds):
        outcomes = method.fit_outcomes(problem.truth[fold[0]])
        weights = weight_params(problem, fold[0])
        matrices = encode_fold(pipeline, problem.rows, outcomes, fold, folder / f"fold-{number}")
        for i, params in enumerate(tries):
            own = clone(pipeline)
            yield _Call(i, number, params, own, matrices, sent, method, outcomes, weights)


_WIDE = 1_000  # columns
"""Beyond, a process more holds several copies of its rows, which costs more than it saves."""


def _default_jobs(problem: LearningProblem) -> int:
    return 1 if problem.rows.shape[1] > _WIDE else int(joblib.cpu_count())


def _fit_fold(call: _Call) -> _Fit:
    started = time.perf_counter()
    found, error = None, None
    encoding_warned: tuple[str, ...] = ()
    fit, held = call.matrices.fit, call.matrices.held
    with record_fit_warnings(call.pipeline) as warned, one_thread():
        try:
            set_model_params(call.pipeline, call.params)
            encoding_warned = fit.warned
            model = Pipeline(call.pipeline.steps[-1:])
            model.fit(fit.read(), call.outcomes, **call.weights)
            encoding_warned += held.warned
            found = call.method.raw_answers(model, held.read(), call.problem)
            if not np.isfinite(found).all():
                found, error = None, "its scores are not finite"
        except EncodingFailed as raised:
            error = str(raised)
        except Exception as raised:  # noqa: BLE001 - an estimator may raise anything
            error = f"{type(raised).__name__}: {mask_addresses(raised)}"
    seconds = time.perf_counter() - started
    texts = tuple(sorted({*warned.texts, *encoding_warned}))
    return _Fit(call.combination, call.fold, found, error, texts, seconds)


@dataclass(frozen=True)
class _JudgedCombination:
    entry: dict[str, Any]
    raw: np.ndarray
    answers: np.ndarray


def _judge_combination(
    params: dict[str, Any], fits: dict[int, _Fit], problem: LearningProblem, method: AnswerMethod
) -> _JudgedCombination:
    """One combination's entry of `trials`, and its answers out of fold."""
    ordered = [fits[j] for j in _fold_numbers(problem)]
    entry: dict[str, Any] = {"params": params, "mean": None, "std": None, "scores": []}
    entry["warnings"] = sorted({text for fit in ordered for text in fit.warned})
    entry["error"] = next((fit.error for fit in ordered if fit.error), None)
    found = [fit.scores for fit in ordered if fit.scores is not None]
    shape = found[0].shape[1:] if found else ()
    raw = np.full((len(problem.truth), *shape), np.nan)
    if entry["error"]:
        return _JudgedCombination(entry, raw, raw)
    for fit, (_, held) in zip(ordered, problem.folds, strict=True):
        raw[held] = fit.scores
    judged: JudgedAnswers = method.judge(raw, problem)
    entry["scores"] = judged.scores
    entry["mean"] = float(np.mean(entry["scores"]))
    entry["std"] = float(np.std(entry["scores"], ddof=1))
    return _JudgedCombination(entry, raw, judged.answers)


def _choose_combination(
    trials: Sequence[dict[str, Any]],
    problem: LearningProblem,
    method: AnswerMethod,
    locate: FieldLocator,
) -> int:
    chosen: int | None = None
    for i, entry in enumerate(trials):
        if entry["error"] is None and (
            chosen is None or method.is_better(entry["mean"], trials[chosen]["mean"], problem)
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
