"""What the performance gate says and shows: sentences, sheets and figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from assay.config.gates import ErrorCosts, PerformanceMetric
from assay.gates.performance.metric_titles import metric_title
from assay.gates.performance.point_scores import (
    ModelPredictions,
    confusion_counts,
    confusion_weights,
    point_score,
)
from assay.gates.report import (
    Cell,
    Interval,
    Measurement,
    MeasurementKind,
    Sheet,
    Verdict,
)
from assay.gates.statistics.design_effect import effective_rows
from assay.gates.statistics.intervals import Bools, Estimate, Floats
from assay.util.wording import format_rounded_up

SCORES_TITLE = "Scores"


def suggest_remedy(verdict: Verdict, estimate: Estimate, limit: float, rows: int) -> str:
    """What would turn the verdict, computed from the interval's width."""
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return "Try other candidates or features, or ask less."
    low, high = estimate.interval.low, estimate.interval.high
    distance = abs(estimate.value - limit)
    if low is None or high is None or distance == 0:
        return "More test rows would tell."
    # Intervals narrow with the root of the rows.
    side = estimate.value - low if estimate.value > limit else high - estimate.value
    times = (side / distance) ** 2
    if times > 100:
        return "No likely number of test rows will tell: the estimate lies at the limit."
    return f"About {format_rounded_up(max(rows * (times - 1), 1))} more test rows would tell."


def score_summary(
    scores: Mapping[PerformanceMetric, Estimate], rows: int, weights: Floats | None = None
) -> str:
    """The gate in one sentence."""
    told = [f"{metric_title(m)} {estimate_text(scores[m])}" for m in scores]
    return f"{', '.join(told)} on {rows_text(rows, weights)}."


def rows_text(rows: int, weights: Floats | None = None) -> str:
    """How many test rows, and by their weights how many equal ones they are worth."""
    if weights is None:
        return f"{rows:,} test rows"
    return f"{rows:,} test rows, as much as {effective_rows(weights):,.0f} equal ones"


def estimate_text(estimate: Estimate) -> str:
    """A score and its interval, or why it has none."""
    return f"{estimate.value:.4f} ({interval_text(estimate.interval)})"


def interval_text(bounds: Interval, form: str = ".4f") -> str:
    """Where the truth may lie, in words, each side in the format `form`."""
    if bounds.low is None and bounds.high is None:
        return "too few rows for an interval"
    if bounds.low is None or bounds.high is None:
        side = (
            f"at least {bounds.low:{form}}"
            if bounds.high is None
            else f"at most {bounds.high:{form}}"
        )
        return f"{side}, with no limit on the other side"
    return f"between {bounds.low:{form}} and {bounds.high:{form}}"


def gain_text(gain: Estimate, rival: str) -> str:
    """A difference to a rival: "0.0120 better than the dummy's (between -0.0031 and +0.0271)"."""
    if gain.value == gain.interval.low == gain.interval.high == 0:
        return f"the same as {rival}"
    word = "worse" if gain.value < 0 else "better"
    return f"{abs(gain.value):.4f} {word} than {rival} ({interval_text(gain.interval, '+.4f')})"


# --- sheets -----------------------------------------------------------------------------------


def score_sheet(
    scores: Mapping[PerformanceMetric, Estimate],
    truth: Bools,
    rivals: Mapping[str, ModelPredictions],
    cost: ErrorCosts,
    weights: Floats | None = None,
) -> Sheet:
    """Every score of the model with its interval, beside its rivals' on the same rows."""
    rows = tuple(
        (
            metric,
            now.value,
            now.interval.low,
            now.interval.high,
            *(point_score(metric, truth, rival, cost, weights) for rival in rivals.values()),
        )
        for metric, now in scores.items()
    )
    return Sheet(
        title=SCORES_TITLE,
        columns=("score", "model", "low", "high", *rivals),
        rows=rows,
        note="Intervals at 95 %. Cost is the mean per row. The dummy knows the base rate alone."
        + _weights_note(weights),
    )


def score_measurements(
    scores: Mapping[PerformanceMetric, Estimate], choose_by: PerformanceMetric
) -> tuple[Measurement, ...]:
    """Every score of the model, for programs; the metric to choose by is the headline."""
    return tuple(
        Measurement(
            kind="score",
            metric=metric,
            value=score.value,
            interval=score.interval,
            headline=metric == choose_by,
        )
        for metric, score in scores.items()
    )


RIVAL_KINDS: dict[str, MeasurementKind] = {
    "dummy": "dummy_score",
    "champion": "champion_score",
}


def rival_measurements(metric: str, scores: Mapping[str, float]) -> tuple[Measurement, ...]:
    """What each rival scores by `metric` on the same rows, for programs."""
    return tuple(
        Measurement(kind=RIVAL_KINDS[name], metric=metric, value=value)
        for name, value in scores.items()
    )


def _weights_note(weights: Floats | None) -> str:
    return "" if weights is None else " Rows count by their weights."


def count_confusions(truth: Bools, decision: Bools, weights: Floats | None) -> tuple[float, ...]:
    """Rows of the four kinds; by weights, they sum to the number of rows."""
    if weights is None:
        return confusion_counts(truth, decision)
    return confusion_weights(truth, decision, weights * (len(weights) / weights.sum()))


def confusion_sheet(truth: Bools, who: ModelPredictions, weights: Floats | None = None) -> Sheet:
    """The confusion matrix at the threshold, in rows, and what it means for each true answer."""
    tp, fp, fn, tn = count_confusions(truth, who.decision, weights)
    return Sheet(
        title="Confusion matrix",
        columns=("truth", "decided yes", "decided no", "share decided rightly"),
        rows=(("yes", tp, fn, tp / (tp + fn)), ("no", fp, tn, tn / (fp + tn))),
        note=f"Of the {tp + fp:,.0f} that are decided yes, {tp:,.0f} are yes."
        + _weights_note(weights),
    )


def cost_sheet(
    truth: Bools,
    everyone: Mapping[str, ModelPredictions],
    cost: ErrorCosts,
    weights: Floats | None = None,
) -> Sheet:
    """What each way to decide costs, in the use case's unit."""
    rows: list[tuple[Cell, ...]] = []
    ways = {name: who.decision for name, who in everyone.items()}
    ways |= {f"always {w}": np.full(len(truth), w == "yes") for w in ("yes", "no")}
    for name, decision in ways.items():
        _, fp, fn, _ = count_confusions(truth, decision, weights)
        total = fp * cost.false_positive + fn * cost.false_negative
        rows.append((name, fp, fn, total, 1000 * total / len(truth)))
    return Sheet(
        title="Cost",
        columns=("policy", "false positives", "false negatives", "cost", "per 1,000 rows"),
        rows=tuple(rows),
        note=f"A false positive costs {cost.false_positive:g}, a false negative "
        f"{cost.false_negative:g}." + _weights_note(weights),
    )
