"""What every metric is: its value and its limits, from sums over the rows of a group.

Whatever a metric needs to know of a group are sums, which is why rows are read once, whatever the
number of metrics and of divisions; and a group that were ten times as large, with the same rates,
has sums ten times as large.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast

import numpy as np

from assay.config.gates import FairnessMetric, RateMetric
from assay.gates.confusion_cells import CONFUSION_KINDS, RATE_DEFINITIONS, RateDefinition
from assay.gates.statistics.auc import PlacementSums, auc_limits
from assay.gates.statistics.cluster_errors import ClusterSpread
from assay.gates.statistics.intervals import Floats, Limits, normal_quantile
from assay.gates.statistics.means import mean_limits
from assay.gates.statistics.proportions import newcombe_limits, wilson_limits

# Sums over a group's rows, each an array of one value a group. Those of a confusion matrix are
# counts. With p the probability, y the truth (0 or 1), d = p - y and l the log loss of a row:
MOMENTS = ("p", "pp", "d", "|d|", "dd", "dddd", "ddy", "l", "ll")
# DeLong's placements of positives ("win") and negatives ("loss"), see `statistics.Placements`.
PLACEMENT_SUMS = ("win", "win win", "loss", "loss loss")
Sums = Mapping[str, Floats]

MAX_LOG_LOSS = float(-np.log(np.finfo(float).eps))  # where scikit-learn clips probabilities


def _share_text(value: float) -> str:
    return f"{value:.3f}"


def _share_gap_text(value: float) -> str:
    return f"{value:+.3f}"


@dataclass(frozen=True, slots=True)
class Measure:
    """One metric. All functions work elementwise on sums by group.

    `clustered_limits` gives its limits where rows belong together, from sums, values and what is
    known of their spread; without it they are those of `clustered_metrics`. `words` name the metric
    and `quantity` is what it is counted in, where that is not a share; `text` and `gap_text` write
    a value and a difference of two.
    """

    unit: str  # what it is measured over
    rows: Callable[[Sums], Floats]  # how many of them there are
    limiting_rows: Callable[[Sums], Floats]  # of how many one must not have too few to be judged
    value: Callable[[Sums], Floats]  # NaN where not defined
    limits: Callable[[Sums, float], Limits]  # at a two-sided level
    clustered_limits: Callable[[Sums, Floats, ClusterSpread, float], Limits] | None = None
    words: str = ""
    quantity: str = ""
    text: Callable[[float], str] = _share_text
    gap_text: Callable[[float], str] = _share_gap_text
    mitigated: bool = True  # whether a candidate's `mitigate` can make its gaps smaller

    def with_quantity(self, text: str) -> str:
        """The text of a number, with what it counts."""
        return f"{text} {self.quantity}" if self.quantity else text


def _count_of(kinds: tuple[str, ...]) -> Callable[[Sums], Floats]:
    return lambda sums: np.sum([sums[kind] for kind in kinds], axis=0, dtype=float)


_ROWS, _POSITIVES, _NEGATIVES = (
    _count_of(CONFUSION_KINDS),
    _count_of(("tp", "fn")),
    _count_of(("fp", "tn")),
)
_POSITIVE_OR_SELECTED = _count_of(("tp", "fp", "fn"))


def _rarer_class(sums: Sums) -> Floats:
    return np.asarray(np.minimum(_POSITIVES(sums), _NEGATIVES(sums)))


def _divide(numerator: Floats, denominator: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(denominator > 0, numerator / denominator, np.nan)


def _share_measure(share: RateDefinition) -> Measure:
    successes, rows = _count_of(share.successes), _count_of(share.out_of)
    return Measure(
        unit=share.unit,
        rows=rows,
        limiting_rows=rows,
        value=lambda sums: _divide(successes(sums), rows(sums)),
        limits=lambda sums, level: wilson_limits(successes(sums), rows(sums), level),
    )


def _mean_measure(
    total: str, squares: str, bounds: tuple[float, float], *, rests_on: Callable[[Sums], Floats]
) -> Measure:
    return Measure(
        unit="rows",
        rows=_ROWS,
        limiting_rows=rests_on,
        value=lambda sums: _divide(sums[total], _ROWS(sums)),
        limits=lambda sums, level: mean_limits(
            _ROWS(sums), sums[total], sums[squares], bounds, level
        ),
    )


# --- what is neither a share nor a mean -------------------------------------------------------


def _balanced_value(sums: Sums) -> Floats:
    found = _divide(sums["tp"], _POSITIVES(sums)), _divide(sums["tn"], _NEGATIVES(sums))
    return np.asarray((found[0] + found[1]) / 2)


def _balanced_limits(sums: Sums, level: float) -> Limits:
    """Of (1 + TPR - FPR) / 2: the two rates rest on different rows."""
    counts = sums["tp"], _POSITIVES(sums), sums["fp"], _NEGATIVES(sums)
    low, high = newcombe_limits(*counts, level)
    return (1 + low) / 2, (1 + high) / 2


def _f1_limits(sums: Sums, level: float) -> Limits:
    """F1 is 2J / (1 + J), where J is the share tp / (tp + fp + fn)."""
    low, high = wilson_limits(sums["tp"], _POSITIVE_OR_SELECTED(sums), level)
    return 2 * low / (1 + low), 2 * high / (1 + high)


def _auc_value(sums: Sums) -> Floats:
    return np.where(_rarer_class(sums) > 0, _divide(sums["win"], _POSITIVES(sums)), np.nan)


def _auc_limits(sums: Sums, level: float) -> Limits:
    counts = (_POSITIVES(sums), _NEGATIVES(sums), *(sums[name] for name in PLACEMENT_SUMS))
    return auc_limits(PlacementSums(*np.broadcast_arrays(*counts)), level)


def _r2_value(sums: Sums) -> Floats:
    rows = _ROWS(sums)
    spread = _divide(_POSITIVES(sums) * _NEGATIVES(sums), rows)
    return np.asarray(1 - _divide(sums["dd"], spread))


def _r2_limits(sums: Sums, level: float) -> Limits:
    """By the delta method from the rows' d^2 and y. NaN where those do not vary."""
    n = _ROWS(sums)
    base, error = _divide(_POSITIVES(sums), n), _divide(sums["dd"], n)
    with np.errstate(divide="ignore", invalid="ignore"):
        v = base * (1 - base)
        slope = error * (1 - 2 * base) / v**2
        together = _divide(sums["ddy"], n) - error * base
        variance = (_divide(sums["dddd"], n) - error**2) / v**2 - 2 * slope * together / v
        variance = (variance + slope**2 * v) / n
        half = normal_quantile(level) * np.sqrt(np.where(variance > 1e-15, variance, np.nan))
    value = _r2_value(sums)
    return np.asarray(value - half), np.asarray(np.minimum(value + half, 1.0))


