"""Whether probabilities mean what they say."""

from __future__ import annotations

import warnings

import numpy as np

from assay.evidence.report import Check, Figure, Interval, Point, Series, Verdict
from assay.evidence.statistics import Bools, Estimate, Floats, wilson_limits

_REMEDIES = {
    Verdict.PASS: "",
    Verdict.UNKNOWN: "More test rows would tell.",
    Verdict.FAIL: "Calibrate the candidate (calibrate: sigmoid, or isotonic).",
}
LOW, HIGH = 0.8, 1.25  # ratios that are tolerated: a quarter too much, and its reciprocal


def expected_over_observed(truth: Bools, probability: Floats) -> Estimate:
    """Positives that the probabilities promise, per positive that came (calibration in the large).

    Interval by Wilson's limits of the observed share. Raises ZeroDivisionError without positives.
    """
    promised = float(probability.mean())
    low, high = wilson_limits(int(truth.sum()), len(truth))
    interval = Interval(low=promised / float(high), high=promised / float(low))
    return Estimate(promised / float(truth.mean()), interval)


def slope(truth: Bools, probability: Floats) -> Estimate | None:
    """Slope of the logistic regression of the truth on the probabilities' logit: 1 is ideal.

    Below 1 the probabilities are too extreme, above too timid (Cox, Biometrika 45, 1958). Wald's
    interval. None where no slope exists: probabilities that are all alike, or perfect separation.
    """
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    if np.ptp(probability) == 0:
        return None
    # No finer than the rows can know; it also keeps certainties (0, 1) finite.
    edge = 1 / (2 * len(truth))
    p = np.clip(probability, edge, 1 - edge)
    design = np.column_stack([np.ones(len(p)), np.log(p / (1 - p))])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            fitted = GLM(truth.astype(float), design, family=Binomial()).fit()
            low, high = (float(v) for v in fitted.conf_int()[1])
        except (Warning, ArithmeticError, np.linalg.LinAlgError, ValueError):
            return None
    if not np.isfinite([low, high]).all():
        return None
    return Estimate(float(fitted.params[1]), Interval(low=low, high=high))


def checks(truth: Bools, probability: Floats) -> list[Check]:
    """Two soft checks: how many positives are promised, and how far probabilities spread."""
    found = {
        "calibration_in_the_large": expected_over_observed(truth, probability),
        "calibration_slope": slope(truth, probability),
    }
    subjects = ("Promised positives per observed one", "The calibration slope")
    return [
        _check(name, subject, estimate, len(truth))
        for (name, estimate), subject in zip(found.items(), subjects, strict=True)
    ]


def _check(name: str, subject: str, found: Estimate | None, rows: int) -> Check:
    verdict = Verdict.UNKNOWN if found is None else _verdict(found.interval)
    return Check(
        name=name,
        claim=f"{subject} is between {LOW} and {HIGH}",
        verdict=verdict,
        statistic=name,
        estimate=found.value if found else None,
        interval=found.interval if found else None,
        threshold=HIGH if found is None or found.value > 1 else LOW,
        why=_why(found),
        remedy=_REMEDIES[verdict],
        hard=False,
        accepted=True,  # a soft check: what it cannot tell weighs no more than what it dislikes
        rows=rows,
    )


def _verdict(interval: Interval) -> Verdict:
    low, high = interval.low, interval.high
    if low is None or high is None:
        return Verdict.UNKNOWN
    if low >= LOW and high <= HIGH:
        return Verdict.PASS
    return Verdict.FAIL if high < LOW or low > HIGH else Verdict.UNKNOWN


def _why(found: Estimate | None) -> str:
    if found is None:
        return "the probabilities are all alike, or separate the classes: no slope exists"
    low, high = found.interval.low, found.interval.high
    return f"{found.value:.3f}, between {low:.3f} and {high:.3f}"


def curve(truth: Bools, probability: Floats, bins: int = 10) -> Figure:
    """Observed share against promised probability, over bins of about as many rows each."""
    from scipy.stats import rankdata

    place = (rankdata(probability, method="min").astype(int) - 1) * bins // len(probability)
    points = []
    for part in np.unique(place):
        inside = place == part
        k, n = int(truth[inside].sum()), int(inside.sum())
        low, high = wilson_limits(k, n)
        x = float(probability[inside].mean())
        points.append(Point(label=f"{x:.2f}", value=k / n, low=float(low), high=float(high), x=x))
    ideal = tuple(Point(label=f"{x:g}", value=x, x=x) for x in (0.0, 1.0))
    told = "; ".join(f"{point.value:.0%} where {point.x:.0%} was promised" for point in points)
    return Figure(
        title="Calibration",
        kind="curve",
        series=(Series(name="model", points=tuple(points)), Series(name="ideal", points=ideal)),
        axis="observed share of positives",
        x_axis="promised probability",
        alt=f"Observed shares of positives: {told}.",
    )
