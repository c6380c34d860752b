"""Whether probabilities mean what they say."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from assay.gates.performance.display import interval_text
from assay.gates.performance.point_scores import too_few_remedy
from assay.gates.report import Cell, Check, Figure, Interval, Point, Series, Sheet, Verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    clustered_share_limits,
    spread_of,
    weighted_mean,
    weights_of,
)
from assay.gates.statistics.intervals import Bools, Estimate, Floats, verdict_at_most
from assay.gates.statistics.proportions import wilson_limits
from assay.gates.statistics.rms import root_mean_square

_REMEDIES = {
    Verdict.PASS: "",
    Verdict.UNKNOWN: "More test rows would tell.",
    Verdict.FAIL: "Calibrate the candidate (calibrate: sigmoid, or isotonic).",
}
MIN_RATIO, MAX_RATIO = (
    0.8,
    1.25,
)  # ratios that are tolerated: a quarter too much, and its reciprocal
BINS = 10

_SUBJECTS = {
    "calibration_in_the_large": "Promised positives per observed one",
    "calibration_slope": "Calibration slope",
    "calibration_error": "Distance of probabilities from what is observed (root mean square)",
}

IN_THE_LARGE, INTERCEPT = "promised per observed positive", "intercept at slope 1"
SLOPE, ERROR = "slope", "calibration error"
CalibrationMeasures = Mapping[str, Estimate | None]


def calibration_measures(
    truth: Bools, probability: Floats, clusters: Clusters | None = None
) -> dict[str, Estimate | None]:
    """All that is measured, by name. None where it does not exist."""
    return {
        IN_THE_LARGE: expected_over_observed(truth, probability, clusters),
        INTERCEPT: calibration_intercept(truth, probability, clusters),
        SLOPE: calibration_slope(truth, probability, clusters),
        ERROR: calibration_error(truth, probability, clusters=clusters),
    }


def expected_over_observed(
    truth: Bools, probability: Floats, clusters: Clusters | None = None
) -> Estimate:
    """Positives that the probabilities promise, per positive that came (calibration in the large).

    Interval by Wilson's limits of the observed share. Raises ZeroDivisionError without positives.
    """
    promised, observed = weighted_mean(probability, clusters), weighted_mean(truth, clusters)
    if clusters is None:
        limits = wilson_limits(int(truth.sum()), len(truth))
    else:
        spread = spread_of(clusters.mean_error(truth))
        limits = clustered_share_limits(observed, len(truth), spread)
    low, high = (float(side.item()) for side in limits)
    interval = Interval(low=promised / high, high=promised / low if low > 0 else None)
    return Estimate(promised / observed, interval)


def calibration_slope(
    truth: Bools, probability: Floats, clusters: Clusters | None = None
) -> Estimate | None:
    """Slope of the logistic regression of the truth on the probabilities' logit: 1 is ideal.

    Below 1 the probabilities are too extreme, above too timid (Cox, Biometrika 45, 1958). Wald's
    interval. None where no slope exists: probabilities that are all alike, or perfect separation.
    """
    if np.ptp(probability) == 0:
        return None
    logit = _logit(probability)
    return _coefficient(truth, np.column_stack([np.ones(len(logit)), logit]), clusters=clusters)


def calibration_intercept(
    truth: Bools, probability: Floats, clusters: Clusters | None = None
) -> Estimate | None:
    """By how much the logit must be shifted at slope 1: 0 is ideal, below it too much is promised.

    Cox 1958, as above; Van Calster et al., J. Clin. Epidemiol. 74 (2016): "calibration in the
    large". Wald's interval. None where it cannot be fitted.
    """
    logit = _logit(probability)
    return _coefficient(truth, np.ones((len(logit), 1)), offset=logit, clusters=clusters)


def _logit(probability: Floats) -> Floats:
    # No finer than the rows can know; it also keeps certainties (0, 1) finite.
    edge = 1 / (2 * len(probability))
    p = np.clip(probability, edge, 1 - edge)
    return np.asarray(np.log(p / (1 - p)))


def _coefficient(
    truth: Bools,
    design: Floats,
    *,
    offset: Floats | None = None,
    clusters: Clusters | None = None,
) -> Estimate | None:
    """The last coefficient of a logistic regression; None where the fit does not settle."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        # statsmodels warns of weights with a sandwich; tests hold its errors against the formula.
        warnings.filterwarnings("ignore", message="cov_type not fully supported")
        try:
            model = GLM(
                truth.astype(float),
                design,
                family=Binomial(),
                offset=offset,
                freq_weights=weights_of(clusters),
            )
            fitted = model.fit(**_robust_covariance(clusters))
            low, high = (float(v) for v in fitted.conf_int()[-1])
        except (Warning, ArithmeticError, np.linalg.LinAlgError, ValueError):
            return None
    if not np.isfinite([low, high]).all():
        return None
    return Estimate(float(fitted.params[-1]), Interval(low=low, high=high))


