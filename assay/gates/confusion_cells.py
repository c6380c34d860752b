"""Rows counted into (truth, decision, groups) cells: all that an audit needs to know of them.

Everything after the count costs the same for a thousand rows and for a billion.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import RateMetric
from assay.dataset.groups import intersect_groups, intersection_label

ROWS_COLUMN = "(rows)"  # in brackets, so that no column of the data has the name
CONFUSION_KINDS = ("tp", "fp", "fn", "tn")  # truth and decision, in the words of a confusion matrix


@dataclass(frozen=True, slots=True)
class RateDefinition:
    """A rate as a share: which kinds of cells count as successes, out of which."""

    successes: tuple[str, ...]
    out_of: tuple[str, ...]
    unit: str  # what the denominator counts


_POSITIVES, _NEGATIVES = ("tp", "fn"), ("fp", "tn")
RATE_DEFINITIONS: dict[RateMetric, RateDefinition] = {
    "selection_rate": RateDefinition(("tp", "fp"), CONFUSION_KINDS, "rows"),
    "true_positive_rate": RateDefinition(("tp",), _POSITIVES, "positives"),
    "false_positive_rate": RateDefinition(("fp",), _NEGATIVES, "negatives"),
    "true_negative_rate": RateDefinition(("tn",), _NEGATIVES, "negatives"),
    "false_negative_rate": RateDefinition(("fn",), _POSITIVES, "positives"),
    "accuracy_score": RateDefinition(("tp", "tn"), CONFUSION_KINDS, "rows"),
    "zero_one_loss": RateDefinition(("fp", "fn"), CONFUSION_KINDS, "rows"),
    "precision_score": RateDefinition(("tp",), ("tp", "fp"), "selected rows"),
}


def count_cells(predictions: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """One row per occupied cell: `truth`, `decision`, the columns `by`, and "(rows)" int64.

    Cells come in the order of their values, whatever the order of the rows. Where predictions
    have a column "(rows)", each of them stands for so many; floats are weights, and stay floats.
    """
    return assign_cells(predictions, by)[0]


def assign_cells(predictions: pd.DataFrame, by: Sequence[str]) -> tuple[pd.DataFrame, np.ndarray]:
    """`count_cells`'s cells, and for each row of predictions the number of its cell (int64)."""
    columns = ["truth", "decision", *by]
    joint = np.zeros(len(predictions), dtype=np.int64)
    for name in columns:
        codes, values = pd.factorize(predictions[name])
        joint, _ = pd.factorize(joint * len(values) + codes)
    occupied = int(joint.max()) + 1 if len(joint) else 0
    first = np.empty(occupied, dtype=np.int64)
    first[joint[::-1]] = np.arange(len(joint) - 1, -1, -1)  # the last to be written stays
    rows = np.bincount(joint, _stands_for(predictions), minlength=occupied)
    if not _are_weights(predictions):
        rows = rows.astype(np.int64)
    cells = predictions[columns].iloc[first].assign(**{ROWS_COLUMN: rows}).reset_index(drop=True)
    cells = cells.sort_values(columns)
    place = np.empty(occupied, dtype=np.int64)
    place[cells.index.to_numpy()] = np.arange(occupied)
    return cells.reset_index(drop=True), place[joint]


def _stands_for(predictions: pd.DataFrame) -> np.ndarray | None:
    return predictions[ROWS_COLUMN].to_numpy(float) if ROWS_COLUMN in predictions else None


def confusion_counts(cells: pd.DataFrame, by: Sequence[str]) -> pd.DataFrame:
    """Rows by group label (index) and kind (columns tp, fp, fn, tn), int64; by weights float64.

    Several columns make the labels of their intersection; groups without rows do not appear.
    """
    labels = intersect_groups([cells[name] for name in by])
    truth, decision = cells["truth"].to_numpy(bool), cells["decision"].to_numpy(bool)
    kind = np.array(CONFUSION_KINDS)[
        np.where(truth, np.where(decision, 0, 2), np.where(decision, 1, 3))
    ]
    held = pd.DataFrame({"group": labels, "kind": kind, "rows": cells[ROWS_COLUMN]})
    table = held.pivot_table(
        index="group", columns="kind", values="rows", aggfunc="sum", fill_value=0
    )
    table = table.reindex(columns=list(CONFUSION_KINDS), fill_value=0)
    return table if _are_weights(cells) else table.astype(np.int64)


def _are_weights(frame: pd.DataFrame) -> bool:
    """Whether "(rows)" holds weights instead of counts."""
    return ROWS_COLUMN in frame and frame[ROWS_COLUMN].dtype.kind == "f"


def intersection_reference(rows: pd.Series, parts: Sequence[str]) -> str:
    """The reference of a division by several columns, from `rows` by group label.

    The group of the columns' references together; if they have no rows in common, the largest,
    and of two equally large the first by name.
    """
    reference = intersection_label(parts)
    return reference if reference in rows.index else str(rows.sort_index().idxmax())
