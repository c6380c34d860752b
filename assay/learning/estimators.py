"""Makes a candidate's estimator, or raises an error that names the wrong word."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from assay.config.candidates import CLASS_THRESHOLDS, REWEIGHING, Candidate
from assay.config.use_case import UseCase
from assay.errors import ConfigError, nearest_name, suggest_name
from assay.util.import_path import use_working_folder

FieldLocator = Callable[[tuple[str | int, ...]], str | None]
"""From a path into the use case to the place in its file: `file:line`."""


def no_location(_: tuple[str | int, ...]) -> str | None:
    """For use cases that were not read from a file."""
    return None


KindCheck = Callable[[Any, Candidate, tuple[str | int, ...], FieldLocator], None]
"""Raises ConfigError for an estimator that does not fit the question: the unfitted estimator, its
candidate, and the candidate's path into the use case.
"""


def require_classifier(
    estimator: Any,
    candidate: Candidate,
    path: tuple[str | int, ...],
    locate: FieldLocator,
    question: str = "is answered by yes or no",
) -> None:
    """Raise ConfigError for what is no classifier with scores, or asks for probabilities that it
    does not give.
    """
    from sklearn.base import is_classifier

    if not is_classifier(estimator):
        raise ConfigError(
            f"{candidate.estimator} is not a classifier",
            where=locate((*path, "estimator")),
            remedy=f"The question {question}: name a classifier.",
        )
    scores = [n for n in ("decision_function", "predict_proba") if hasattr(estimator, n)]
    if not scores:
        raise ConfigError(
            f"{candidate.estimator} gives neither scores nor probabilities",
            where=locate((*path, "estimator")),
            remedy="Name one with decision_function or predict_proba.",
        )
    if candidate.calibrate == "none" and "predict_proba" not in scores:
        raise ConfigError(
            f"{candidate.estimator} gives no probabilities of its own",
            where=locate((*path, "calibrate")),
            remedy="Write calibrate: sigmoid, or isotonic.",
        )


def check_candidates(
    use_case: UseCase, locate: FieldLocator = no_location, check: KindCheck = require_classifier
) -> None:
    """Make every candidate's estimator and transformers before any work is done. Raises
    ConfigError.
    """
    for candidate in use_case.expanded_candidates:
        make_estimator(candidate, use_case, locate, check)
        _check_depends(candidate, use_case, locate)
        for column, path in candidate.preprocess.items():
            make_transformer(
                path, (*use_case.candidate_path(candidate), "preprocess", column), locate
            )


def _check_depends(candidate: Candidate, use_case: UseCase, locate: FieldLocator) -> None:
    """Raises ConfigError for what is neither a module nor a file or folder."""
    use_working_folder()
    for number, name in enumerate(candidate.depends):
        if not Path(name).exists() and not _is_module(name):
            path = (*use_case.candidate_path(candidate), "depends", number)
            raise ConfigError(
                f"there is no module, file or folder {name!r}",
                where=locate(path),
                remedy="Write a module's import path, or a file's path from the working folder "
                f"({Path.cwd()}).",
            )


def _is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except (ImportError, ValueError):  # no such parent; no name of a module
        return False


def make_estimator(
    candidate: Candidate,
    use_case: UseCase,
    locate: FieldLocator = no_location,
    check: KindCheck = require_classifier,
) -> Any:
    """The unfitted estimator of a candidate, its parameters set, its randomness seeded.

    Raises ConfigError when the path leads to no estimator, `check` refuses it, or a parameter is
    unknown to it.
    """
    path = use_case.candidate_path(candidate)
    kind = import_object(candidate.estimator, (*path, "estimator"), locate)
    if not inspect.isclass(kind) or not hasattr(kind, "fit") or not hasattr(kind, "get_params"):
        raise ConfigError(
            f"{candidate.estimator} is not an estimator",
            where=locate((*path, "estimator")),
            remedy="Name a class with scikit-learn's fit, predict and get_params.",
        )
    made = _make_instance(kind, candidate, path, locate)
    check(made, candidate, path, locate)
    _require_sample_weight(made, candidate, path, locate)
    if use_case.data.weight is not None:
        _require_weighted_learning(made, candidate, path, locate)
    given = {*candidate.params, *candidate.search}
    if "random_state" in made.get_params(deep=False) and "random_state" not in given:
        made.set_params(random_state=use_case.seed)
    return made


def make_transformer(
    path: str, field_path: tuple[str | int, ...], locate: FieldLocator = no_location
) -> Any:
    """The transformer that a column asks for: `drop`, `passthrough`, or one made by import path.

    Raises ConfigError.
    """
    if path in {"drop", "passthrough"}:
        return path
    if "." not in path:
        raise ConfigError(
            f"{path!r} is no transformer",
            where=locate(field_path),
            remedy=suggest_name(
                path,
                ["drop", "passthrough"],
                "Write drop, passthrough, or an import path such as "
                "sklearn.preprocessing.KBinsDiscretizer.",
            ),
        )
    kind = import_object(path, field_path, locate)
    if not inspect.isclass(kind) or not hasattr(kind, "fit") or not hasattr(kind, "transform"):
        raise ConfigError(
            f"{path} is no transformer: it lacks fit or transform", where=locate(field_path)
        )
    try:
        return kind()
    except TypeError as error:
        raise ConfigError(
            f"{path} cannot be made without arguments: {error}",
            where=locate(field_path),
            remedy="Derive a class from it that sets them, and name that class.",
        ) from None


def import_object(
    path: str, field_path: tuple[str | int, ...], locate: FieldLocator = no_location
) -> Any:
    """The object that an import path names; modules in the working folder count too.

    Raises ConfigError with the nearest name when there is no such module or member.
    """
    use_working_folder()
    name, _, member = path.rpartition(".")
    module = _import_module(name, path, locate(field_path))
    if not hasattr(module, member):
        near = nearest_name(member, [n for n in dir(module) if not n.startswith("_")])
        raise ConfigError(
            f"{name} has no {member!r}",
            where=locate(field_path),
            remedy=f"Did you mean {name}.{near}?" if near else None,
        )
    return getattr(module, member)


def _import_module(name: str, path: str, place: str | None) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or name
        if not (name == missing or name.startswith(f"{missing}.")):
            what = f"{name} needs the module {missing!r}, which is not installed"
            raise ConfigError(what, where=place, remedy=f"Install {missing}.") from error
        near = nearest_name(missing.rpartition(".")[2], _sibling_modules(missing))
        parent = missing.rpartition(".")[0]
        hint = f"{parent}.{near}" if parent else near
        raise ConfigError(
            f"there is no module {missing!r} to take {path} from",
            where=place,
            remedy=f"Did you mean {hint}?"
            if near
            else "Install it, or run from the folder that holds it.",
        ) from None
    except Exception as error:
        what = f"importing {name} failed: {type(error).__name__}: {error}"
        raise ConfigError(what, where=place) from error


def _sibling_modules(missing: str) -> Iterable[str]:
    parent = missing.rpartition(".")[0]
    folders = importlib.import_module(parent).__path__ if parent else None
    return sorted({found.name for found in pkgutil.iter_modules(folders)})


def _make_instance(
    kind: Any, candidate: Candidate, path: tuple[str | int, ...], locate: FieldLocator
) -> Any:
    """An instance with the candidate's params, all of its parameter names checked."""
    declared = inspect.signature(kind).parameters
    open_ended = any(p.kind is p.VAR_KEYWORD for p in declared.values())
    named = [(key, name) for key in ("params", "search") for name in getattr(candidate, key)]
    if not open_ended:
        for key, name in named:
            _require_parameter(name.partition("__")[0], declared, (*path, key, name), kind, locate)
    own = {k: v for k, v in candidate.params.items() if "__" not in k}
    try:
        made = kind(**own)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{candidate.estimator} cannot be made: {error}", where=locate((*path, "params"))
        ) from None
    nested = made.get_params()
    for key, name in named:
        if "__" in name:
            _require_parameter(name, nested, (*path, key, name), kind, locate)
    return made.set_params(**{k: v for k, v in candidate.params.items() if "__" in k})


