"""One candidate, from the training rows to the model's bytes and its answers on the test rows."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from assay.codecs import model_bytes
from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.evidence.groups import group_labels
from assay.learning import calibration, mitigation
from assay.learning.candidates import Locate, estimator, nowhere
from assay.learning.folds import folds
from assay.learning.predict import Model
from assay.learning.preprocess import preprocessor
from assay.learning.scores import threshold
from assay.learning.search import Found, Problem, Say, search
from assay.learning.signature import cast, inputs, signature
from assay.learning.target import outcomes, truth
from assay.learning.units import units
from assay.tables import Table

PREDICTIONS = ("row", "truth", "probability", "decision")


@dataclass(frozen=True)
class Trained:
    """What training yields. All but `seconds` is a function of the inputs, byte for byte.

    model: joblib bytes. signature, about, technical: JSON values. predictions: the test rows
    (row int64, truth bool, probability float64, decision bool, a text column of group labels
    for each sensitive column). prevalence: share of positives in training. seconds: timings.
    """

    model: bytes
    signature: dict[str, Any]
    predictions: pa.Table
    about: dict[str, Any]
    prevalence: float
    technical: dict[str, Any]
    seconds: dict[str, Any]


def explore(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    *,
    say: Say,
    locate: Locate = nowhere,
) -> Found:
    """Search the candidate's parameters by cross-validation on the training rows.

    `test` is bool, one entry a row of `table`. What is found does not depend on how the
    candidate is mitigated. Raises ConfigError for a candidate that cannot be made or fitted,
    DataError for rows that cannot teach it.
    """
    problem = _problem(table, test, candidate, use_case)
    made = folds(problem.truth, _order(table, use_case)[~test], use_case)
    problem = replace(problem, folds=made)
    return search(_pipeline(problem, locate), problem, say, locate)


def train(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    found: Found,
    *,
    locate: Locate = nowhere,
) -> Trained:
    """Fit with the parameters found, calibrate, set the threshold, mitigate where asked, and
    answer the test rows.

    The search's out-of-fold scores serve calibration and mitigation, so that one fit is left to
    do: the one on all training rows. Raises as `explore` does.
    """
    _check_names(use_case)
    frame = table.pandas()
    problem = _problem(table, test, candidate, use_case)
    started = time.perf_counter()
    plain = _fit(_pipeline(problem, locate), problem, found)
    fitted, rules = _mitigated(plain, frame[~test], problem, found)
    fit_seconds = time.perf_counter() - started
    data = model_bytes(fitted)
    entries = inputs(table.description, problem.rows)
    described = signature(entries, use_case, _asked(candidate, use_case))
    started = time.perf_counter()
    with threadpool_limits(1):
        answers = Model(fitted, described).predict(frame[test])
    return Trained(
        model=data,
        signature=described,
        predictions=_predictions(frame, test, answers, use_case),
        about=_about(found, candidate, use_case),
        prevalence=float(problem.truth.mean()),
        technical={
            "bytes": len(data),
            "features": len(entries),
            "rows": len(problem.rows),
            **rules,
        },
        seconds={
            "fit": fit_seconds,
            "predict": time.perf_counter() - started,
            "predicted_rows": int(test.sum()),
        },
    )


def _problem(table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase) -> Problem:
    labels = truth(table, use_case.data.target)[~test]
    frame = table.pandas(use_case.features(table.schema.names))[~test]
    rows = cast(frame, inputs(table.description, frame))
    return Problem(rows, labels, (), candidate, use_case)


def _order(table: Table, use_case: UseCase) -> pd.Series:
    """What each row is split by: its time, or its unit."""
    if use_case.split.by == "time":
        name = str(use_case.split.column)
        return table.pandas([name])[name]
    return pd.Series(units(table, use_case))


def _check_names(use_case: UseCase) -> None:
    for name in use_case.data.sensitive:
        if name in PREDICTIONS:
            raise DataError(
                f"a sensitive column cannot be called {name!r}", remedy="Rename it in the source."
            )


def _pipeline(problem: Problem, locate: Locate) -> Pipeline:
    rows, candidate, use_case = problem.rows, problem.candidate, problem.use_case
    path = ("candidates", use_case.candidates.index(candidate))
    prepare = preprocessor(
        rows, seed=use_case.seed, overrides=candidate.preprocess, path=path, locate=locate
    )
    model = estimator(candidate, use_case, locate)
    return Pipeline([("prepare", prepare), ("model", model)])


def _fit(pipeline: Pipeline, problem: Problem, found: Found) -> FixedThresholdClassifier:
    """The pipeline fitted to all training rows, calibrated, its threshold set by the costs.

    Plain scikit-learn. One thread, because the number of threads is written into some models.
    """
    rows, whole = problem.rows, problem.truth.astype(np.int64)
    with threadpool_limits(1):
        pipeline.set_params(**{f"model__{name}": value for name, value in found.params.items()})
        pipeline.fit(rows, whole)
        model = calibration.calibrated(pipeline, found.scores, whole, problem.candidate.calibrate)
        fixed = FixedThresholdClassifier(
            FrozenEstimator(model),
            threshold=threshold(problem.use_case.performance.cost),
            pos_label=1,
            response_method="predict_proba",
        )
        return fixed.fit(rows, whole)


def _mitigated(
    plain: FixedThresholdClassifier, learning: pd.DataFrame, problem: Problem, found: Found
) -> tuple[Any, dict[str, Any]]:
    """The model with its group thresholds where the candidate asks for them, and what to know."""
    asked = problem.candidate.mitigate
    if asked is None:
        return plain, {}
    declared = problem.use_case.data.sensitive[asked.by]
    groups = group_labels(learning[asked.by], declared, asked.by).to_numpy(dtype=object)
    outcome = mitigation.optimise(asked, found.probability, problem.truth, groups)
    fitted = mitigation.GroupThresholds(plain, asked.by, outcome.rules)
    return fitted, {"groups_without_rule": outcome.without_rule}


def _asked(candidate: Candidate, use_case: UseCase) -> dict[str, Any] | None:
    """The column that a mitigated model needs beside its features."""
    if candidate.mitigate is None:
        return None
    name = candidate.mitigate.by
    return {"name": name, "bins": list(use_case.data.sensitive[name].bins)}


def _predictions(
    frame: pd.DataFrame,
    test: np.ndarray,
    answers: pd.DataFrame,
    use_case: UseCase,
) -> pa.Table:
    target = use_case.data.target
    positive = outcomes(pa.chunked_array([pa.Array.from_pandas(frame[target.column])]), target)
    columns: dict[str, Any] = {
        "row": np.flatnonzero(test).astype(np.int64),
        "truth": positive[test],
        "probability": answers["probability"].to_numpy(),
        "decision": answers["decision"].to_numpy(),
    }
    for name, declared in use_case.data.sensitive.items():
        # Labelled over all rows: the groups do not depend on the split.
        labels = group_labels(frame[name], declared, name)[test]
        columns[name] = pa.array(labels.to_numpy(dtype=object), pa.string())
    return pa.table(columns)


def _about(found: Found, candidate: Candidate, use_case: UseCase) -> dict[str, Any]:
    """What the candidate is and what was chosen for it, the same for the same inputs."""
    return {
        "candidate": candidate.title,
        "estimator": candidate.estimator,
        "choose_by": use_case.performance.choose_by,
        "cross_validated": found.tried[found.chosen]["mean"],
        "params": found.params,
        "calibrate": candidate.calibrate,
        "threshold": threshold(use_case.performance.cost),
        "mitigate": candidate.mitigate.model_dump(mode="json") if candidate.mitigate else None,
    }
