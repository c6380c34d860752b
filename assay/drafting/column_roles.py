"""What columns are for that nobody has described: features, or one of the roles that are none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import pandas as pd

from assay.drafting.personal_data import find_personal_data
from assay.gates.fairness.undeclared import sensitive_subject

Role = Literal[
    "never_store", "identity", "exclude", "after_outcome", "group", "time", "weight", "sensitive"
]

MIN_ROWS: Final = 20
IDENTIFIER_SHARE: Final = 0.95  # of rows, that have a value of their own
GROUP_CONSTANT_SHARE: Final = 0.3  # of other columns, that stay the same within a group
_FREE_TEXT_WORDS: Final = 4.0
_WEIGHT: Final = re.compile(r"(?:^|[^a-z])[a-z]{0,6}(?:weight|wght|wgt|wt)s?(?:[^a-z]|$)")
_ID: Final = re.compile(
    r"(?:^|[^a-z])(?:id|key|nr|no|num|code|uuid|index|rownames?|row)(?:[^a-z]|$)"
)
_TIME: Final = re.compile(
    r"(?:^|[^a-z])(?:year|yr|month|quarter|date|time|timestamp|period|wave|day|week)(?:[^a-z]|$)"
)


@dataclass(frozen=True)
class ColumnRole:
    """A column's role with the reason in a line, as it will stand in the draft."""

    name: str
    role: Role
    reason: str


def find_roles(frame: pd.DataFrame, target: str) -> list[ColumnRole]:
    """The roles of a sample's columns, in their order. A column has one role, or none: a feature.

    Sensitive columns are named for people to decide, and not decided.
    """
    names = [str(name) for name in frame.columns if name != target]
    roles = (_role(_Column(name, frame[name].dropna(), len(frame))) for name in names)
    found = [role for role in roles if role is not None]
    taken = {one.name for one in found if one.role != "sensitive"}
    group = _find_group(frame, [name for name in names if name not in taken])
    if group:
        found = [one for one in found if one.name != group.name] + [group]
    return found


@dataclass(frozen=True)
class _Column:
    """A column of a sample of `rows` rows, without its missing values."""

    name: str
    known: pd.Series
    rows: int

    @property
    def words(self) -> str:
        """Its name in lower case, the words apart: "HouseholdID" is "household_id"."""
        return _spaced(self.name)

    def has(self, role: Role, reason: str) -> ColumnRole:
        return ColumnRole(self.name, role, reason)


def _role(column: _Column) -> ColumnRole | None:
    finders = (_personal, _constant, _identifier, _weight, _time, _free_text, _sensitive)
    return next((role for find in finders if (role := find(column))), None)


def _personal(column: _Column) -> ColumnRole | None:
    kind = find_personal_data(column.name, column.known)
    return column.has("never_store", f"it seems to hold {kind}") if kind else None


def _constant(column: _Column) -> ColumnRole | None:
    if not len(column.known):
        return column.has("exclude", "every value is missing")
    first = column.known.iloc[0]
    return (
        column.has("exclude", f"every value is {first!s}")
        if (column.known == first).all()
        else None
    )


def _identifier(column: _Column) -> ColumnRole | None:
    known, rows = column.known, column.rows
    if rows < MIN_ROWS or len(known) < rows or known.nunique() < IDENTIFIER_SHARE * rows:
        return None
    if pd.api.types.is_numeric_dtype(known):
        if not (known == known.round()).all():
            return None  # a measurement
        steps = np.diff(np.sort(known.to_numpy(float)))
        if (steps == 1).all():
            return column.has("exclude", "it numbers the rows")
        if not _ID.search(column.words):
            return None  # as may an amount
    elif _is_date(known) or _mean_words(known) >= _FREE_TEXT_WORDS:
        return None
    whole = known.nunique() == rows
    reason = (
        "each row has a value of its own" if whole else "nearly each row has a value of its own"
    )
    return column.has("identity" if whole else "exclude", reason)


