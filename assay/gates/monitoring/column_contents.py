"""Checks of column contents: more missing values than before, and values that are new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from assay.config.gates import DriftSettings
from assay.gates.drift.cell_grid import encode_levels
from assay.gates.drift.unseen_levels import UnseenLevels, measure_unseen_levels
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.proportions import newcombe_limits
from assay.tables.profile import ColumnProfile
from assay.tables.profiled_table import ProfiledTable

_MIN_MISSING_RISE: Final = 0.01  # rise in the share of missing values
_MIN_NEW_SHARE: Final = 0.001  # share of rows with a new value, beyond chance
_LEVEL: Final = 0.05  # for all columns together


def check_contents(
    old: ProfiledTable, new: ProfiledTable, names: Sequence[str], ask: DriftSettings
) -> list[Check]:
    """Check each column for a sure rise in missing values, and for values never seen before."""
    pairs = {
        name: (old.profile.columns[name], new.profile.columns[name])
        for name in names
        if name in old.profile.columns and name in new.profile.columns
    }
    if not pairs:
        return []
    level = 1 - _LEVEL / len(pairs)
    lacking = [c for name, p in pairs.items() if (c := _missing_check(name, *p, level))]
    novel = [
        _new_values_check(name, before, after, unseen)
        for name, (before, after) in pairs.items()
        if _new_values(before, after)
        if (unseen := _unseen_beyond_chance(before, after, old.sample.column(name), level, ask))
    ]
    quiet = f"Columns compared: {len(pairs)}"
    return [
        *(lacking or [_pass_check("missing", "No column lacks more values than it did", quiet)]),
        *(novel or [_pass_check("new values", "No column holds values that are new", quiet)]),
    ]


def contents_sheet(old: ProfiledTable, new: ProfiledTable, names: Sequence[str]) -> Sheet:
    """A sheet of missing and new values by column, the largest change in missing values first."""
    rows: list[tuple[Cell, ...]] = []
    for name in names:
        before, after = (side.profile.columns.get(name) for side in (old, new))
        if before is not None and after is not None:
            fresh = _new_values(before, after)
            rows.append(
                (
                    name,
                    _missing_share(before),
                    _missing_share(after),
                    sum(fresh.values()),
                    _list_values(fresh),
                )
            )
    rows.sort(key=lambda row: -abs(float(row[2] or 0) - float(row[1] or 0)))
    return Sheet(
        title="What columns hold",
        columns=("column", "missing before", "missing now", "rows with new values", "new values"),
        rows=tuple(rows),
        detail=True,
    )


def _pass_check(name: str, claim: str, why: str) -> Check:
    return Check(name=name, claim=claim, verdict=Verdict.PASS, why=why)


def _missing_share(column: ColumnProfile) -> float:
    return column.missing / max(column.rows, 1)


def _missing_check(name: str, old: ColumnProfile, new: ColumnProfile, level: float) -> Check | None:
    low, _ = newcombe_limits(new.missing, new.rows, old.missing, old.rows, level)
    if float(low) <= _MIN_MISSING_RISE:
        return None
    return Check(
        name=f"missing[{name}]",
        claim=f"{name} lacks no more values than it did",
        verdict=Verdict.CAUTION,
        statistic="share of missing values, now minus before",
        estimate=_missing_share(new) - _missing_share(old),
        threshold=_MIN_MISSING_RISE,
        why=f"{name} is missing in {_missing_share(new):.1%} of rows; in {_missing_share(old):.1%} "
        "before",
        remedy="Ask whoever sends the batches what became of the values.",
        rows=new.rows,
    )


def _unseen_beyond_chance(
    before: ColumnProfile,
    after: ColumnProfile,
    sample: pa.ChunkedArray,
    level: float,
    ask: DriftSettings,
) -> UnseenLevels | None:
    """New values beyond what chance explains, or None.

    Chance is how often a stretch of the reference holds values that its other stretches lack.
    Numbers and free text are always new.
    """
    unseen = measure_unseen_levels(before, after, encode_levels(sample), ask)
    return unseen if unseen.excess > _MIN_NEW_SHARE and unseen.p <= 1 - level else None


def _new_values_check(
    name: str, before: ColumnProfile, after: ColumnProfile, unseen: UnseenLevels
) -> Check:
    return Check(
        name=f"new values[{name}]",
        claim=f"{name} holds values that it held before",
        verdict=Verdict.CAUTION,
        statistic="share of rows with new values",
        estimate=unseen.share,
        threshold=unseen.expected + _MIN_NEW_SHARE,
        why=_describe_new_values(name, unseen, before, after),
        remedy="The model takes them for unknown. Ask what they mean, and whether the source "
        "changed.",
        rows=after.rows,
    )


def _describe_new_values(
    name: str, unseen: UnseenLevels, before: ColumnProfile, after: ColumnProfile
) -> str:
    fresh = _new_values(before, after)
    chance = f", where {unseen.expected:.1%} is usual" if unseen.expected >= 0.001 else ""
    return (
        f"{name} holds new values in {sum(fresh.values()):,} of {after.rows:,} rows{chance}: "
        f"{_list_values(fresh)}"
    )


def _new_values(old: ColumnProfile, new: ColumnProfile) -> dict[str, int]:
    """New values with their row counts; empty for columns whose values have no names."""
    if old.names is None or new.names is None:
        return {}
    known, counts = set(old.names), new.distribution.counts.tolist()
    found = {n: int(c) for n, c in zip(new.names, counts, strict=True) if n not in known and c}
    return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def _list_values(fresh: dict[str, int]) -> str:
    names = [name if len(name) <= 40 else name[:39] + "…" for name in list(fresh)[:3]]
    return ", ".join(names) + (f" and {len(fresh) - 3:,} more" if len(fresh) > 3 else "")