def _robust_covariance(clusters: Clusters | None) -> dict[str, Any]:
    """What makes a fit of statsmodels cluster-robust, with Student's quantiles."""
    if clusters is None:
        return {}
    return {"cov_type": "cluster", "cov_kwds": {"groups": clusters.codes}, "use_t": True}


def calibration_error(
    truth: Bools,
    probability: Floats,
    bins: int = BINS,
    clusters: Clusters | None = None,
    level: float = 0.95,
) -> Estimate:
    """Root mean square, over bins of as many rows, of promised minus observed shares.

    What the chance of few rows would bring to perfectly calibrated probabilities is taken off
    (Bröcker, Q. J. R. Meteorol. Soc. 138, 2012; Kumar, Liang & Ma, NeurIPS 2019), so that few
    rows do not look miscalibrated.
    """
    promised, observed, share, chance = _bin_shares(truth, probability, bins, clusters)
    if clusters is not None:
        chance = np.maximum(chance, _clustered_variances(truth, probability, bins, clusters))
    found = root_mean_square(promised - observed, chance, share, level)
    low, high = (min(side or 0.0, 1.0) for side in (found.interval.low, found.interval.high))
    return Estimate(found.value, Interval(low=low, high=high, level=level))


def expected_calibration_error(
    truth: Bools, probability: Floats, bins: int = BINS, clusters: Clusters | None = None
) -> tuple[float, float]:
    """The expected calibration error as it is usually given, and what chance alone would bring.

    Naeini, Cooper & Hauskrecht, AAAI 2015, over bins of as many rows. By chance: the mean of
    |N(0, v)| in each bin.
    """
    promised, observed, share, chance = _bin_shares(truth, probability, bins, clusters)
    by_chance = share * np.sqrt(2 / np.pi * chance)
    return float((share * np.abs(promised - observed)).sum()), float(by_chance.sum())


def _bin_shares(
    truth: Bools, probability: Floats, bins: int, clusters: Clusters | None = None
) -> tuple[Floats, Floats, Floats, Floats]:
    """Per bin: promised and observed share, share of all rows, variance of the observed share.

    The variance is the larger of the one that the probabilities promise and the one that is seen
    (half a row added to either class): certainties that are wrong have a chance too. Shares are by
    the rows' weights, and a bin has as many rows as its are worth.
    """
    place, weights = _assign_bins(probability, bins), weights_of(clusters)
    counted = np.ones(len(truth)) if weights is None else weights
    total = np.bincount(place, counted)
    used = total > 0
    n = total[used]
    promised = np.bincount(place, counted * probability)[used] / n
    observed = np.bincount(place, counted * truth)[used] / n
    expected = np.bincount(place, counted**2 * probability * (1 - probability))[used] / n**2
    worth = n if weights is None else n**2 / np.bincount(place, counted**2)[used]
    smoothed = (observed * worth + 0.5) / (worth + 1)
    seen = smoothed * (1 - smoothed) / worth
    return promised, observed, n / n.sum(), np.maximum(expected, seen)


def _clustered_variances(
    truth: Bools, probability: Floats, bins: int, clusters: Clusters
) -> Floats:
    """Per bin: the variance of promised minus observed where rows of one cluster go together; 0
    where a bin holds a single cluster.
    """
    place = _assign_bins(probability, bins)
    counted = np.ones(len(truth)) if clusters.weights is None else clusters.weights
    inside = [place == part for part in np.unique(place) if counted[place == part].any()]
    found = [clusters.of(i).mean_error((probability - truth)[i]).variance for i in inside]
    return np.asarray(np.nan_to_num(found), dtype=float)


