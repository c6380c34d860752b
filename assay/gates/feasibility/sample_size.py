"""Check 5: are there rows enough to learn from?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.gates.feasibility.all_rows import sample_rows
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.linear_columns import linear_columns
from assay.gates.feasibility.penalised_model import (
    PenalisedModel,
    fit_penalised_model,
    logistic_strengths,
)
from assay.gates.feasibility.score_estimates import MIN_PROBABILITY
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.intervals import Bools, Floats
from assay.learning.preprocess import MAX_CATEGORIES, MIN_CATEGORY_ROWS
from assay.util.wording import format_rounded_up, is_reportable_count

SHRINKAGE = 0.9  # predictions may be too extreme by a tenth
OPTIMISM = 0.05  # of Nagelkerke's R2
MARGIN = 0.05  # of the estimated share of positives
SLOPES = (0.8, 1.25)  # of calibration, within which predictions are neither extreme nor timid
MAX_MODEL_ROWS = 4_000  # of the penalised model, which bounds the time
MAX_MODEL_COLUMNS = 1_000


@dataclass(frozen=True, slots=True)
class SampleSize:
    """What the rows are, and what Riley's criteria ask for.

    `penalised_rows` training rows by effective parameters, `unpenalised_rows` by all `parameters`,
    each by criterion.
    """

    rows: int
    events: int
    parameters: int
    r2: float
    model: PenalisedModel
    penalised_rows: dict[str, float]
    unpenalised_rows: dict[str, float]

    @property
    def needed_rows(self) -> float:
        return max(self.penalised_rows.values())


def check_sample_size(data: FeasibilityData) -> tuple[Check, Sheet, float]:
    """Whether there are rows enough to learn from; what is asked for, and how many rows that is.

    Fails below the rows of the rarer outcome that the use case asks for (`feasibility.events`).
    Else an advice, never a stop: a caution where predictions may be too extreme or too timid (the
    95 % interval of the calibration slope, out of fold, leaves 0.8 to 1.25), or where there are
    fewer training rows than Riley's criteria ask for with the effective parameters of a penalised
    model. Riley et al., BMJ 368 (2020) m441; Statistics in Medicine 38 (2019) 1276; on the
    uncertainty of individual risks, Riley et al., BMC Medical Research Methodology 25 (2025). R2 is
    Cox and Snell's, out of fold, so that it is not flattered by the fit.
    """
    found = measure_sample_size(data)
    limit = data.use_case.feasibility.events
    verdict = Verdict.PASS if found.events >= limit else Verdict.FAIL
    advice = _advice(found)
    if verdict is Verdict.PASS and advice:
        verdict = Verdict.CAUTION
    check = Check(
        name="sample_size",
        claim=f"There are rows enough to learn from: {limit} of the rarer outcome at the least",
        verdict=verdict,
        statistic="rows of the rarer outcome",
        estimate=float(found.events),
        threshold=float(limit),
        why=_why(found, limit, advice),
        remedy=_remedy(verdict, data, found, limit),
        rows=found.rows,
    )
    return check, _sheet(found), found.needed_rows


def measure_sample_size(data: FeasibilityData) -> SampleSize:
    """Counts, a penalised model of at most 4,000 rows, and Riley's criteria."""
    truth = data.all_rows.truth
    share, rows = float(truth.mean()), round(len(truth) * (1 - data.use_case.split.test))
    parameters = sum(count_parameters(data.frame[name]) for name in data.features)
    chosen = sample_rows(data.labels, MAX_MODEL_ROWS, data.seed)
    columns = linear_columns(data.encoded_features, chosen, products=False)
    model = fit_penalised_model(
        columns[:, :MAX_MODEL_COLUMNS],
        data.labels[chosen],
        strengths=logistic_strengths(data.use_case),
        rows=max(rows, 1),
        share=share,
        seed=data.seed,
    )
    r2 = cox_snell_r2(data.labels, data.probabilities, data.folds, data.weights)
    # A rare class sampled more densely would look better told.
    if abs(float(data.labels[chosen].mean()) - share) < 0.01:
        r2 = max(r2, model.r2)
    return SampleSize(
        rows=rows,
        events=int(min(truth.sum(), (~truth).sum())),
        parameters=parameters,
        r2=r2,
        model=model,
        penalised_rows=riley_criteria(max(model.effective_parameters, 1.0), r2, share),
        unpenalised_rows=riley_criteria(max(parameters, 1), r2, share),
    )


def _advice(sample_size: SampleSize) -> list[str]:
    """What an expert would say of too few rows, in sentences."""
    said, slope = [], sample_size.model.slope_interval
    low, high = slope.low, slope.high
    if low is None or high is None or low < SLOPES[0] or high > SLOPES[1]:
        said.append(
            "The calibration slope of a penalised logistic regression is "
            f"{sample_size.model.slope:.2f}"
            + (f" [{low:.2f}, {high:.2f}]" if low is not None and high is not None else "")
            + f", out of fold; {SLOPES[0]:g} to {SLOPES[1]:g} is good."
        )
    if sample_size.rows < sample_size.needed_rows:
        said.append(
            "Riley's criteria ask for "
            + (
                f"{format_rounded_up(sample_size.needed_rows)} training rows."
                if is_reportable_count(sample_size.needed_rows)
                else "more rows than can be had: the features explain nothing."
            )
        )
    return said


