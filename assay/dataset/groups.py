"""From a sensitive column to named groups of people, and their intersections."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from assay.config.data import MISSING_GROUP, Sensitive
from assay.errors import DataError, suggest_name

MISSING_LABEL = MISSING_GROUP
_AND = " & "
MOST_GROUPS = 50


def group_labels(column: pd.Series, declared: Sensitive, name: str) -> pd.Series:
    """Text labels of the groups in `column`, aligned with its index.

    Cut points make "<30", "30-50" (30 included, 50 not) and ">=50"; a missing value is a group
    of its own, "(missing)". Raises DataError for a column without any value, for cut points on
    what is no number, and for more than 50 groups, in which no group could be judged.
    """
    if len(column) and column.isna().all():
        raise DataError(
            f"the sensitive column {name!r} holds no value",
            remedy="Take it out of data.sensitive, or mend the source.",
        )
    if declared.bins:
        _check_numbers(column, name)
    codes, labels = _codes_and_labels(column, declared, name)
    if len(labels) > MOST_GROUPS:
        raise DataError(
            f"the sensitive column {name!r} makes {len(labels)} groups, more than {MOST_GROUPS}",
            remedy=_remedy_too_many(column, name),
        )
    return _label_series(codes, labels, column.index, name)


def unchecked_group_labels(column: pd.Series, declared: Sensitive, name: str) -> pd.Series:
    """`group_labels` of any rows, for a model in use: each row's label depends on it alone.

    What could not be judged can still be answered: all values may be missing, and there may be
    any number of groups. Raises DataError for cut points on a value that is no number.
    """
    codes, labels = _codes_and_labels(column, declared, name)
    return _label_series(codes, labels, column.index, name)


def reference_group(labels: pd.Series, declared: Sensitive, name: str) -> str:
    """The group that others are compared with: as declared, else the largest.

    The largest is never the missing values unless there is nothing else; of two equally large,
    the first by name. Raises DataError when the declared group does not exist.
    """
    return reference_from_counts(labels.value_counts(), declared, name)


def reference_from_counts(rows: pd.Series, declared: Sensitive, name: str) -> str:
    """`reference_group` from the number of rows by group label."""
    groups = sorted(str(group) for group in rows.index)
    if declared.reference is not None:
        return _declared_reference(declared.reference, groups, name)
    if not groups:
        raise DataError(f"the sensitive column {name!r} has no rows")
    return max(groups, key=lambda group: (group != MISSING_LABEL, rows[group]))


def _declared_reference(reference: str, groups: Sequence[str], name: str) -> str:
    if reference in groups:
        return reference
    remedy = suggest_name(reference, groups, f"Groups: {', '.join(groups[:20])}.")
    raise DataError(
        f"the reference group {reference!r} of {name!r} does not exist",
        where=f"data.sensitive.{name}.reference",
        remedy=remedy,
    )


def intersect_groups(labels: Sequence[pd.Series]) -> pd.Series:
    """The groups that several columns make together, such as "Female & Black".

    All series share one index. Combinations that have no rows do not appear.
    """
    joint = np.zeros(len(labels[0]), dtype=np.int64)
    names = [""]
    for i, column in enumerate(labels):
        codes, values = pd.factorize(column, sort=True)
        joint, seen = pd.factorize(joint * len(values) + codes, sort=True)
        right = [_quote_label(str(value)) for value in values]
        pairs = [(names[pair // len(right)], right[pair % len(right)]) for pair in seen.tolist()]
        names = [f"{left}{_AND}{last}" if i else last for left, last in pairs]
    title = _AND.join(str(column.name) for column in labels)
    return _label_series(joint, names, labels[0].index, title)


def intersection_label(labels: Sequence[str]) -> str:
    """What `intersect_groups` calls the group of these labels."""
    return _AND.join(map(_quote_label, labels))


def _quote_label(label: str) -> str:
    # Else "A & B" with "C" would be the same group as "A" with "B & C".
    return f'"{label}"' if _AND in label else label


def _label_series(
    codes: np.ndarray, labels: Sequence[str], index: pd.Index, name: str
) -> pd.Series:
    text = np.array(labels, dtype=object) if len(labels) else np.empty(0, dtype=object)
    return pd.Series(text[codes], index=index, name=name, dtype="str")


def _value_labels(column: pd.Series) -> tuple[np.ndarray, list[str]]:
    """Codes and labels of a column's own values; equal labels share a code."""
    codes, values = pd.factorize(column, sort=False, use_na_sentinel=True)
    texts = [_text(value) for value in values] + [MISSING_LABEL]
    used = np.bincount(np.where(codes < 0, len(values), codes), minlength=len(texts)) > 0
    labels = sorted({text for text, here in zip(texts, used, strict=True) if here})
    place = {label: i for i, label in enumerate(labels)}
    return np.array([place.get(text, 0) for text in texts])[codes], labels


def _text(value: object) -> str:
    # Nulls turn a column of integers into floats; its groups keep their names.
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _codes_and_labels(
    column: pd.Series, declared: Sensitive, name: str
) -> tuple[np.ndarray, Sequence[str]]:
    return _bin_values(column, declared, name) if declared.bins else _value_labels(column)


def _bin_values(column: pd.Series, declared: Sensitive, name: str) -> tuple[np.ndarray, list[str]]:
    labels = [*declared.bin_labels(), MISSING_LABEL]
    values = _floats(column, name)
    codes = np.searchsorted(list(declared.bins), values, side="right")
    return np.where(np.isnan(values), len(labels) - 1, codes), labels


def _floats(column: pd.Series, name: str) -> np.ndarray:
    """float64, NaN for missing. A column without a number in it may have any type."""
    try:
        values: np.ndarray = column.astype(object).to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        raise _no_numbers(name) from None
    return values


def _check_numbers(column: pd.Series, name: str) -> None:
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        raise _no_numbers(name)


def _no_numbers(name: str) -> DataError:
    return DataError(
        f"the sensitive column {name!r} has cut points, but it holds no numbers",
        where=f"data.sensitive.{name}.bins",
        remedy=f"Leave bins out, or declare data.types.{name} as a number.",
    )


def _remedy_too_many(column: pd.Series, name: str) -> str:
    if pd.api.types.is_numeric_dtype(column):
        middle = f"{column.median():g}"
        return (
            f"Declare data.sensitive.{name}.bins, such as [{middle}]; in assay audit, add "
            f"--bins {name}={middle}."
        )
    return "Merge its values into fewer groups, or take it out of data.sensitive."
