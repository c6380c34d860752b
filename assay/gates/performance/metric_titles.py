"""Names of performance metrics for people, and which of them have the outcome's unit."""

from __future__ import annotations

from typing import Final

_TITLES: Final = {
    "roc_auc": "ROC AUC",
    "roc_auc_ovr": "ROC AUC (one against the rest)",
    "roc_auc_ovo": "ROC AUC (one against one)",
    "f1": "F1",
    "macro_f1": "Macro F1",
    "weighted_f1": "Weighted F1",
    "top_2_accuracy": "Top-2 accuracy",
    "mae": "MAE",
    "rmse": "RMSE",
    "r2": "R2",
}
_WITHOUT_UNIT: Final = ("r2", "cost")


def metric_title(metric: str) -> str:
    """A metric's name at the head of a sentence: "ROC AUC", "Log loss"."""
    return _TITLES.get(metric) or metric.replace("_", " ").capitalize()


def metric_unit(metric: str, unit: str) -> str:
    """What a metric is counted in, where outcomes are counted in `unit`; "" if it has none."""
    return "" if metric in _WITHOUT_UNIT else unit
