"""Fairlearn's MetricFrame over the rows: the metrics and their differences, no interval."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from fairlearn.metrics import (
    MetricFrame,
    false_negative_rate,
    false_positive_rate,
    selection_rate,
    true_negative_rate,
    true_positive_rate,
)
from sklearn.metrics import accuracy_score, precision_score, zero_one_loss

METRICS = {
    "selection_rate": selection_rate,
    "true_positive_rate": true_positive_rate,
    "false_positive_rate": false_positive_rate,
    "true_negative_rate": true_negative_rate,
    "false_negative_rate": false_negative_rate,
    "accuracy_score": accuracy_score,
    "precision_score": precision_score,
    "zero_one_loss": zero_one_loss,
}


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Read the file and tell each metric by sex, by race and by both."""
    rows = pd.read_parquet(folder / "decisions.parquet")
    gaps = []
    for by in (["sex"], ["race"], ["sex", "race"]):
        frame = MetricFrame(
            metrics=METRICS,
            y_true=rows["truth"],
            y_pred=rows["decision"],
            sensitive_features=rows[by],
        )
        gaps.append(frame.difference(method="between_groups"))
    return f"accuracy gap by sex {gaps[0]['accuracy_score']:.4f}"
