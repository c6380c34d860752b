"""Assay's expected performance alone: of all rows, beside what the reference had."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq

from assay.gates.drift.cbpe import ProbabilityBins, expected_counts
from assay.gates.drift.scored_rows import ColumnRoles, ScoredRows, read_scored_rows

_ROLES = ColumnRoles(probability="predicted_probability", prediction="prediction", truth="employed")
_NAMES = ["predicted_probability", "prediction", "employed"]


def prepare(folder: Path) -> ScoredRows:
    held = read_scored_rows(
        pq.read_table(folder / "reference.parquet", columns=_NAMES), _ROLES, "reference"
    )
    assert held is not None
    return held


def work(folder: Path, reference: ScoredRows) -> str:
    rows = pq.read_table(folder / "rows.parquet", columns=_NAMES[:2])
    current = read_scored_rows(rows, _ROLES, "rows")
    assert current is not None
    counted = expected_counts(current, ProbabilityBins.from_sides(reference, current))
    auc, accuracy = counted.metric_value("roc_auc"), counted.metric_value("accuracy")
    return f"ROC AUC {auc:.4f}, accuracy {accuracy:.4f}"
