"""One candidate, from the training rows to the model's bytes and its answers on the test rows."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from assay.codecs import model_bytes
from assay.config.candidates import Candidate
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.evidence.groups import group_labels, intersect
from assay.learning import fit
from assay.learning.candidates import Locate, estimator, nowhere
from assay.learning.folds import folds
from assay.learning.mitigation import mitigated
from assay.learning.mitigation.material import Material, Mitigated
from assay.learning.mitigation.models import needs_groups
from assay.learning.predict import Model
from assay.learning.preprocess import preprocessor
from assay.learning.scores import score, threshold
from assay.learning.search import Found, Problem, Say, search
from assay.learning.signature import cast, inputs, signature
from assay.learning.target import outcomes, truth
from assay.learning.timing import measure
from assay.learning.units import units
from assay.tables.read import Table

PREDICTIONS = ("row", "truth", "probability", "decision")
UNMITIGATED = "unmitigated"


@dataclass(frozen=True)
class Trained:
    """What training yields. All but `timing` is a function of the inputs, byte for byte.

    model: joblib bytes. signature, about, technical: JSON values. predictions: the test rows
    (row int64, truth bool, probability float64, decision bool, a text column of group labels
    for each sensitive column). held_out: the same of the training rows, by models that were not
    fitted to them, and the bool `unmitigated`, what would be decided without mitigation.
    prevalence: share of positives in training. timing: what the model takes to answer (see
    `timing.measure`) and the seconds of its `fit`, as JSON.
    """

    model: bytes
    signature: dict[str, Any]
    predictions: pa.Table
    held_out: pa.Table
    about: dict[str, Any]
    prevalence: float
    technical: dict[str, Any]
    timing: dict[str, Any]


def quiet(done: int, total: int, text: str) -> None:
    """Progress that nobody follows."""


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
    problem = _folded(_problem(table, test, candidate, use_case), table, test)
    return search(_pipeline(problem, locate), problem, say, locate)


def train(
    table: Table,
    test: np.ndarray,
    candidate: Candidate,
    use_case: UseCase,
    found: Found,
    *,
    say: Say = quiet,
    locate: Locate = nowhere,
) -> Trained:
    """Fit with the parameters found, calibrate, set the threshold, mitigate where asked, and
    answer the test rows.

    The search's out-of-fold scores serve calibration, and mitigation by thresholds, so that one
    fit is left to do: the one on all training rows. Other ways of mitigating take more, of which
    `say` tells. Raises as `explore` does.
    """
    _check_names(use_case)
    frame = table.pandas()
    problem = _problem(table, test, candidate, use_case)
    started = time.perf_counter()
    problem = _folded(problem, table, test)
    made = _made(problem, frame[~test], found, say, locate)
    fit_seconds = time.perf_counter() - started
    data = model_bytes(made.model)
    entries = inputs(table.description, problem.rows)
    described = signature(entries, use_case, _asked(made.model, candidate, use_case))
    served = Model(made.model, described)
    with threadpool_limits(1):
        answers = served.predict(frame[test])
    return Trained(
        model=data,
        signature=described,
        predictions=_predictions(
            frame, np.flatnonzero(test), answers["probability"], answers["decision"], use_case
        ),
        held_out=_held_out(frame, np.flatnonzero(~test), made, found, use_case),
        about=_about(made, found, problem),
        prevalence=float(problem.truth.mean()),
        technical={
            "bytes": len(data),
            "features": len(entries),
            "rows": len(problem.rows),
            **made.about,
        },
        timing={"fit": fit_seconds, **measure(served, frame[test], len(data))},
    )


def _problem(table: Table, test: np.ndarray, candidate: Candidate, use_case: UseCase) -> Problem:
    labels = truth(table, use_case.data.target)[~test]
    frame = table.pandas(use_case.features(table.schema.names))[~test]
    rows = cast(frame, inputs(table.description, frame))
    return Problem(rows, labels, (), candidate, use_case)


def _folded(problem: Problem, table: Table, test: np.ndarray) -> Problem:
    order = _order(table, problem.use_case)[~test]
    return replace(problem, folds=folds(problem.truth, order, problem.use_case))


def _order(table: Table, use_case: UseCase) -> pd.Series:
    """What each row is split by: its time, or its unit."""
    if use_case.split.by == "time":
        name = str(use_case.split.column)
        return table.pandas([name])[name]
    return pd.Series(units(table, use_case))


def _check_names(use_case: UseCase) -> None:
    for name in use_case.data.sensitive:
        if name in {*PREDICTIONS, UNMITIGATED}:
            raise DataError(
                f"a sensitive column cannot be called {name!r}", remedy="Rename it in the source."
            )


def _pipeline(problem: Problem, locate: Locate) -> Pipeline:
    rows, candidate, use_case = problem.rows, problem.candidate, problem.use_case
    path = use_case.path(candidate)
    prepare = preprocessor(
        rows, seed=use_case.seed, overrides=candidate.preprocess, path=path, locate=locate
    )
    model = estimator(candidate, use_case, locate)
    return Pipeline([("prepare", prepare), ("model", model)])


def _made(
    problem: Problem, learning: pd.DataFrame, found: Found, say: Say, locate: Locate
) -> Mitigated:
    """The model and its answers out of fold; where nothing is mitigated, the search has those."""

    def pipeline() -> Pipeline:
        return fit.with_params(_pipeline(problem, locate), found.params)

    asked = problem.candidate.mitigate
    if asked is not None:
        groups = _groups(learning, asked.by, problem.use_case)
        return mitigated(Material(problem, found, groups, pipeline, say, locate))
    held = ~np.isnan(found.probability)
    decision = fit.unmitigated(found, problem.use_case)
    plain = fit.plain(pipeline(), problem, found.scores)
    return Mitigated(plain.model, found.probability, decision, held)


def _groups(frame: pd.DataFrame, by: Sequence[str], use_case: UseCase) -> np.ndarray:
    """Text labels of the rows' groups: of one column, or of the intersection of several."""
    labels = [group_labels(frame[name], use_case.data.sensitive[name], name) for name in by]
    found: np.ndarray = intersect(labels).to_numpy(dtype=object)
    return found


