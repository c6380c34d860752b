"""What changed in a table's columns since the previous one: which came, went, or mean another
thing.

A model reads columns by name and categories by value. Where either changes without a word, it
goes on answering, and is wrong.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from assay.dataset.row_source import ColumnSummary, RowSource
from assay.gates.report import Check, Sheet, Verdict

MOST_CATEGORIES: Final = 100
"""Different values up to which a column of text is taken for categories."""
_SHARE_TOLERANCE: Final = 0.1  # relative difference of two shares that may still be one category's
_SHOWN: Final = 10


@dataclass(frozen=True)
class SchemaChange:
    """One change: `kind` is added, dropped, retyped, recoded or nullability."""

    column: str
    kind: str
    before: str
    now: str


def compare_schemas(now: RowSource, before: RowSource) -> tuple[Check, Sheet | None]:
    """The check `schema`, and a sheet that names each change; None where there is none.

    Text counts as categories while it has at most 100 different values. A value that is gone and
    a new one are named a likely recoding when each is the other's nearest in frequency and their
    shares differ by less than a tenth, or by less than two standard errors.
    """
    found = _find_changes(now, before)
    check = Check(
        name="schema",
        claim="Columns, types and categories are those of the previous table",
        verdict=Verdict.CAUTION if found else Verdict.PASS,
        statistic="changes",
        estimate=float(len(found)),
        threshold=0.0,
        why=_describe_changes(found),
        remedy="If the change is meant, see that every reader of the table knows of it; if not, "
        "mend the source."
        if found
        else "",
        hard=False,
        rows=now.count,
    )
    if not found:
        return check, None
    return check, Sheet(
        title="Changes since the previous table",
        columns=("column", "change", "before", "now"),
        rows=tuple((c.column, c.kind, c.before, c.now) for c in found),
        note=f"The previous table had {before.count:,} rows, this one has {now.count:,}.",
    )


def _describe_changes(changes: list[SchemaChange]) -> str:
    if not changes:
        return "Columns, types and categories are as they were."
    kinds = dict.fromkeys(change.kind for change in changes)
    told = (f"{kind}: {_list([c.column for c in changes if c.kind == kind])}" for kind in kinds)
    return f"{'; '.join(told)}."


def _find_changes(now: RowSource, before: RowSource) -> list[SchemaChange]:
    there, here = before.columns, now.columns
    found = [SchemaChange(n, "dropped", c.type, "") for n, c in there.items() if n not in here]
    found += [SchemaChange(n, "added", "", c.type) for n, c in here.items() if n not in there]
    for name, column in here.items():
        if name in there:
            found += _column_changes(column, there[name], now, before)
    return found


def _column_changes(
    current_column: ColumnSummary, previous_column: ColumnSummary, now: RowSource, before: RowSource
) -> list[SchemaChange]:
    found = []
    if current_column.type != previous_column.type:
        found.append(
            SchemaChange(current_column.name, "retyped", previous_column.type, current_column.type)
        )
    elif _categorical(current_column) and _categorical(previous_column):
        found += _recoding_changes(
            current_column.name,
            _shares(now, current_column),
            _shares(before, previous_column),
            now,
            before,
        )
    if bool(current_column.missing) != bool(previous_column.missing) and now.count and before.count:
        words = (
            _describe_missing(previous_column, before.count),
            _describe_missing(current_column, now.count),
        )
        found.append(SchemaChange(current_column.name, "nullability", *words))
    return found


def _categorical(column: ColumnSummary) -> bool:
    texts = {"category", "text", "str", "object", "boolean", "bool"}
    return column.type in texts and 0 < column.distinct <= MOST_CATEGORIES


def _describe_missing(column: ColumnSummary, rows: int) -> str:
    if not column.missing:
        return "never missing"
    return f"{column.missing:,} missing ({100 * column.missing / rows:.2g} %)"


def _shares(rows: RowSource, column: ColumnSummary) -> dict[str, float]:
    values, counts = rows.values(column.name)
    total = rows.count - column.missing
    return {str(v): int(n) / total for v, n in zip(values.to_pylist(), counts, strict=True)}


def _recoding_changes(
    name: str,
    current_shares: dict[str, float],
    previous_shares: dict[str, float],
    now: RowSource,
    before: RowSource,
) -> list[SchemaChange]:
    gone = {value: share for value, share in previous_shares.items() if value not in current_shares}
    new = {value: share for value, share in current_shares.items() if value not in previous_shares}
    if not gone and not new:
        return []
    pairs = _likely_recodings(gone, new, before.count, now.count)
    same = [f"{old} -> {value}" for old, value in pairs.items()]
    now_words = [f"new: {_list(_values_with_shares(new))}"] if new else []
    now_words += [f"likely recoded: {_list(same)}"] if same else []
    return [
        SchemaChange(
            name,
            "recoded",
            f"gone: {_list(_values_with_shares(gone))}" if gone else "",
            "; ".join(now_words),
        )
    ]


def _values_with_shares(shares: dict[str, float]) -> list[str]:
    ordered = sorted(shares, key=lambda value: (-shares[value], value))
    return [f"{value} ({100 * shares[value]:.2g} %)" for value in ordered]


def _likely_recodings(
    gone_shares: dict[str, float], new_shares: dict[str, float], rows_before: int, rows_now: int
) -> dict[str, str]:
    """Values that are likely one: each the other's nearest in share, and near enough."""

    def nearest(share: float, others: dict[str, float]) -> str:
        return min(others, key=lambda value: (abs(others[value] - share), value))

    pairs = {}
    for old, share in gone_shares.items() if new_shares else ():
        value = nearest(share, new_shares)
        if nearest(new_shares[value], gone_shares) == old:
            pooled = (share + new_shares[value]) / 2
            error = math.sqrt(pooled * (1 - pooled) * (1 / rows_before + 1 / rows_now))
            if abs(share - new_shares[value]) <= max(_SHARE_TOLERANCE * pooled, 2 * error):
                pairs[old] = value
    return pairs


def _list(words: list[str]) -> str:
    return ", ".join(words[:_SHOWN]) + (
        f" and {len(words) - _SHOWN:,} more" if words[_SHOWN:] else ""
    )
