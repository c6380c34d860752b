"""Finds the object that stands for a question's type."""

from __future__ import annotations

from importlib import import_module

from assay.config.data import Target
from assay.errors import ConfigError
from assay.problems.problem_type import ProblemType
from assay.util.import_path import use_working_folder

_OURS = frozenset({"binary", "multiclass", "regression"})


def problem_type(target: Target) -> ProblemType:
    """The type of the question that a target asks; any other than Assay's own by its import path.

    Raises ConfigError for a path that leads to none.
    """
    return named_problem_type(target.problem_type)


def modules_asked(problem: ProblemType) -> tuple[str, ...]:
    """The modules through which a stage asks a type: part of the stage's key, without all that they
    may import for other stages.
    """
    lines = [kind.__module__ for kind in type(problem).__mro__ if kind is not object]
    return (*dict.fromkeys(lines), "assay.problems.problem_type")


def named_problem_type(named: str) -> ProblemType:
    """The type of this name: one of Assay's own, or the import path of another. Raises ConfigError
    as `problem_type` does.
    """
    path = f"assay.problems.{named}.problem.PROBLEM" if named in _OURS else named
    module, _, member = path.rpartition(".")
    use_working_folder()
    try:
        found: ProblemType = getattr(import_module(module), member)
    except (ImportError, AttributeError) as error:
        raise ConfigError(
            f"there is no problem type {path}: {error}",
            where="data.target.problem",
            remedy="Name an object that answers what assay.problems.problem_type.ProblemType asks,"
            " by its import path.",
        ) from None
    return found
