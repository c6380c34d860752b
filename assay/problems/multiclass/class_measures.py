"""The fairness metrics of several classes, and the words for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from assay.config.gates import FairnessMetric
from assay.gates.fairness.divisions import GroupDivision
from assay.gates.fairness.metrics import MEASURES, Measure, Measures, Sums, metric_words
from assay.gates.statistics.cluster_errors import ClusterSpread, clustered_share_limits
from assay.gates.statistics.intervals import Floats, Limits

CLASS_METRICS: Final[tuple[FairnessMetric, ...]] = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "true_negative_rate",
    "false_negative_rate",
    "precision_score",
    "mean_prediction",
)
"""Those of one class against the rest."""


def class_measures(label: str) -> Measures:
    """The metrics of one class against the rest, in words that name the class."""
    units = {
        "positives": f"rows that are {label}",
        "negatives": f"rows that are not {label}",
        "selected rows": f"rows decided {label}",
    }
    return {
        metric: replace(
            MEASURES[metric],
            unit=units.get(MEASURES[metric].unit, MEASURES[metric].unit),
            words=f"{metric_words(metric)} ({label})",
            mitigated=metric == "selection_rate",
        )
        for metric in CLASS_METRICS
    }


_RIGHT: Final = replace(MEASURES["accuracy_score"], mitigated=False)


def _share_limits(sums: Sums, values: Floats, spread: ClusterSpread, level: float) -> Limits:
    rows = np.maximum(_RIGHT.rows(sums), spread.rows)
    return clustered_share_limits(np.nan_to_num(values), rows, spread, level)


_COVERAGE: Final[Measure] = replace(
    _RIGHT, words="coverage of the sets", clustered_limits=_share_limits
)
RIGHT_MEASURES: Final[Measures] = {"accuracy_score": _RIGHT}
ALL_CLASSES_MEASURES: Final[Measures] = {
    **RIGHT_MEASURES,
    "interval_coverage": _COVERAGE,
}
"""Those of all classes together."""


def rename_to_coverage(division: GroupDivision) -> GroupDivision:
    """A division whose yes is that the set holds the outcome, with that share as its one metric."""
    clusters = division.clusters
    return replace(
        division,
        by_group=division.by_group[["accuracy_score"]].set_axis(["interval_coverage"], axis=1),
        measures={"interval_coverage": _COVERAGE},
        clusters=clusters
        and replace(clusters, errors={"interval_coverage": clusters.errors["accuracy_score"]}),
    )
