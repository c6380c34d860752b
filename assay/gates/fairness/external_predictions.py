"""Predictions made anywhere, brought into the one form that the gates judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.dataset.groups import group_labels
from assay.errors import DataError, suggest_name
from assay.gates.confusion_cells import ROWS_COLUMN

MOST_ROWS = 2**53  # counts beyond are not exact as floats
_YES = ("true", "yes", "y", "1")
_NO = ("false", "no", "n", "0")


def predictions_from_frame(
    frame: pd.DataFrame,
    *,
    truth: str,
    prediction: str,
    by: Sequence[str],
    positive: str | None = None,
    probability: str | None = None,
    rows: str | None = None,
    sensitive: Mapping[str, Sensitive] | None = None,
) -> pd.DataFrame:
    """Columns `row`, `truth`, `decision` and the group labels of `by`, from any file's columns.

    `positive` is the value that means yes, in truth and prediction alike; it may be left out
    where both hold yes and no in some usual form (true/false, 1/0, yes/no). `probability` names
    the column of probabilities of yes, `rows` that of how many rows each stands for (whole
    numbers), which make the columns `probability` and "(rows)". `sensitive` may declare cut points
    for numeric columns. Raises DataError, naming the column and the remedy.
    """
    if frame.empty:
        raise DataError("there are no rows to audit")
    if not by:
        raise DataError("no group column is named", remedy="Name one with --by.")
    for name in (truth, prediction, *by, *(n for n in (probability, rows) if n is not None)):
        check_present(frame, name)
    for name in by:
        if name in ("row", "truth", "decision", "probability", ROWS_COLUMN):
            raise DataError(f"a group column cannot be called {name!r}", remedy="Rename it.")
    yes = _positive_text(frame, truth, prediction, positive)
    declared = sensitive or {}
    found = pd.DataFrame(
        {
            "row": np.arange(len(frame), dtype=np.int64),
            "truth": _is_positive(frame[truth], yes),
            "decision": _is_positive(frame[prediction], yes),
            **{
                name: group_labels(frame[name], declared.get(name, Sensitive()), name).to_numpy()
                for name in by
            },
        }
    )
    if probability is not None:
        found["probability"] = _probabilities(frame, probability)
    if rows is not None:
        found[ROWS_COLUMN] = _row_counts(frame, rows)
    return found


def _is_positive(column: pd.Series, yes: str) -> np.ndarray:
    """Whether each value is the one that means yes. Texts are made of the distinct ones alone."""
    codes, values = pd.factorize(column)
    answers = (_comparable_texts(pd.Series(values)) == yes).to_numpy(bool)
    return np.asarray(answers[codes])


def _probabilities(frame: pd.DataFrame, name: str) -> np.ndarray:
    values = read_numbers(frame, name)
    outside = int(((values < 0) | (values > 1)).sum())
    if outside:
        at = values[(values < 0) | (values > 1)][0]
        raise DataError(
            f"the column {name!r} holds values outside 0 to 1 in {outside:,} rows, such as {at:g}",
            remedy="Name the column of probabilities: a score or a percentage is none.",
        )
    return values


def _row_counts(frame: pd.DataFrame, name: str) -> np.ndarray:
    """How many rows each row stands for."""
    values = read_numbers(frame, name)
    bad = values[(values < 0) | (values != np.floor(values))]
    if len(bad):
        raise DataError(
            f"the column {name!r} does not count rows: it holds {bad[0]:g}",
            remedy="Counts are whole and not negative. A survey's weights are no counts: name "
            "them by --weight.",
        )
    if values.sum() > MOST_ROWS:
        raise DataError(
            f"the column {name!r} counts {values.sum():.2g} rows, more than can be told exactly",
            remedy="Check that it holds counts.",
        )
    if not values.any():
        raise DataError(f"the column {name!r} counts no rows at all")
    return values.astype(np.int64)


def read_numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    """A column of numbers without gaps, float64. Raises DataError."""
    check_complete(frame, name)
    column = frame[name]
    if pd.api.types.is_bool_dtype(column) or not pd.api.types.is_numeric_dtype(column):
        raise DataError(
            f"the column {name!r} holds no numbers, but values such as "
            f"{_first_non_number(column)!r}",
            remedy="Name a column of numbers.",
        )
    return column.to_numpy(float)


def _first_non_number(column: pd.Series) -> Any:
    """The first value that is not finite; the first of all where each looks like a number."""
    finite = np.isfinite(pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan))
    return column.iloc[int(np.argmin(finite))]


def check_present(frame: pd.DataFrame, name: str) -> None:
    """Raise DataError for a column that the file has not."""
    columns = [str(column) for column in frame.columns]
    if name not in columns:
        listed = ", ".join(columns[:20])
        raise DataError(
            f"there is no column {name!r}",
            remedy=suggest_name(name, columns, f"Columns: {listed}."),
        )


def _comparable_texts(column: pd.Series) -> pd.Series:
    """Values as text that compares: 1, 1.0 and True of different columns stay what they mean."""
    if pd.api.types.is_bool_dtype(column):
        return column.map({True: "true", False: "false"})
    if pd.api.types.is_numeric_dtype(column):
        return column.map(lambda v: f"{v:g}")
    return column.astype(str).str.strip()


def _positive_text(frame: pd.DataFrame, truth: str, prediction: str, positive: str | None) -> str:
    """The text that means yes, once both columns are known to hold two values that match."""
    seen = {name: _values(frame, name) for name in (truth, prediction)}
    for name, values in seen.items():
        _check_two(frame, name, values)
    both = sorted(set(seen[truth]) | set(seen[prediction]))
    if len(both) > 2:
        raise DataError(
            f"{truth!r} holds {_list(seen[truth])}, but {prediction!r} holds "
            f"{_list(seen[prediction])}",
            remedy="Write the same two values in both columns.",
        )
    if positive is not None:
        return _declared_positive(positive, both)
    usual = [value for value in both if value.lower() in _YES]
    others = [value for value in both if value not in usual]
    if len(usual) > 1 or any(value.lower() not in _NO for value in others):
        raise DataError(
            f"which of {_list(both)} means yes?", remedy=f"Add --positive {both[-1]!r}."
        )
    return usual[0] if usual else "1"


def check_complete(frame: pd.DataFrame, name: str) -> None:
    """Raise DataError for a column that lacks values."""
    missing = int(frame[name].isna().sum())
    if missing:
        raise DataError(
            f"the column {name!r} holds no value in {missing:,} of {len(frame):,} rows",
            remedy="Leave these rows out, and say so to whoever reads the audit.",
        )


def _values(frame: pd.DataFrame, name: str) -> list[str]:
    check_complete(frame, name)
    return sorted(
        str(value) for value in _comparable_texts(pd.Series(frame[name].unique())).unique()
    )


def _check_two(frame: pd.DataFrame, name: str, values: Sequence[str]) -> None:
    if len(values) <= 2:
        return
    column = frame[name]
    if pd.api.types.is_numeric_dtype(column) and column.between(0, 1).all():
        raise DataError(
            f"the column {name!r} holds probabilities, not decisions",
            remedy="Cut them at the threshold that decides, and name the column of decisions "
            "(and this one with --probability).",
        )
    raise DataError(
        f"the column {name!r} holds {len(values):,} different values, not two: {_list(values)}",
        remedy="Audit several classes with --problem multiclass, amounts with --problem"
        " regression.",
    )


def _declared_positive(positive: str, values: Sequence[str]) -> str:
    for value in values:
        if positive in (value, value.capitalize()):  # True is read as a bool, "true" as text
            return value
    raise DataError(
        f"the positive value {positive!r} does not occur",
        remedy=suggest_name(positive, values, f"The values are {_list(values)}."),
    )


def _list(values: Sequence[str]) -> str:
    shown = ", ".join(repr(value) for value in values[:5])
    return shown + (", ..." if len(values) > 5 else "")