MEASURES: dict[FairnessMetric, Measure] = {
    **{
        cast(FairnessMetric, name): _share_measure(share)
        for name, share in RATE_DEFINITIONS.items()
    },
    "balanced_accuracy_score": Measure(
        "rows", _ROWS, _rarer_class, _balanced_value, _balanced_limits
    ),
    "f1_score": Measure(
        unit="rows that are positive or selected",
        rows=_POSITIVE_OR_SELECTED,
        limiting_rows=_POSITIVE_OR_SELECTED,
        value=lambda sums: _divide(2 * sums["tp"], sums["tp"] + _POSITIVE_OR_SELECTED(sums)),
        limits=_f1_limits,
    ),
    "mean_prediction": _mean_measure("p", "pp", (0.0, 1.0), rests_on=_ROWS),
    "calibration_error": _mean_measure("d", "dd", (-1.0, 1.0), rests_on=_rarer_class),
    "roc_auc_score": Measure("rows", _ROWS, _rarer_class, _auc_value, _auc_limits),
    "log_loss": _mean_measure("l", "ll", (0.0, MAX_LOG_LOSS), rests_on=_rarer_class),
    "mean_absolute_error": _mean_measure("|d|", "dd", (0.0, 1.0), rests_on=_rarer_class),
    "mean_squared_error": _mean_measure("dd", "dddd", (0.0, 1.0), rests_on=_rarer_class),
    "r2_score": Measure("rows", _ROWS, _rarer_class, _r2_value, _r2_limits),
}
DECISION_METRICS: tuple[FairnessMetric, ...] = (
    *cast(tuple[RateMetric, ...], tuple(RATE_DEFINITIONS)),
    "balanced_accuracy_score",
    "f1_score",
)
PROBABILITY_METRICS: tuple[FairnessMetric, ...] = tuple(
    m for m in MEASURES if m not in DECISION_METRICS
)


Measures = Mapping[FairnessMetric, Measure]
"""The metrics of one type of question."""


def measure_title(metric: str, measure: Measure) -> str:
    """A metric's name at the head of a sentence, by its measure's own words if it has some."""
    words = measure.words or metric_words(metric)
    return words[0].upper() + words[1:]


def metric_words(metric: str) -> str:
    """A metric's name in words."""
    return _WORDS.get(metric, metric.removesuffix("_score").replace("_", " "))


def metric_title(metric: str) -> str:
    """A metric's name at the head of a sentence."""
    return metric_words(metric)[0].upper() + metric_words(metric)[1:]


_WORDS = {
    "zero_one_loss": "share of wrong decisions",
    "f1_score": "F1",
    "roc_auc_score": "ROC AUC",
    "mean_prediction": "mean probability",
    "r2_score": "R2",
}