def riley_criteria(parameters: float, r2: float, share: float) -> dict[str, float]:
    """Rows that each criterion asks for; infinite where nothing is explained.

    `r2` is Cox and Snell's, `share` that of positive rows.
    """
    most = 1 - math.exp(2 * (share * math.log(share) + (1 - share) * math.log(1 - share)))
    return {
        "coefficients shrink by a tenth at most": _rows_for_shrinkage(parameters, r2, SHRINKAGE),
        "R2 is too good by 0.05 at most": _rows_for_shrinkage(
            parameters, r2, r2 / (r2 + OPTIMISM * most) if r2 > 0 else SHRINKAGE
        ),
        "the share of positives is known to 0.05": math.ceil(
            (1.96 / MARGIN) ** 2 * share * (1 - share)
        ),
    }


def _rows_for_shrinkage(parameters: float, r2: float, shrinkage: float) -> float:
    if r2 <= 0:
        return math.inf
    if r2 >= shrinkage:  # all but determined: no amount of noise left to shrink
        return 0.0
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))


def cox_snell_r2(
    labels: Bools, probabilities: Floats, folds: np.ndarray, weights: Floats | None = None
) -> float:
    """Cox and Snell's R2 of out-of-fold probabilities, calibrated on the other folds.

    Without that, a learner that is too sure of itself explains less than nothing even where it
    tells the classes apart. Below zero if worse than the share of positives.
    """
    counted = np.ones(len(labels)) if weights is None else weights
    calibrated = np.clip(
        _calibrate_by_fold(labels, probabilities, folds, counted),
        MIN_PROBABILITY,
        1 - MIN_PROBABILITY,
    )
    found = np.average(np.where(labels, np.log(calibrated), np.log1p(-calibrated)), weights=counted)
    share = np.average(labels, weights=counted)
    null = share * np.log(share) + (1 - share) * np.log(1 - share)
    return float(1 - np.exp(2 * (null - found)))


def _calibrate_by_fold(
    labels: Bools, probabilities: Floats, folds: np.ndarray, weights: Floats
) -> Floats:
    """Platt's scaling, fold by fold; answers that point the wrong way say nothing."""
    from sklearn.linear_model import LogisticRegression

    clipped = np.clip(probabilities, MIN_PROBABILITY, 1 - MIN_PROBABILITY)
    odds = np.log(clipped / (1 - clipped))[:, None]
    made = np.empty(len(labels))
    for fold in np.unique(folds):
        held = folds == fold
        scaling = LogisticRegression(C=1e4).fit(odds[~held], labels[~held], weights[~held])
        rising = scaling.coef_[0, 0] > 0
        share = np.average(labels[~held], weights=weights[~held])
        made[held] = scaling.predict_proba(odds[held])[:, 1] if rising else share
    return made


def count_parameters(column: pd.Series) -> int:
    """How many numbers a column becomes in training; values of too few rows are pooled."""
    if column.isna().all():
        return 0
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric or pd.api.types.is_datetime64_any_dtype(column):
        return 1
    counts = column.value_counts()
    return (
        1 if len(counts) > MAX_CATEGORIES else max(int((counts >= MIN_CATEGORY_ROWS).sum()) - 1, 1)
    )


def _why(sample_size: SampleSize, limit: int, advice: Sequence[str]) -> str:
    if sample_size.events < limit:
        return (
            f"The rarer outcome has {sample_size.events:,} rows; feasibility.events asks for "
            f"{limit}."
        )
    widths = sample_size.model.risk_widths
    counts = (
        f"{sample_size.rows:,} training rows, {sample_size.model.effective_parameters:.0f} "
        f"effective of {sample_size.parameters} parameters, R2 {sample_size.r2:.3f}."
    )
    risks = (
        f"The 95 % interval of one row's risk is {np.median(widths):.2f} wide or more in half of"
        f" the rows, {np.quantile(widths, 0.9):.2f} or more in a tenth."
    )
    return " ".join([counts, *advice, risks])


def _remedy(verdict: Verdict, data: FeasibilityData, sample_size: SampleSize, limit: int) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return (
            f"Add at least {limit - sample_size.events} rows of the rarer outcome. To go on all the"
            f" same, set feasibility: {{events: {max(sample_size.events, 20)}}}."
        )
    more = sample_size.needed_rows / (1 - data.use_case.split.test) - len(data.all_rows.truth)
    if is_reportable_count(more) and more > 0:
        return f"Add about {format_rounded_up(more)} rows, or read each risk with its uncertainty."
    return "Prefer a penalised model, and read each risk with its uncertainty."


def _sheet(sample_size: SampleSize) -> Sheet:
    def shown(rows: float) -> float | None:
        return rows if math.isfinite(rows) else None

    return Sheet(
        title="Training rows needed",
        columns=("so that", "penalised", "unpenalised"),
        rows=tuple(
            (name, shown(rows), shown(sample_size.unpenalised_rows[name]))
            for name, rows in sample_size.penalised_rows.items()
        ),
        note="Riley and others, BMJ 368 (2020) m441: an advice. Penalised: by the"
        f" {sample_size.model.effective_parameters:.1f} effective parameters of a logistic "
        f"regression with C {sample_size.model.strength:g}; unpenalised: by all "
        f"{sample_size.parameters}. Empty: no number would do.",
    )
