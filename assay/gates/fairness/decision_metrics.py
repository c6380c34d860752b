"""Metrics of decisions as Fairlearn computes them, over cells that stand for their rows."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Sequence

import pandas as pd

from assay.config.gates import FairnessMetric
from assay.dataset.groups import intersect_groups
from assay.gates.confusion_cells import ROWS_COLUMN, confusion_counts
from assay.gates.fairness.metrics import DECISION_METRICS, MEASURES


def decision_metrics(
    cells: pd.DataFrame, by: Sequence[str], metrics: Sequence[FairnessMetric] = DECISION_METRICS
) -> pd.DataFrame:
    """Fairlearn's metrics of decisions by group (index) and metric (columns), NaN where undefined.

    Every cell enters once with its rows as weight, which gives the row-wise result exactly.
    """
    from fairlearn import metrics as of_fairlearn
    from sklearn import metrics as of_sklearn

    found = {m: getattr(of_fairlearn, m, None) or getattr(of_sklearn, m) for m in metrics}
    for name in ("precision_score", "f1_score"):
        if name in found:
            found[name] = functools.partial(found[name], zero_division=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of what is undefined, which is left out below
        frame = of_fairlearn.MetricFrame(
            metrics=found,
            y_true=cells["truth"].astype(int),
            y_pred=cells["decision"].astype(int),
            sensitive_features=intersect_groups([cells[name] for name in by]),
            sample_params={m: {"sample_weight": cells[ROWS_COLUMN]} for m in metrics},
        )
    table = confusion_counts(cells, by)
    sums = {str(kind): table[kind].to_numpy(float) for kind in table}
    # Fairlearn gives 0 for a share of nothing, which is not a rate of zero.
    own = pd.DataFrame({m: MEASURES[m].value(sums) for m in metrics}, index=table.index)
    by_group: pd.DataFrame = frame.by_group[list(metrics)].astype(float)
    return by_group.where(own.notna())
