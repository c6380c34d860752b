"""Answers to a question with several classes: read from a frame, and checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.data import Target
from assay.errors import DataError, suggest_name
from assay.gates.statistics.intervals import Bools, Floats

Ints = NDArray[np.int64]

PROBABILITY_PREFIX = "probability_"
SET_SEPARATOR = "|"
_MAX_SUM_ERROR = 1e-6  # how far a row's probabilities may be from one in sum


@dataclass(frozen=True, slots=True)
class ClassAnswers:
    """One model's answers, a row each: class codes, probabilities by class, and sets of classes.

    `sets` (rows, classes) is None where no sets were delivered.
    """

    classes: tuple[str, ...]
    decision: Ints
    probability: Floats  # (rows, classes)
    sets: Bools | None = None

    def of(self, rows: Bools) -> ClassAnswers:
        """The answers to some of the rows."""
        sets = None if self.sets is None else self.sets[rows]
        return ClassAnswers(self.classes, self.decision[rows], self.probability[rows], sets)

    def agrees_with(self, other: ClassAnswers) -> bool:
        """Whether both decide alike and give the same probabilities, row by row."""
        same = np.array_equal(self.decision, other.decision)
        return same and np.array_equal(self.probability, other.probability)


def answer_columns(target: Target) -> list[str]:
    """The columns of a frame of answers that hold no group labels."""
    scores = [PROBABILITY_PREFIX + label for label in target.class_labels]
    return ["row", "truth", "decision", "set", *scores]


def read_truth(frame: pd.DataFrame, target: Target, name: str) -> Ints:
    """The true class of each row, by its place in the target's order. Raises DataError."""
    return _class_codes(frame, "truth", target.class_labels, name)


def read_answers(frame: pd.DataFrame, target: Target, name: str) -> ClassAnswers:
    """The answers that a frame holds; `name` says in messages which frame it is.

    Raises DataError for columns that are absent or hold nulls, for unknown classes, and for
    probabilities outside 0 to 1 or that do not sum to one.
    """
    classes = target.class_labels
    return ClassAnswers(
        classes=classes,
        decision=read_decisions(frame, target, name),
        probability=_read_probabilities(frame, classes, name),
        sets=read_sets(frame, target, name),
    )


def read_decisions(frame: pd.DataFrame, target: Target, name: str) -> Ints:
    """The decided class of each row, by its place in the target's order. Raises DataError."""
    return _class_codes(frame, "decision", target.class_labels, name)


def read_probabilities(frame: pd.DataFrame, target: Target, name: str) -> Floats | None:
    """The classes' probabilities, (rows, classes); None where the frame has no column of them.
    Raises DataError.
    """
    columns = (PROBABILITY_PREFIX + label for label in target.class_labels)
    if not any(column in frame for column in columns):
        return None
    return _read_probabilities(frame, target.class_labels, name)


def check_probability_rows(
    probability: Floats, name: str, max_error: float = _MAX_SUM_ERROR
) -> None:
    """Raise DataError unless every row of `probability` (rows, classes) is a distribution, whose
    sum may be `max_error` off.
    """
    outside = ~((probability >= 0) & (probability <= 1)).all(axis=1)
    if outside.any():
        row = probability[outside][0]
        worst = row[np.nanargmax(np.abs(row - 0.5))] if np.isfinite(row).any() else np.nan
        raise DataError(
            f"{int(outside.sum()):,} of {len(probability):,} rows hold probabilities outside 0 to "
            f"1, such as {worst:g}",
            where=name,
            remedy="Give a probability for each class, such as the estimator's predict_proba.",
        )
    sums = probability.sum(axis=1)
    off = np.abs(sums - 1) > max_error
    if off.any():
        raise DataError(
            f"the probabilities of {int(off.sum()):,} of {len(sums):,} rows do not sum to one, but "
            f"to {sums[off][0]:.6g}, say",
            where=name,
            remedy="Name the probability of every class, and give them unrounded.",
        )


def _read_probabilities(frame: pd.DataFrame, classes: Sequence[str], name: str) -> Floats:
    columns = [PROBABILITY_PREFIX + label for label in classes]
    for column in columns:
        _require_column(frame, column, name)
    probability = frame[columns].to_numpy(float)
    check_probability_rows(probability, name)
    return probability


def _class_codes(frame: pd.DataFrame, column: str, classes: Sequence[str], name: str) -> Ints:
    _require_column(frame, column, name)
    found = pd.Index(classes).get_indexer(pd.Index(frame[column].astype(str))).astype(np.int64)
    if (unknown := found < 0).any():
        held = str(frame[column].to_numpy()[unknown][0])
        raise DataError(
            f"the {name} hold the {column} {held!r} in {int(unknown.sum()):,} rows, and no such "
            "class is declared",
            remedy=suggest_name(held, classes, f"The classes are {', '.join(classes)}."),
        )
    return found


def read_sets(frame: pd.DataFrame, target: Target, name: str) -> Bools | None:
    """Which classes are in each row's set, (rows, classes); None where the frame has no sets.
    Raises DataError.
    """
    if "set" not in frame:
        return None
    classes = target.class_labels
    _require_column(frame, "set", name)
    codes, texts = pd.factorize(frame["set"].astype(str))
    place = {label: code for code, label in enumerate(classes)}
    members = np.zeros((len(texts), len(classes)), dtype=bool)
    for row, text in enumerate(texts):
        for label in str(text).split(SET_SEPARATOR):
            if label not in place:
                raise DataError(
                    f"the {name} hold the set {text!r}, whose class {label!r} is not declared",
                    remedy="A set names at least one class, several as a|b.",
                )
            members[row, place[label]] = True
    return np.asarray(members[codes])


def _require_column(frame: pd.DataFrame, column: str, name: str) -> None:
    if column not in frame:
        raise DataError(
            f"the {name} have no column {column!r}",
            remedy=suggest_name(column, map(str, frame.columns)),
        )
    if frame[column].isna().any():
        raise DataError(f"the {name} hold nulls in {column!r}")


def same_rows(frame: pd.DataFrame, other: pd.DataFrame) -> bool:
    """Whether both frames hold the same rows in the same order, as far as their `row` says."""
    if len(frame) != len(other):
        return False
    if "row" not in frame or "row" not in other:
        return True
    first: Any = frame["row"].to_numpy()
    return bool((first == other["row"].to_numpy()).all())
