"""Whether the probability of each class means what it says, one class against the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from assay.gates.performance.calibration import calibration_error, reliability_figure
from assay.gates.performance.display import interval_text
from assay.gates.performance.point_scores import enough_rows
from assay.gates.report import Check, Figure, Interval, Series, Sheet, Verdict
from assay.gates.statistics.cluster_errors import (
    Clusters,
    clustered_share_limits,
    spread_of,
    weighted_mean,
)
from assay.gates.statistics.intervals import Bools, Estimate, verdict_at_most
from assay.gates.statistics.proportions import wilson_limits
from assay.problems.multiclass.answers import ClassAnswers, Ints

_LEVEL = 0.95
_MAX_CURVES = 6  # more in one picture cannot be told apart


@dataclass(frozen=True, slots=True)
class ClassCalibration:
    """How one class's probabilities fit what is observed.

    `error` is their root mean square distance over tenths of the rows, with its interval at 95 %;
    `joint` has that at which all classes together err once in twenty.
    """

    label: str
    promised: float  # mean probability
    observed: Estimate  # share of rows that are of the class
    error: Estimate
    joint: Interval
    enough_rows: bool


def calibrate_classes(
    truth: Ints, who: ClassAnswers, clusters: Clusters | None = None
) -> list[ClassCalibration]:
    """Each class's calibration, in the target's order."""
    joint = 1 - (1 - _LEVEL) / len(who.classes)
    found = []
    for code, label in enumerate(who.classes):
        own, probability = truth == code, who.probability[:, code]
        found.append(
            ClassCalibration(
                label=label,
                promised=weighted_mean(probability, clusters),
                observed=_observed_share(own, clusters),
                error=calibration_error(own, probability, clusters=clusters),
                joint=calibration_error(own, probability, clusters=clusters, level=joint).interval,
                enough_rows=enough_rows(own, clusters),
            )
        )
    return found


def _observed_share(own: Bools, clusters: Clusters | None) -> Estimate:
    if clusters is None:
        limits = wilson_limits(int(own.sum()), len(own))
    else:
        spread = spread_of(clusters.mean_error(own))
        limits = clustered_share_limits(weighted_mean(own, clusters), len(own), spread)
    low, high = (float(side.item()) for side in limits)
    return Estimate(weighted_mean(own, clusters), Interval(low=low, high=high))


def check_calibration(classes: Sequence[ClassCalibration], tolerance: float, rows: int) -> Check:
    """A soft check: the probabilities of no class lie further from what is observed. The worst
    class is named. It fails at a level that all classes share, and passes if each class would.
    """
    judged = [one for one in classes if one.enough_rows]
    failed = [one for one in judged if verdict_at_most(one.joint, tolerance) is Verdict.FAIL]
    passed = len(judged) == len(classes) and all(
        verdict_at_most(one.error.interval, tolerance) is Verdict.PASS for one in judged
    )
    verdict = Verdict.FAIL if failed else Verdict.PASS if passed else Verdict.UNKNOWN
    worst = max(failed or judged or classes, key=lambda one: one.error.value)
    shown = worst.joint if failed else worst.error.interval
    few = [one.label for one in classes if not one.enough_rows]
    remedies = {
        Verdict.FAIL: "Calibrate the candidate in another way (calibrate: sigmoid, or isotonic).",
        Verdict.UNKNOWN: f"Bring more test rows of {', '.join(few[:5])}."
        if few
        else "More test rows would tell.",
    }
    return Check(
        name="calibration_error",
        claim=f"The probabilities of each class lie no further than {tolerance:g} from what is "
        "observed",
        verdict=verdict,
        statistic="calibration error of the worst class",
        estimate=worst.error.value,
        interval=shown,
        threshold=tolerance,
        why=f"The probabilities of {worst.label} are furthest: {worst.error.value:.3f} from "
        f"what is observed (root mean square, {interval_text(shown, '.3f')}); promised are "
        f"{worst.promised:.3f} on average, observed {worst.observed.value:.3f}",
        remedy=remedies.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=rows,
    )


def calibration_sheet(classes: Sequence[ClassCalibration]) -> Sheet:
    """Promised and observed shares of every class, and how far apart they are over tenths."""
    return Sheet(
        title="Calibration by class",
        columns=(
            *("class", "promised", "observed", "low", "high"),
            *("calibration error", "error low", "error high"),
        ),
        rows=tuple(
            (
                one.label,
                one.promised,
                *(one.observed.value, one.observed.interval.low, one.observed.interval.high),
                *(one.error.value, one.error.interval.low, one.error.interval.high),
            )
            for one in classes
        ),
        note="One class against the rest; intervals at 95 %. The calibration error is the root "
        "mean square over tenths of the rows, freed of what chance brings.",
    )


def calibration_figure(
    truth: Ints,
    who: ClassAnswers,
    classes: Sequence[ClassCalibration],
    clusters: Clusters | None = None,
) -> Figure:
    """Observed share against promised probability, a curve for each of the worst classes."""
    order = np.argsort([-one.error.value for one in classes], kind="stable")[:_MAX_CURVES]
    series = []
    for code in sorted(int(k) for k in order):
        drawn = reliability_figure(truth == code, who.probability[:, code], clusters=clusters)
        series.append(Series(name=who.classes[code], points=drawn.series[0].points))
    worst = classes[int(order[0])]
    left = len(classes) - len(series)
    rest = f" {left} classes that fit better are not drawn." if left else ""
    return Figure(
        title="Calibration by class",
        kind="curve",
        series=tuple(series),
        axis="observed share of the class",
        x_axis="promised probability",
        diagonal="as promised",
        alt=f"Observed shares against promised probabilities by class. {worst.label} is furthest "
        f"off: {worst.error.value:.3f} (root mean square).{rest}",
    )
