"""Decisions among several classes made anywhere, brought into the form that the gate judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.data import Sensitive, Target
from assay.dataset.groups import group_labels
from assay.errors import ConfigError, DataError, suggest_name
from assay.gates.fairness.external_predictions import check_complete, check_present, read_numbers
from assay.problems.multiclass.answers import (
    PROBABILITY_PREFIX,
    answer_columns,
    check_probability_rows,
)
from assay.problems.problem_type import listed

_MOST_CLASSES = 1000  # more different values are hardly classes
_ROUNDED = 0.005  # how far a probability of two decimals may be off


@dataclass(frozen=True, slots=True)
class ExternalAnswers:
    """Answers of a file (see `audit_fairness`), and the target that names their classes."""

    answers: pd.DataFrame
    target: Target


def answers_from_frame(
    frame: pd.DataFrame,
    *,
    truth: str,
    prediction: str,
    sensitive: Mapping[str, Sensitive],
    probabilities: Mapping[str, str],
    target: Target | None = None,
) -> ExternalAnswers:
    """Columns `row`, `truth`, `decision`, `probability_<class>` and the group labels, from any
    file's columns.

    `probabilities` gives the column of each class; left out, there are none. Without a `target` the
    classes are those, else all that truth and prediction hold. Probabilities may be rounded to two
    decimals: they are divided by their sum. Raises DataError, naming the column and the remedy.
    """
    if frame.empty:
        raise DataError("there are no rows to audit")
    for name in (truth, prediction, *sensitive, *probabilities.values()):
        check_present(frame, name)
    texts = {
        "truth": _class_texts(frame, truth),
        "decision": _class_texts(frame, prediction),
    }
    seen = sorted(set(texts["truth"].unique()) | set(texts["decision"].unique()))
    if not target and probabilities and len(probabilities) < 3 <= len(seen):
        absent = next(label for label in seen if label not in probabilities)
        raise DataError(
            f"--probability names {len(probabilities)} of the classes {listed(seen)}",
            remedy=f"Add --probability {absent}=COLUMN, so that each class has one.",
        )
    held = target or _target_of(truth, list(probabilities) or seen)
    for name in sensitive:
        if name in answer_columns(held):
            raise DataError(f"a group column cannot be called {name!r}", remedy="Rename it.")
    if odd := next((label for label in seen if label not in held.class_labels), None):
        raise DataError(
            f"the rows hold the class {odd!r}, which is not among {', '.join(held.class_labels)}",
            remedy=f"Add --probability {odd}=COLUMN." if probabilities else None,
        )
    _check_shared_classes(texts["truth"], texts["decision"], truth, prediction)
    found = pd.DataFrame({"row": np.arange(len(frame), dtype=np.int64), **texts})
    if probabilities:
        values = _read_probabilities(frame, held.class_labels, probabilities)
        for code, label in enumerate(held.class_labels):
            found[PROBABILITY_PREFIX + label] = values[:, code]
    for name, declared in sensitive.items():
        found[name] = group_labels(frame[name], declared, name).to_numpy()
    return ExternalAnswers(found, held)


def parse_probabilities(words: Sequence[str]) -> dict[str, str]:
    """The column of each class, from words such as "minor=p_minor". Raises ConfigError."""
    found: dict[str, str] = {}
    for word in words:
        label, _, column = word.partition("=")
        if not (label and column):
            raise ConfigError(
                f"{word!r} does not say of which class the probability is",
                where="--probability",
                remedy="Write CLASS=COLUMN, once for each class.",
            )
        if label in found:
            raise ConfigError(f"the class {label!r} stands here twice", where="--probability")
        found[label] = column
    return found


def _check_shared_classes(truth: pd.Series, decision: pd.Series, *names: str) -> None:
    """Raise DataError where no class stands in both columns: they are written in different ways,
    and every rate would be a sure 0.
    """
    known, decided = sorted(truth.unique()), sorted(decision.unique())
    if not set(known) & set(decided):
        raise DataError(
            f"the columns {names[0]!r} and {names[1]!r} have no class in common: they hold "
            f"{listed(known)}, and {listed(decided)}",
            remedy="Write the classes alike in both columns, or name other columns.",
        )


def _target_of(column: str, labels: Sequence[str]) -> Target:
    """A target with these classes. Raises DataError where they can be none."""
    if len(labels) < 3:
        raise DataError(
            f"the column {column!r} and the decisions hold {len(labels)} classes, not several",
            remedy="Leave out --problem to audit answers yes or no.",
        )
    if len(labels) > _MOST_CLASSES:
        raise DataError(
            f"the column {column!r} and the decisions hold {len(labels):,} different values",
            remedy="Audit amounts with --problem regression.",
        )
    if odd := next((label for label in labels if "|" in label or not label.strip()), None):
        raise DataError(f"{odd!r} cannot be the name of a class", remedy="Rename it.")
    return Target(column=column, classes=tuple(labels))


def _class_texts(frame: pd.DataFrame, name: str) -> pd.Series:
    """A column's classes as text: 1, 1.0 and "1" are one class."""
    check_complete(frame, name)
    codes, values = pd.factorize(frame[name])
    return pd.Series(np.array([_class_text(value) for value in values], dtype=object)[codes])


def _class_text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value).strip()


def _read_probabilities(
    frame: pd.DataFrame, labels: Sequence[str], columns: Mapping[str, str]
) -> np.ndarray:
    """(rows, classes), each row divided by its sum."""
    for label in labels:
        if label not in columns:
            raise DataError(
                f"the class {label!r} has no column of probabilities",
                remedy=f"Add --probability {label}=COLUMN.",
            )
    if odd := next((label for label in columns if label not in labels), None):
        raise DataError(
            f"--probability names the class {odd!r}, which the use case does not have",
            remedy=suggest_name(odd, labels, f"The classes are {', '.join(labels)}."),
        )
    values = np.column_stack([read_numbers(frame, columns[label]) for label in labels])
    accepted = len(labels) * _ROUNDED + 1e-9
    check_probability_rows(values, "--probability", accepted)
    return np.asarray(values / values.sum(axis=1, keepdims=True))