def _weight(column: _Column) -> ColumnRole | None:
    if not _WEIGHT.search(column.words) or not pd.api.types.is_numeric_dtype(column.known):
        return None
    values = column.known.to_numpy(float)
    if (values < 0).any() or len(np.unique(values)) < MIN_ROWS:
        return None
    effective = values.sum() ** 2 / (values**2).sum()
    return column.has(
        "weight",
        f"it looks like a sampling weight, by which the rows count as {effective / len(values):.0%}"
        " as many; no new row has one",
    )


def _time(column: _Column) -> ColumnRole | None:
    known = column.known
    if _is_date(known):
        first, last = known.min(), known.max()
        return column.has("time", f"dates from {first:%Y-%m-%d} to {last:%Y-%m-%d}")
    if not _TIME.search(column.words) or not pd.api.types.is_integer_dtype(known):
        return None
    low, high = int(known.min()), int(known.max())
    return column.has("time", f"years from {low} to {high}") if 1900 <= low < high <= 2100 else None


def _free_text(column: _Column) -> ColumnRole | None:
    words = _mean_words(column.known)
    if words < _FREE_TEXT_WORDS or column.known.nunique() < 0.5 * len(column.known):
        return None
    return column.has("exclude", f"free text, {words:.0f} words on average: no feature here")


def _sensitive(column: _Column) -> ColumnRole | None:
    subject = sensitive_subject(column.name)
    return column.has("sensitive", f"its name speaks of {subject}") if subject else None


def _find_group(frame: pd.DataFrame, names: list[str]) -> ColumnRole | None:
    """The column whose values seem to name what several rows are of: within each, many of the other
    columns stay the same, which they do not over all.
    """
    others = [n for n in names if frame[n].nunique() > 1]  # noqa: PD101 # missing ones apart
    best: tuple[float, int, ColumnRole] | None = None
    for name in names:
        column = frame[name]
        if not _may_name(name, column):
            continue
        rows, values = int(column.notna().sum()), int(column.nunique())
        beside = [n for n in others if n != name]
        grouped = frame.groupby(name, observed=True)
        several = grouped.size() > 1
        if not beside or several.sum() < MIN_ROWS // 2:
            continue
        alike = grouped[beside].nunique()[several] <= 1
        share = float((alike.mean() > 0.9).mean())
        sizes = grouped.size()
        regular = bool((sizes == sizes.iloc[0]).all())
        if share < GROUP_CONSTANT_SHARE and not (regular and _ID.search(_spaced(name))):
            continue
        each = (
            f"{rows // values} times each" if regular else f"{rows / values:.1f} times on average"
        )
        same = ", ".join([n for n in beside if alike[n].mean() > 0.9][:3])
        reason = f"its {values:,} values repeat, {each}" + (
            f", and {same} stay the same within each" if same else ""
        )
        candidate = (share, -values, ColumnRole(name, "group", reason))
        best = max(best, candidate, key=lambda one: one[:2]) if best else candidate
    return best[2] if best else None


def _may_name(name: str, column: pd.Series) -> bool:
    """Whether a column has many values, which repeat, and is no measurement."""
    values, rows = column.nunique(), column.notna().sum()
    if values < MIN_ROWS or rows < 1.8 * values or _is_date(column):
        return False
    if pd.api.types.is_float_dtype(column) and not (column.dropna() % 1 == 0).all():
        return False
    return not pd.api.types.is_numeric_dtype(column) or bool(_ID.search(_spaced(name)))


def _is_date(column: pd.Series) -> bool:
    return pd.api.types.is_datetime64_any_dtype(column)


def _mean_words(known: pd.Series) -> float:
    if pd.api.types.is_numeric_dtype(known) or _is_date(known) or not len(known):
        return 0.0
    return float(np.mean([len(str(value).split()) for value in known.head(500)]))


def _spaced(name: str) -> str:
    """A name in lower case, its words apart: "HouseholdID" is "household_id"."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names_of(roles: list[ColumnRole], *wanted: Role) -> Iterator[ColumnRole]:
    return (one for one in roles if one.role in wanted)
