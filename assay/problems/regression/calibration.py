"""Whether predicted amounts are what is seen, overall and by predicted size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from assay.config.gates import Performance
from assay.gates.report import Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    mean_error,
    student_quantile,
    weighted_mean,
    weighted_sum,
    weights_of,
)
from assay.gates.statistics.intervals import (
    Bools,
    Estimate,
    Floats,
    make_interval,
    verdict_at_most,
)
from assay.gates.statistics.rms import root_mean_square
from assay.gates.statistics.weighted_quantiles import weighted_quantile
from assay.problems.regression.amount_text import estimate_text, format_amount, with_unit
from assay.problems.regression.answers import MIN_ROWS, AmountAnswers, too_few_remedy

TENTHS = 10


@dataclass(frozen=True, slots=True)
class SizePart:
    """The rows of which about as much is predicted, and from what to what."""

    label: str
    inside: Bools


def size_parts(prediction: Floats, parts: int = TENTHS) -> list[SizePart]:
    """The rows in tenths of the prediction, ascending; equal predictions lie in one part. Parts of
    fewer than 30 rows join the one below.
    """
    cuts = np.unique(np.quantile(prediction, np.arange(1, parts) / parts))
    place = np.searchsorted(cuts, prediction, side="right")
    counts = np.bincount(place, minlength=len(cuts) + 1)
    joined, rows, group = np.zeros(len(counts), dtype=int), 0, 0
    for i, count in enumerate(counts):
        if rows >= MIN_ROWS and counts[i:].sum() >= MIN_ROWS:
            group, rows = group + 1, 0
        joined[i] = group
        rows += int(count)
    place = joined[place]
    return [_size_part(prediction, place == one) for one in np.unique(place)]


def _size_part(prediction: Floats, inside: Bools) -> SizePart:
    held = prediction[inside]
    return SizePart(f"{format_amount(held.min())} to {format_amount(held.max())}", inside)


@dataclass(frozen=True, slots=True)
class _Claim:
    """What the predictions claim of each row: the mean of `values` is 0, but for `limit`."""

    values: Floats
    limit: float
    subject: str
    claim: str
    remedy: str
    describe: Callable[[Estimate], str]
    distance_text: Callable[[float], str]


def check_calibration(
    answers: AmountAnswers, performance: Performance, unit: str, clusters: Clusters | None = None
) -> list[Check]:
    """Soft checks: the predictions are unbiased, overall and by predicted size.

    Where errors either way cost differently the prediction is a quantile: then the share of
    outcomes at or below it is judged, in place of the mean error. `performance.calibration_error`
    is the limit, of the mean error as a share of the outcomes' standard deviation.
    """
    claim = _claim(answers, performance, unit, clusters)
    few = too_few_remedy(len(answers.truth), clusters)
    return [_check_overall(claim, few, clusters), _check_by_size(claim, answers, few, clusters)]


def _claim(
    answers: AmountAnswers, performance: Performance, unit: str, clusters: Clusters | None
) -> _Claim:
    share, wanted = performance.calibration_error, performance.unit_cost.quantile
    if wanted != 0.5:
        return _Claim(
            values=np.asarray((answers.truth <= answers.prediction) - wanted, dtype=float),
            limit=share,
            subject="share of outcomes at or below the prediction, less the wanted share",
            claim=f"The share of outcomes at or below the prediction is {wanted:.3g}, within "
            f"{share:g}",
            remedy="Let the candidate learn this quantile, or calibrate it on more rows.",
            describe=lambda seen: (
                f"{max(wanted + seen.value, 0.0):.3f} of the outcomes lie at or below the "
                f"prediction; {wanted:.3g} is wanted"
            ),
            distance_text=lambda value: f"{value:.3f}",
        )
    centred = answers.truth - weighted_mean(answers.truth, clusters)
    limit = share * float(answers.truth.std())
    if weights_of(clusters) is not None:
        limit = share * weighted_mean(centred**2, clusters) ** 0.5

    def describe(seen: Estimate) -> str:
        shown, low, high = estimate_text(seen, unit, sign=True), *_ends(seen)
        if low <= 0 <= high:
            return f"The mean error is {shown}: no bias can be told from chance"
        side = "too low" if seen.value < 0 else "too high"
        return f"The mean error is {shown}: predictions are {side} on average"

    return _Claim(
        values=answers.errors,
        limit=limit,
        subject="mean error, predicted minus true",
        claim=f"The mean error is within {with_unit(format_amount(limit), unit)}, {share:.0%} of "
        "the outcomes' standard deviation",
        remedy="A model that learns the median or the logarithm is biased for the mean. Let it "
        "learn the mean, or correct it by the mean error on training rows.",
        describe=describe,
        distance_text=lambda value: with_unit(format_amount(value), unit),
    )


def _check_overall(claim: _Claim, few: str, clusters: Clusters | None) -> Check:
    seen = _mean(claim.values, clusters)
    verdict = Verdict.UNKNOWN if few else _verdict_within(seen, claim.limit)
    return Check(
        name="unbiased",
        claim=claim.claim,
        verdict=verdict,
        statistic=claim.subject,
        estimate=seen.value,
        interval=seen.interval,
        threshold=claim.limit,
        why=claim.describe(seen),
        remedy=few or _remedy(verdict, claim),
        hard=False,
        accepted=True,
        rows=len(claim.values),
    )


def _check_by_size(
    claim: _Claim, answers: AmountAnswers, few: str, clusters: Clusters | None
) -> Check:
    parts = size_parts(answers.prediction)
    found = [_part_error(claim.values, part, clusters) for part in parts]
    means, variances = np.array(found).T
    weights = _part_weights(parts, clusters)
    known = not few and bool((variances > 0).any() and np.isfinite(variances).all())
    seen = (
        root_mean_square(means, variances, weights)
        if known
        else Estimate(float(np.sqrt(weights @ means**2)), make_interval(np.nan, np.nan))
    )
    verdict = verdict_at_most(seen.interval, claim.limit) if known else Verdict.UNKNOWN
    worst = int(np.argmax(np.abs(means)))
    return Check(
        name="calibration_by_size",
        claim=f"By predicted size, {claim.claim[0].lower()}{claim.claim[1:]} (root mean square)",
        verdict=verdict,
        statistic=f"{claim.subject}: root mean square over {len(parts)} parts by predicted size",
        estimate=seen.value,
        interval=seen.interval,
        threshold=claim.limit,
        why=f"What is predicted and what is seen differ by {claim.distance_text(seen.value)}"
        f"{' beyond chance' if known else ''} (root mean square), most for predictions of "
        f"{parts[worst].label}: "
        f"{_describe_part(claim, parts[worst], clusters)}",
        remedy=few or _remedy(verdict, claim),
        hard=False,
        accepted=True,
        rows=len(claim.values),
    )


def _part_weights(parts: list[SizePart], clusters: Clusters | None) -> Floats:
    """The share of each part: of the rows, or of their weight."""
    counted = weights_of(clusters)
    total = np.array([weighted_sum(part.inside, clusters) for part in parts])
    return total / (len(parts[0].inside) if counted is None else counted.sum())


def _describe_part(claim: _Claim, part: SizePart, clusters: Clusters | None) -> str:
    of = clusters.of(part.inside) if weights_of(clusters) is not None and clusters else None
    said = claim.describe(_mean(claim.values[part.inside], of))
    return said[0].lower() + said[1:]


def _remedy(verdict: Verdict, claim: _Claim) -> str:
    return {Verdict.PASS: "", Verdict.UNKNOWN: "More test rows would tell."}.get(
        verdict, claim.remedy
    )


def _verdict_within(seen: Estimate, limit: float) -> Verdict:
    low, high = seen.interval.low, seen.interval.high
    if low is None or high is None:
        return Verdict.UNKNOWN
    if low >= -limit and high <= limit:
        return Verdict.PASS
    return Verdict.FAIL if low > limit or high < -limit else Verdict.UNKNOWN


def _ends(seen: Estimate) -> tuple[float, float]:
    """The ends of its interval; without one, the value itself."""
    low, high = seen.interval.low, seen.interval.high
    return seen.value if low is None else low, seen.value if high is None else high


def _mean(values: Floats, clusters: Clusters | None = None) -> Estimate:
    value = weighted_mean(values, clusters)
    codes = np.arange(len(values)) if clusters is None else clusters.codes
    error = mean_error(values, codes, weights_of(clusters))
    if np.ptp(values) == 0 or not error.variance > 0:  # of equal values, rounding leaves some
        return Estimate(value, make_interval(np.nan, np.nan))
    half = float(student_quantile(0.95, error.freedom)) * error.variance**0.5
    return Estimate(value, make_interval(value - half, value + half))


def _part_error(values: Floats, part: SizePart, clusters: Clusters | None) -> tuple[float, float]:
    """The mean of a part's values and its variance."""
    held = values[part.inside]
    of = Clusters(np.arange(len(held)), "") if clusters is None else clusters.of(part.inside)
    # Of equal values, rounding leaves a variance that is none.
    return weighted_mean(held, of), of.mean_error(held).variance if np.ptp(held) > 0 else 0.0