def _assign_bins(probability: Floats, bins: int) -> np.ndarray:
    """The bin of each row: about as many rows in each, equal probabilities in the same one."""
    from scipy.stats import rankdata

    rank = rankdata(probability, method="min").astype(int)
    return np.asarray((rank - 1) * bins // len(probability))


# --- checks -----------------------------------------------------------------------------------


def check_calibration(
    measures: CalibrationMeasures,
    truth: Bools,
    tolerance: float,
    clusters: Clusters | None = None,
) -> list[Check]:
    """Three soft checks: how many positives are promised, how far probabilities spread, how far
    they lie from what is observed.
    """
    ratios = {
        "calibration_in_the_large": (IN_THE_LARGE, "Promised positives per observed one"),
        "calibration_slope": (SLOPE, "The calibration slope"),
    }
    made, few = [], too_few_remedy(truth, clusters)
    for name, (measure, subject) in ratios.items():
        now = measures[measure]
        claim = f"{subject} is between {MIN_RATIO} and {MAX_RATIO}"
        limit = MAX_RATIO if now is None or now.value > 1 else MIN_RATIO
        made.append(
            _check(name, claim, now, truth, few, estimate_verdict=_ratio_verdict(now), limit=limit)
        )
    off = measures[ERROR]
    verdict = Verdict.UNKNOWN if off is None else verdict_at_most(off.interval, tolerance)
    claim = f"Probabilities lie no further than {tolerance:g} from what is observed"
    error = _check(
        "calibration_error", claim, off, truth, few, estimate_verdict=verdict, limit=tolerance
    )
    return [*made, error]


def _check(
    name: str,
    claim: str,
    estimate: Estimate | None,
    truth: Bools,
    few_rows_remedy: str,
    *,
    estimate_verdict: Verdict,
    limit: float,
) -> Check:
    verdict = Verdict.UNKNOWN if few_rows_remedy else estimate_verdict
    return Check(
        name=name,
        claim=claim,
        verdict=verdict,
        statistic=name,
        estimate=estimate.value if estimate else None,
        interval=estimate.interval if estimate else None,
        threshold=limit,
        why=_reason(_SUBJECTS[name], estimate),
        remedy=few_rows_remedy or _REMEDIES[verdict],
        hard=False,
        accepted=True,  # a soft check: what it cannot tell weighs no more than what it dislikes
        rows=len(truth),
    )


def _ratio_verdict(estimate: Estimate | None) -> Verdict:
    if estimate is None or estimate.interval.low is None or estimate.interval.high is None:
        return Verdict.UNKNOWN
    low, high = estimate.interval.low, estimate.interval.high
    if low >= MIN_RATIO and high <= MAX_RATIO:
        return Verdict.PASS
    return Verdict.FAIL if high < MIN_RATIO or low > MAX_RATIO else Verdict.UNKNOWN


def _reason(subject: str, estimate: Estimate | None) -> str:
    if estimate is None:
        return f"{subject}: none, as the probabilities are all alike or separate the classes"
    return f"{subject}: {estimate.value:.3f}, {interval_text(estimate.interval, '.3f')}"


# --- what is shown ----------------------------------------------------------------------------


def calibration_sheet(
    measures: CalibrationMeasures,
    truth: Bools,
    probability: Floats,
    clusters: Clusters | None = None,
) -> Sheet:
    """Every measure with its interval beside what is ideal."""
    ideal = {IN_THE_LARGE: 1.0, INTERCEPT: 0.0, SLOPE: 1.0, ERROR: 0.0}
    rows: list[tuple[Cell, ...]] = []
    for name, now in measures.items():
        cells = (now.value, now.interval.low, now.interval.high) if now else (None, None, None)
        rows.append((name, *cells, ideal[name]))
    plain, chance = expected_calibration_error(truth, probability, clusters=clusters)
    rows.append(("expected calibration error, as it stands", plain, None, None, chance))
    return Sheet(
        title="Calibration",
        columns=("measure", "model", "low", "high", "ideal"),
        rows=tuple(rows),
        note="The calibration error is the root mean square over tenths of the rows, freed of what "
        "chance brings. For the last line, chance alone would bring what stands under ideal.",
    )


def reliability_figure(
    truth: Bools, probability: Floats, bins: int = BINS, clusters: Clusters | None = None
) -> Figure:
    """Observed share against promised probability, over bins of about as many rows each. Where rows
    have weights, shares and intervals are by these.
    """
    place = _assign_bins(probability, bins)
    points = []
    for part in np.unique(place):
        inside = place == part
        if weights_of(clusters) is not None:
            if (point := _weighted_point(truth, probability, inside, clusters)) is not None:
                points.append(point)
            continue
        k, n = int(truth[inside].sum()), int(inside.sum())
        low, high = wilson_limits(k, n)
        x = float(probability[inside].mean())
        points.append(Point(label=f"{x:.2f}", value=k / n, low=float(low), high=float(high), x=x))
    told = "; ".join(f"{point.value:.0%} where {point.x:.0%} was promised" for point in points)
    return Figure(
        title="Calibration",
        kind="curve",
        series=(Series(name="model", points=tuple(points)),),
        axis="observed share of positives",
        x_axis="promised probability",
        diagonal="as promised",
        alt=f"Observed shares of positives: {told}.",
    )


def _weighted_point(
    truth: Bools, probability: Floats, inside: Bools, clusters: Clusters | None
) -> Point | None:
    """What is seen of some rows by their weights; None where these are 0."""
    if clusters is None or not (of := clusters.of(inside)).effective(truth[inside] | True):
        return None
    share, x = weighted_mean(truth[inside], of), weighted_mean(probability[inside], of)
    limits = clustered_share_limits(share, inside.sum(), spread_of(of.mean_error(truth[inside])))
    low, high = (float(side.item()) for side in limits)
    return Point(label=f"{x:.2f}", value=share, low=low, high=high, x=x)
