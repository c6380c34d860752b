"""The rows that both versions answered, as the comparison reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.gates.confusion_cells import ROWS_COLUMN, count_cells
from assay.gates.shadow.facts import ShadowFacts
from assay.tables.table import Table

PROBABILITY, DECISION, TRUTH = "probability", "decision", "truth"
CHAMPION_PREFIX: Final = "champion's "
"""Before the name of a column: the champion's answer, beside the challenger's."""
CHAMPION_DECISION: Final = CHAMPION_PREFIX + DECISION
BATCH, ROW = "batch", "row"
OUTPUTS: Final = {
    PROBABILITY: "number",
    DECISION: "boolean",
    CHAMPION_PREFIX + PROBABILITY: "number",
    CHAMPION_DECISION: "boolean",
    TRUTH: "boolean",
}
MAX_LABELLED: Final = 1 << 20  # labelled rows that are held at once; more tell no more


@dataclass(frozen=True, eq=False)
class ShadowRows:
    """What a comparison in shadow is about. `rows`: those that both versions answered, with the
    columns of a model's answer, the same of the champion's after `CHAMPION_PREFIX`, and truth,
    missing where no label has come. `reference`: the challenger's answers to its own test rows.
    """

    facts: ShadowFacts
    rows: Table
    reference: Table


@dataclass(frozen=True, eq=False)
class DecisionCells:
    """Rows counted into cells: `truth` (1, 0, or -1 where no label has come), `decision` of the
    challenger, that of the champion, the groups' labels, and how many rows.
    """

    cells: pd.DataFrame
    by: Sequence[str]

    @property
    def stride(self) -> int:
        """Of how many labelled rows one is looked at by itself, so that they are not too many."""
        return -(-int(self.with_labels.cells[ROWS_COLUMN].sum()) // MAX_LABELLED) or 1

    @property
    def with_labels(self) -> DecisionCells:
        """The cells of rows with a label, `truth` being bool."""
        held = self.cells[self.cells[TRUTH] >= 0]
        return DecisionCells(held.assign(truth=held[TRUTH] == 1), self.by)

    def of(self, who: str) -> pd.DataFrame:
        """The cells as the fairness gate takes them: with the decisions in the column `who`."""
        dropped = CHAMPION_DECISION if who == DECISION else DECISION
        cells = self.cells.drop(columns=dropped).rename(columns={who: DECISION})
        return cells.assign(truth=cells[TRUTH] == 1)


def count_decisions(rows: Table, by: Sequence[str]) -> DecisionCells:
    """Count the rows part by part. `by`: the columns of groups' labels."""
    names = [TRUTH, DECISION, CHAMPION_DECISION, *by]
    parts = [count_cells(_frame(batch), [CHAMPION_DECISION, *by]) for batch in rows.batches(names)]
    whole = pd.concat(parts, ignore_index=True) if parts else _frame(rows.to_arrow(names))
    return DecisionCells(count_cells(whole, [CHAMPION_DECISION, *by]), by)


def _frame(batch: pa.RecordBatch | pa.Table) -> pd.DataFrame:
    held = {name: batch.column(name).to_pandas() for name in batch.schema.names if name != TRUTH}
    truth = pc.fill_null(pc.cast(batch.column(TRUTH), pa.int8()), -1)
    return pd.DataFrame({TRUTH: truth.to_numpy(zero_copy_only=False), **held})


def labelled_rows(rows: Table, by: Sequence[str] = (), stride: int = 1) -> pd.DataFrame:
    """Each row that has a label, or of these one in so many, evenly spaced: both versions' answers,
    the truth (bool), and groups' labels.
    """
    seen, parts = 0, [_with_bool_truth(_empty(rows, [*OUTPUTS, *by]))]
    for batch in rows.batches([*OUTPUTS, *by]):
        held = batch.filter(batch.column(TRUTH).is_valid())
        start, seen = -seen % stride, seen + held.num_rows
        parts.append(_with_bool_truth(held.take(pa.array(np.arange(start, held.num_rows, stride)))))
    return pd.concat(parts, ignore_index=True)


def _empty(rows: Table, names: Sequence[str]) -> pa.Table:
    return pa.schema([rows.schema.field(name) for name in names]).empty_table()


def _with_bool_truth(rows: pa.RecordBatch | pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = rows.to_pandas()
    told: pd.DataFrame = frame.assign(**{TRUTH: frame[TRUTH].to_numpy(np.bool_)})
    return told