def _require_parameter(
    name: str,
    parameters: Iterable[str],
    field_path: tuple[str | int, ...],
    kind: Any,
    locate: FieldLocator,
) -> None:
    if name not in parameters:
        raise ConfigError(
            f"{kind.__name__} has no parameter {name!r}",
            where=locate(field_path),
            remedy=suggest_name(name, parameters, f"It has: {', '.join(parameters)}."),
        )


def _require_sample_weight(
    estimator: Any, candidate: Candidate, path: tuple[str | int, ...], locate: FieldLocator
) -> None:
    from sklearn.utils.validation import has_fit_parameter

    asked = candidate.mitigate
    if asked and asked.trains_on_weights and not has_fit_parameter(estimator, "sample_weight"):
        raise ConfigError(
            f"{asked.method} trains on weighted rows, but {candidate.estimator} takes no "
            "sample_weight",
            where=locate((*path, "mitigate", "method")),
            remedy="Name another estimator, or mitigate by "
            "fairlearn.postprocessing.ThresholdOptimizer.",
        )


def _require_weighted_learning(
    estimator: Any, candidate: Candidate, path: tuple[str | int, ...], locate: FieldLocator
) -> None:
    """Raise ConfigError for what would silently learn without the weights of the rows."""
    from sklearn.utils.validation import has_fit_parameter

    if not has_fit_parameter(estimator, "sample_weight"):
        raise ConfigError(
            f"{candidate.estimator} takes no sample_weight, and data.weight gives the rows weights",
            where=locate((*path, "estimator")),
            remedy="Name another estimator, such as sklearn.linear_model.LogisticRegression or one "
            "of sklearn.ensemble; or leave data.weight out, and the column under data.exclude.",
        )
    asked = candidate.mitigate
    if asked and asked.method not in {REWEIGHING, CLASS_THRESHOLDS}:
        raise ConfigError(
            f"Fairlearn's {asked.method.rpartition('.')[2]} takes no weights of rows, and "
            "data.weight gives the rows weights",
            where=locate((*path, "mitigate", "method")),
            remedy=f"Mitigate by {REWEIGHING}, whose weights multiply those of the rows.",
        )