# --- what is shown ----------------------------------------------------------------------------


def size_sheet(answers: AmountAnswers, unit: str, weights: Floats | None = None) -> Sheet:
    """Errors by predicted size; means by the rows' weights."""
    rows = []
    for part in size_parts(answers.prediction):
        held = answers.of(part.inside)
        error, counted = held.errors, None if weights is None else weights[part.inside]
        columns = (held.prediction, held.truth, error, np.abs(error), error**2)
        means = [float(np.average(values, weights=counted)) for values in columns]
        rows.append((part.label, len(error), *means[:4], float(np.sqrt(means[4]))))
    return Sheet(
        title="Error by predicted size",
        columns=("predicted", "rows", "mean predicted", "mean seen", "mean error", "MAE", "RMSE"),
        rows=tuple(rows),
        note=f"In {unit}. Mean error: predicted minus true.",
    )


def seen_figure(answers: AmountAnswers, unit: str, clusters: Clusters | None = None) -> Figure:
    """Mean outcomes against mean predictions, by predicted size."""
    points = []
    for part in size_parts(answers.prediction):
        held = answers.of(part.inside)
        seen = _mean(held.truth, clusters.of(part.inside) if clusters else None)
        x = weighted_mean(held.prediction, clusters.of(part.inside) if clusters else None)
        low, high = seen.interval.low, seen.interval.high
        points.append(Point(label=format_amount(x), value=seen.value, low=low, high=high, x=x))
    worst = max(points, key=lambda p: abs((p.value or 0.0) - (p.x or 0.0)))
    return Figure(
        title="Predicted against seen",
        kind="curve",
        series=(Series(name="model", points=tuple(points)),),
        axis=f"mean outcome, {unit}",
        x_axis=f"mean prediction, {unit}",
        diagonal="as predicted",
        alt=f"Mean outcomes by predicted size. They differ most where {worst.label} {unit} are "
        f"predicted: {format_amount(worst.value or 0.0)} are seen.",
    )


