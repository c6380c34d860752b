"""Rows that two versions answer otherwise: counted by group, and a few examples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.use_case import UseCase
from assay.problems.answer_comparison import ChangedAnswers, ChangeKind
from assay.runs.comparison.paired_test_rows import PairedTestRows
from assay.util.wording import row_number

MAX_EXAMPLES = 10
_MAX_GROUPS = 40


@dataclass(frozen=True)
class ChangeCount:
    """Some rows (all, or a group's) and how many are answered otherwise, by kind. `repaired` and
    `damaged`: where the second alone, or the first alone, is right or nearer.
    """

    group: str | None
    rows: int
    kinds: dict[ChangeKind, int]
    repaired: int
    damaged: int

    @property
    def count(self) -> int:
        return sum(self.kinds.values())

    @property
    def share(self) -> float:
        return self.count / self.rows if self.rows else 0.0


@dataclass(frozen=True)
class ChangedRow:
    """An example: which row it is, its features, both answers and the outcome."""

    identity: str
    kind: ChangeKind
    first: str
    second: str
    outcome: str
    features: dict[str, Any]


def count_changes(
    changed: ChangedAnswers, paired: PairedTestRows, use_case: UseCase
) -> tuple[ChangeCount, ...]:
    """The counts of all rows, then of each group, the largest first."""
    everyone = np.ones(len(changed.codes), dtype=bool)
    found = [_count(None, everyone, changed)]
    for column, masks in paired.pair.group_masks(use_case.data.sensitive).items():
        listed = list(masks.items())[:_MAX_GROUPS]
        found += [_count(f"{column}={group}", mask, changed) for group, mask in listed]
    return tuple(found)


def _count(group: str | None, rows: NDArray[np.bool_], changed: ChangedAnswers) -> ChangeCount:
    codes, repaired = changed.codes[rows], changed.repaired[rows]
    counts = np.bincount(codes[codes >= 0], minlength=len(changed.kinds))
    kinds = {kind: int(count) for kind, count in zip(changed.kinds, counts, strict=True)}
    return ChangeCount(
        group, int(rows.sum()), kinds, int((repaired > 0).sum()), int((repaired < 0).sum())
    )


def find_examples(
    changed: ChangedAnswers, paired: PairedTestRows, use_cases: Sequence[UseCase]
) -> tuple[ChangedRow, ...]:
    """Up to ten changed rows, of every kind in turn those whose answers moved most.

    They show what the models may see, and the groups; nothing that either use case never stores.
    """
    places = list(_telling_places(changed))[:MAX_EXAMPLES]
    if not places:
        return ()
    hidden = {name for one in use_cases for name in one.data.never_store}
    asked, table = use_cases[-1], paired.table
    shown = dict.fromkeys((*asked.feature_columns(table.schema.names), *asked.data.sensitive))
    features = [n for n in shown if n in table.schema.names and n not in hidden]
    identity = [n for n in asked.data.identity if n in table.schema.names and n not in hidden]
    rows = paired.pair.second["row"].to_numpy()
    frame = _rows_of(paired, [int(rows[place]) for place in places], [*identity, *features])
    return tuple(
        ChangedRow(
            identity=_identity_text(identity, held, int(rows[place])),
            kind=changed.kinds[int(changed.codes[place])],
            first=changed.first_texts[place],
            second=changed.second_texts[place],
            outcome=changed.outcomes[place],
            features={name: _plain(held[name]) for name in features},
        )
        for place, held in zip(places, frame.to_dict("records"), strict=True)
    )


def _telling_places(changed: ChangedAnswers) -> Iterator[int]:
    """Changed rows: the kinds in turn, the most frequent first, and of each the largest move."""
    by_kind = []
    for code in range(len(changed.kinds)):
        places = np.flatnonzero(changed.codes == code)
        order = np.argsort(-changed.sizes[places], kind="stable")
        by_kind.append(places[order].tolist())
    by_kind.sort(key=lambda places: -len(places))
    for turn in range(max(map(len, by_kind), default=0)):
        yield from (places[turn] for places in by_kind if turn < len(places))


def _rows_of(paired: PairedTestRows, rows: list[int], columns: list[str]) -> pd.DataFrame:
    """Some rows of the second's table, in the order asked for."""
    if not columns:
        return pd.DataFrame(index=range(len(rows)))
    start, found = 0, []
    wanted = np.unique(rows)
    for batch in paired.table.batches(columns):
        inside = wanted[(wanted >= start) & (wanted < start + batch.num_rows)]
        if len(inside):
            part = batch.take([int(row) - start for row in inside]).to_pandas()
            found.append(part.set_index(inside))
        start += batch.num_rows
    chosen: pd.DataFrame = pd.concat(found).loc[rows].reset_index(drop=True)
    return chosen


def _identity_text(identity: Sequence[str], held: dict[Any, Any], row: int) -> str:
    if identity:
        return ", ".join(f"{name} {_plain(held[name])}" for name in identity)
    return f"row {row_number(row):,}"


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if value is None or value is pd.NaT or (isinstance(value, float) and np.isnan(value)):
        return None
    if isinstance(value, np.generic):
        return _plain(value.item())
    return value if isinstance(value, str | int | float | bool) else str(value)