def _asked(model: Any, candidate: Candidate, use_case: UseCase) -> list[dict[str, Any]] | None:
    """The columns that make a row's group, if the model must be told it."""
    if not needs_groups(model) or candidate.mitigate is None:
        return None
    declared = use_case.data.sensitive
    return [{"name": name, "bins": list(declared[name].bins)} for name in candidate.mitigate.by]


def _predictions(
    frame: pd.DataFrame,
    rows: np.ndarray,
    probability: np.ndarray | pd.Series,
    decision: np.ndarray | pd.Series,
    use_case: UseCase,
) -> pa.Table:
    """The answers to these rows of the table, with the truth and the groups beside them."""
    target = use_case.data.target
    positive = outcomes(pa.chunked_array([pa.Array.from_pandas(frame[target.column])]), target)
    columns: dict[str, Any] = {
        "row": rows.astype(np.int64),
        "truth": positive[rows],
        "probability": np.asarray(probability),
        "decision": np.asarray(decision),
    }
    for name, declared in use_case.data.sensitive.items():
        # Labelled over all rows: the groups do not depend on the split.
        labels = group_labels(frame[name], declared, name).to_numpy(dtype=object)
        columns[name] = pa.array(labels[rows], pa.string())
    return pa.table(columns)


def _held_out(
    frame: pd.DataFrame, learning: np.ndarray, made: Mitigated, found: Found, use_case: UseCase
) -> pa.Table:
    held, plain = made.held, fit.unmitigated(found, use_case)
    answers = made.probability[held], made.decision[held]
    table = _predictions(frame, learning[held], *answers, use_case)
    return table.append_column(UNMITIGATED, pa.array(plain[held]))


def _cross_validated(made: Mitigated, problem: Problem) -> float:
    """`performance.choose_by` of the candidate's answers out of fold, the mean over folds.

    What rests on probabilities alone is known of every fold, even where decisions are not.
    """
    asked, found = problem.use_case.performance, []
    by_probability = asked.choose_by in {"roc_auc", "average_precision", "log_loss", "brier"}
    known = ~np.isnan(made.probability) if by_probability else made.held
    for _, held in problem.folds:
        if known[held].all():
            answers = problem.truth[held], made.probability[held], made.decision[held]
            found.append(score(asked.choose_by, *answers, asked.cost))
    return float(np.mean(found))


def _about(made: Mitigated, found: Found, problem: Problem) -> dict[str, Any]:
    """What the candidate is and what was chosen for it, the same for the same inputs."""
    candidate, asked = problem.candidate, problem.use_case.performance
    return {
        "candidate": candidate.title,
        "estimator": candidate.estimator,
        "choose_by": asked.choose_by,
        "cross_validated": _cross_validated(made, problem),
        "params": found.params,
        "calibrate": candidate.calibrate,
        "threshold": threshold(asked.cost),
        "mitigate": candidate.mitigate.model_dump(mode="json") if candidate.mitigate else None,
    }
