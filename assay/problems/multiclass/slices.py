"""What each row loses by answers of several classes, for the search of weak slices."""

from __future__ import annotations

from typing import Final

import numpy as np
import pandas as pd

from assay.config.gates import MulticlassMetric, Performance
from assay.gates.performance.weak_slices import RowLosses, WeakSlices, find_weak_slices
from assay.gates.statistics.cluster_errors import Clusters, weights_of
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.problems.multiclass.answers import ClassAnswers, Ints
from assay.problems.multiclass.scores import estimate_score, row_values, too_few_remedy

# The loss of single rows that stands for a score, which has none of its own.
_LOSS_OF_SCORE: Final[dict[MulticlassMetric, MulticlassMetric]] = {
    "log_loss": "log_loss",
    "roc_auc_ovr": "log_loss",
    "roc_auc_ovo": "log_loss",
    "top_2_accuracy": "log_loss",
    "brier": "brier",
    "cost": "cost",
}
_TITLES: Final = {
    "log_loss": "log loss",
    "brier": "Brier loss",
    "cost": "cost",
    "accuracy": "error rate",
}


def search_class_slices(
    truth: Ints,
    who: ClassAnswers,
    columns: pd.DataFrame,
    performance: Performance,
    metric: MulticlassMetric,
    *,
    costs: Floats,
    seed: int,
    clusters: Clusters | None = None,
) -> WeakSlices:
    """`find_weak_slices` of answers of several classes; `metric` is the score to choose by."""
    of = _LOSS_OF_SCORE.get(metric, "accuracy")

    def score_inside(inside: Bools) -> Estimate | None:
        held = truth[inside]
        if (held == held[0]).all():
            return None
        alike = clusters.of(inside) if clusters else None
        return estimate_score(metric, held, who.of(inside), costs, alike)

    losses = RowLosses(
        loss=_losses(of, truth, who, costs),
        expected_loss=_expected_losses(of, who, costs),
        title=_TITLES[of],
        score_inside=score_inside,
        weights=weights_of(clusters),
    )
    return find_weak_slices(
        losses,
        columns,
        performance.slices,
        too_few=too_few_remedy(of, truth, who, clusters),
        seed=seed,
        clusters=clusters,
    )


def _losses(of: MulticlassMetric, truth: Ints, who: ClassAnswers, costs: Floats) -> Floats:
    values = row_values(of, truth, who, costs)
    return 1 - values if of == "accuracy" else values


def _expected_losses(of: MulticlassMetric, who: ClassAnswers, costs: Floats) -> Floats:
    """The mean loss over all classes, were each as probable as the model says."""
    rows = len(who.decision)
    expected = np.zeros(rows)
    for code in range(len(who.classes)):
        loss = _losses(of, np.full(rows, code, dtype=np.int64), who, costs)
        expected += who.probability[:, code] * loss
    return expected
