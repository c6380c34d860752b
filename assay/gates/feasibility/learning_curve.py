"""Check 4: would more rows do, and how many?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from assay.config.gates import LOWER_IS_BETTER, PerformanceMetric
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.labelled_rows import FOLDS, LabelledRows
from assay.gates.feasibility.score_estimates import ScoreEstimates, estimate_scores
from assay.gates.report import Check, Figure, Interval, Point, Series, Verdict
from assay.gates.statistics.intervals import Floats
from assay.gates.statistics.power_law import PowerLaw, fit_power_law
from assay.util.wording import format_rounded_up

SIZES = 7
MIN_TRAINING_ROWS = 50  # rows, with which a learner hardly learns a thing
SPAN = 64  # the largest size over the smallest
DRAWS = 400
MAX_GROWTH = 16  # times the rows: beyond it, a curve says nothing that one should act upon
PLANNED_GROWTH = 2  # times the rows: what people might still collect
WIDE_ASYMPTOTE = 0.1  # an asymptote known no better is not known
_FROM_ZERO = (0.0, np.inf)
SCORE_BOUNDS = {  # all others lie between 0 and 1
    "log_loss": _FROM_ZERO,
    "cost": _FROM_ZERO,
    "mae": _FROM_ZERO,
    "rmse": _FROM_ZERO,
    "median_absolute_error": _FROM_ZERO,
    "mean_error": _FROM_ZERO,
    "pinball_loss": _FROM_ZERO,
    "r2": (-np.inf, 1.0),
    "quadratic_kappa": (-1.0, 1.0),
}


@dataclass(frozen=True)
class LearningCurve:
    """A score by the number of rows learned from, and the power laws that fit it.

    `law` is of the score, or of minus a loss: more is better. Its first entry is the estimate,
    the others are draws.
    """

    name: PerformanceMetric
    sign: float
    sizes: Floats
    estimates: ScoreEstimates
    law: PowerLaw
    current_rows: float  # rows that a model would learn from today
    unit: float | None = None  # of scores in the target's unit: the score without a model

    @property
    def value(self) -> float:
        """The score with all rows."""
        return float(self.estimates.values[-1])

    @property
    def widest(self) -> float:
        """The width of an asymptote's interval beyond which it is not known."""
        return WIDE_ASYMPTOTE * (1.0 if self.unit is None else self.unit)

    def show(self, value: float, digits: int = 3) -> str:
        """A score for people: with so many decimals, or of an amount so many more digits."""
        return f"{value:.{digits}f}" if self.unit is None else f"{value:.{digits + 1}g}"

    def clip_score(self, value: float) -> float:
        """`value`, or the nearest that the score can have."""
        return float(np.clip(value, *SCORE_BOUNDS.get(self.name, (0.0, 1.0))))

    @property
    def asymptote(self) -> tuple[float, float, float]:
        """Estimate, lower and upper limit (95 %) of the score that no number of rows exceeds."""
        limits = SCORE_BOUNDS.get(self.name, (0.0, 1.0))
        drawn = np.clip(self.sign * self.law.a, *limits)
        low, high = np.quantile(drawn[1:], [0.025, 0.975])
        return float(drawn[0]), float(min(low, drawn[0])), float(max(high, drawn[0]))

    def best_at(self, times: float) -> float:
        """The better limit (97.5 %) of what the law gives at so many times the rows of today,
        signed so that more is better."""
        return float(np.quantile(self.law.scores_at(self.current_rows * times)[1:, 0], 0.975))

    def worst_at(self, times: float) -> float:
        """The worse limit (2.5 %) of the same."""
        return float(np.quantile(self.law.scores_at(self.current_rows * times)[1:, 0], 0.025))

    def rows_for(self, goal: float) -> tuple[float, float, float]:
        """Training rows at which the law reaches `goal`: estimate, and its 95 % limits."""
        rows = self.law.rows_for(self.sign * goal)
        # Between a number and never there is no mean: whole draws are taken.
        low, high = np.quantile(rows[1:], [0.025, 0.975], method="nearest")
        return float(rows[0]), float(low), float(high)