def residual_figure(answers: AmountAnswers, unit: str, weights: Floats | None = None) -> Figure:
    """The middle and the spread of errors, by predicted size."""
    parts = size_parts(answers.prediction)
    curves = []
    for name, share in (("90 % below", 0.9), ("median", 0.5), ("10 % below", 0.1)):
        points = []
        for part in parts:
            held = answers.of(part.inside)
            counted = None if weights is None else weights[part.inside]
            value = weighted_quantile(held.errors, share, counted)
            x = float(np.average(held.prediction, weights=counted))
            points.append(Point(label=format_amount(x), value=value, x=x))
        curves.append(Series(name=name, points=tuple(points)))
    spreads = [
        (upper.value or 0.0) - (lower.value or 0.0)
        for upper, lower in zip(curves[0].points, curves[2].points, strict=True)
    ]
    return Figure(
        title="Errors by predicted size",
        kind="curve",
        series=tuple(curves),
        axis=f"predicted minus true, {unit}",
        x_axis=f"mean prediction, {unit}",
        reference=0.0,
        reference_name="no error",
        alt="Median, and 10 % and 90 % points, of errors by predicted size. The middle four fifths "
        f"span {format_amount(spreads[0])} {unit} where least is predicted and "
        f"{format_amount(spreads[-1])} where most is.",
    )
