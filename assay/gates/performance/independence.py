"""Whether rows that belong together come from enough people to judge by.

Several rows of one patient or household err together, so the intervals of this gate are
cluster-robust where there are some. From fewer than ten clusters no interval holds.
"""

from __future__ import annotations

import numpy as np

from assay.gates.performance.clustered_scores import score_error
from assay.gates.performance.point_scores import ModelPredictions, enough_rows, too_few_remedy
from assay.gates.report import Check, Verdict
from assay.gates.statistics.cluster_errors import (
    MIN_CLUSTERS,
    ClusterError,
    Clusters,
)
from assay.gates.statistics.intervals import Bools


def check_independence(
    truth: Bools, who: ModelPredictions, clusters: Clusters | None
) -> Check | None:
    """None where every row is its own cluster."""
    if clusters is None or not clusters.name:
        return None
    rows, count = len(truth), int(clusters.codes.max()) + 1
    ratio = standard_error_inflation(truth, who, clusters)
    wider = f"; standard errors are up to {ratio:.2f} times those of independent rows"
    return Check(
        name="independence",
        claim=f"Each class has rows of at least {MIN_CLUSTERS} values of {clusters.name}, counted "
        "as if equally large",
        verdict=Verdict.PASS if enough_rows(truth, clusters) else Verdict.UNKNOWN,
        statistic="clustered standard error over that of independent rows, the largest of scores",
        estimate=ratio,
        why=f"{rows:,} test rows hold {count:,} different values of {clusters.name}, and every "
        f"interval here takes this into account{'' if ratio is None else wider}",
        remedy=too_few_remedy(truth, clusters),
        hard=False,
        rows=rows,
    )


def standard_error_inflation(
    truth: Bools, who: ModelPredictions, clusters: Clusters
) -> float | None:
    """How many times as large a standard error is as it would be for independent rows: of the ROC
    AUC, the accuracy, the Brier score, recall and the false positive rate, the largest. None if
    none of them varies.
    """
    alone = Clusters(np.arange(len(truth)), clusters.name, clusters.weights)
    pairs = [
        (one.variance, other.variance)
        for one, other in zip(
            _errors(truth, who, clusters), _errors(truth, who, alone), strict=True
        )
    ]
    found = [float(np.sqrt(one / other)) for one, other in pairs if other > 0]
    return max((ratio for ratio in found if np.isfinite(ratio)), default=None)


def _errors(truth: Bools, who: ModelPredictions, clusters: Clusters) -> list[ClusterError]:
    right = who.decision == truth
    return [
        score_error("roc_auc", truth, who, clusters),
        clusters.mean_error(right),
        clusters.mean_error((who.probability - truth) ** 2),
        clusters.of(truth).mean_error(right[truth]),
        clusters.of(~truth).mean_error(right[~truth]),
    ]