def fit_learning_curve(data: FeasibilityData, name: PerformanceMetric) -> LearningCurve | None:
    """The curve of one score; None where there are too few rows for one.

    At each size the folds' learners see a nested part of their rows, whole entities each. Draws
    vary the judged rows (the scores' covariance) and the rows learned from (the residuals'
    spread, which takes the place of many samples of each size).
    """
    sizes = training_sizes(data)
    if sizes is None:
        return None
    answers = np.array([data.probabilities_from(float(size / sizes[-1])) for size in sizes])
    return fit_curve(data, name, sizes, estimate_scores(data, name, answers))


def training_sizes(data: LabelledRows) -> Floats | None:
    """The numbers of training rows at which a curve is measured; None where rows are too few."""
    full = len(data.sampled_rows) * (FOLDS - 1) / FOLDS
    least = max(full / SPAN, MIN_TRAINING_ROWS)
    return None if full < 4 * least else np.asarray(np.geomspace(least, full, SIZES))


def fit_curve(
    data: LabelledRows,
    name: PerformanceMetric,
    sizes: Floats,
    found: ScoreEstimates,
    unit: float | None = None,
) -> LearningCurve:
    """The curve through scores that were measured with `sizes` rows each; `unit` as the curve's."""
    sign = -1.0 if name in LOWER_IS_BETTER else 1.0
    law = _fit_laws(sizes, sign * found.values, found.covariance, data.seed)
    now = len(data.all_rows.truth) * (1 - data.use_case.split.test)
    return LearningCurve(
        name=name,
        sign=sign,
        sizes=sizes,
        estimates=found,
        law=law,
        current_rows=now,
        unit=unit,
    )


def _fit_laws(sizes: Floats, scores: Floats, covariance: Floats, seed: int) -> PowerLaw:
    rng = np.random.default_rng(seed)
    first = fit_power_law(sizes, scores)
    fitted, weight = first.scores_at(sizes)[0], np.sqrt(sizes / sizes.max())
    spread = np.sqrt(((scores - fitted) ** 2 @ weight) / (len(sizes) - 3))
    rows = rng.multivariate_normal(np.zeros(len(sizes)), covariance, DRAWS, method="eigh")
    learned = rng.normal(size=(DRAWS, len(sizes))) * spread / np.sqrt(weight)
    return fit_power_law(sizes, np.vstack([scores, fitted + rows + learned]))


def check_learning_curve(data: LabelledRows, curve: LearningCurve, goal: float) -> Check:
    """Whether rows would bring the quick learner to `goal`.

    Fails softly when the asymptote lies surely below; unknown where the curve does not show it;
    a caution when it takes more than twice the rows, or may never come. A better model than the
    quick learner has a better curve.
    """
    estimate, low, high = curve.asymptote
    needed, fewest, most = curve.rows_for(goal)
    verdict = _verdict(curve, goal, needed)
    rows = len(data.all_rows.truth)
    more = [rows * (n / curve.current_rows - 1) for n in (needed, fewest, most)]
    return Check(
        name=f"learning_curve[{curve.name}]",
        claim=f"{curve.name} of {goal:g} needs at most twice the rows",
        verdict=verdict,
        statistic=_statistic(curve),
        estimate=None if verdict is Verdict.UNKNOWN else estimate,
        interval=Interval(low=low, high=high),
        threshold=goal,
        why=_why(curve, verdict, needed),
        remedy="" if verdict is Verdict.PASS else _remedy(verdict, rows, *more),
        hard=False,
        rows=len(data.sampled_rows),
    )


def _statistic(curve: LearningCurve) -> str:
    """The best that rows alone would bring, which of a loss is the lowest."""
    if curve.sign < 0:
        return f"lowest {curve.name} that any number of rows would bring"
    return f"{curve.name} that no number of rows would exceed"


def _verdict(curve: LearningCurve, goal: float, needed_rows: float) -> Verdict:
    _, low, high = curve.asymptote
    if max(curve.sign * low, curve.sign * high) < curve.sign * goal:
        return Verdict.FAIL
    if (
        needed_rows <= PLANNED_GROWTH * curve.current_rows
        and curve.worst_at(PLANNED_GROWTH) >= curve.sign * goal
    ):
        return Verdict.PASS
    return Verdict.UNKNOWN if high - low > curve.widest else Verdict.CAUTION


def _why(curve: LearningCurve, verdict: Verdict, needed_rows: float) -> str:
    estimate, low, high = curve.asymptote
    half = float(curve.estimates.values[-2])
    tends = f"the curve tends to {curve.show(estimate)} [{curve.show(low)}, {curve.show(high)}]"
    if verdict is Verdict.UNKNOWN:
        tends = f"its limit is not known yet [{curve.show(low)}, {curve.show(high)}]"
    base = (
        f"{curve.name} went from {curve.show(half, 4)} to {curve.show(curve.value, 4)} between"
        f" {curve.sizes[-2]:,.0f} and {curve.sizes[-1]:,.0f} training rows; {tends}"
    )
    if verdict is Verdict.PASS and needed_rows > curve.current_rows:
        return (
            f"{base} and reaches the target with about {format_rounded_up(needed_rows)} training "
            "rows."
        )
    return f"{base}."


def _remedy(verdict: Verdict, rows: int, more_rows: float, min_rows: float, max_rows: float) -> str:
    if verdict is Verdict.FAIL:
        return (
            "More rows alone would not bring this quick learner there: add columns that bear on"
            " the outcome, try better models, or lower the target."
        )
    if verdict is Verdict.UNKNOWN:
        return f"Add rows: about {format_rounded_up(rows)} more would show where the curve tends."
    columns = "add columns that bear on the outcome"
    if more_rows > rows * MAX_GROWTH:
        return f"{MAX_GROWTH} times the rows would not do, or no number would: {columns}."
    upper = (
        format_rounded_up(max_rows)
        if max_rows <= rows * MAX_GROWTH
        else "more than can be foreseen"
    )
    span = f"from {format_rounded_up(min_rows)} to {upper}"
    return f"Add about {format_rounded_up(more_rows)} more rows ({span}), or {columns}."


def curve_figure(curve: LearningCurve, goal: float | None) -> Figure:
    """The measured scores with their intervals, and the law, going on beyond the data."""
    marks = [
        Point(label=f"{n:,.0f} rows", x=float(n), value=float(v), low=low, high=high)
        for i, (n, v) in enumerate(zip(curve.sizes, curve.estimates.values, strict=True))
        for low, high in [curve.estimates.limits(i)]
    ]
    farther = np.geomspace(
        curve.sizes[0], max(curve.current_rows, curve.sizes[-1]) * MAX_GROWTH, 60
    )
    law = curve.sign * curve.law.scores_at(farther)[0]
    estimate, low, high = curve.asymptote
    first = curve.show(float(curve.estimates.values[0]))
    wanted = f" The target is {goal:g}." if goal is not None else ""
    return Figure(
        title=f"Learning curve of {curve.name}",
        kind="curve",
        series=(
            Series(name="measured", points=tuple(marks), joined=False),
            Series(
                name="fitted",
                points=tuple(
                    Point(label=f"{n:,.0f} rows", x=float(n), value=float(v))
                    for n, v in zip(farther, law, strict=True)
                ),
            ),
        ),
        axis=curve.name,
        x_axis="training rows",
        x_log=True,
        reference=goal,
        reference_name="target",
        band=(low, high),
        band_name="asymptote",
        alt=f"{curve.name} of a quick learner goes from {first} with"
        f" {curve.sizes[0]:,.0f} training rows to {curve.show(curve.value)} with"
        f" {curve.sizes[-1]:,.0f}; the fitted curve tends to {curve.show(estimate)}"
        f" ({curve.show(low)} to {curve.show(high)}).{wanted}",
    )
