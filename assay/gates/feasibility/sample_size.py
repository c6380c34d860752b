"""Check 5: are there rows enough for the number of parameters?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from assay.gates.feasibility.data import FOLDS, FeasibilityData
from assay.gates.feasibility.score_estimates import MIN_PROBABILITY
from assay.gates.feasibility.signal import ALPHA, POWER, SHUFFLED_FOLDS
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.statistics.auc_power import rows_to_detect_auc
from assay.gates.statistics.intervals import Bools, Floats
from assay.learning.preprocess import MAX_CATEGORIES, MIN_CATEGORY_ROWS
from assay.util.wording import format_rounded_up, is_reportable_count

SHRINKAGE = 0.9  # predictions may be too extreme by a tenth
OPTIMISM = 0.05  # of Nagelkerke's R2
MARGIN = 0.05  # of the estimated share of positives


def check_sample_size(data: FeasibilityData, signal: Check) -> tuple[Check, Sheet, float]:
    """Riley's three criteria for developing a model of a binary outcome, against training rows;
    and the rows that they ask for.

    Riley et al., BMJ 368 (2020) m441; Statistics in Medicine 38 (2019) 1276. R2 is Cox and
    Snell's, out of fold, so that it is not flattered by the fit. Where no signal was found, so
    many rows are asked for that the lift of the use case would have shown, if there is one.
    """
    share = float(data.all_rows.truth.mean())
    parameters = sum(_count_parameters(data.frame[name]) for name in data.features)
    r2 = cox_snell_r2(data.labels, data.probabilities, data.folds, data.weights)
    needs = riley_criteria(parameters, r2, share)
    rows = round(len(data.all_rows.truth) * (1 - data.use_case.split.test))
    needed = max(needs.values())
    unseen = signal.verdict in {Verdict.FAIL, Verdict.UNKNOWN}
    lift = _rows_to_show_lift(data, share)
    if unseen:
        needed = max(needed, lift)
    verdict = Verdict.PASS
    if rows < needed:
        verdict = Verdict.FAIL if rows < needed / 2 else Verdict.CAUTION
    check = Check(
        name="sample_size",
        claim="There are rows enough for the parameters that a model must learn",
        verdict=verdict,
        statistic="training rows",
        estimate=float(rows),
        threshold=float(needed) if math.isfinite(needed) else None,
        why=_why(rows, needed, parameters, r2),
        remedy=_remedy(verdict, data, needed, lift if unseen else 0.0),
        rows=rows,
    )
    needs[f"a ROC AUC of {0.5 + data.use_case.feasibility.lift:g} would show"] = lift
    return check, _sheet(needs), needed


def _rows_to_show_lift(data: FeasibilityData, share: float) -> float:
    """Training rows with which the test of the signal would notice the lift that is asked for."""
    area = 0.5 + data.use_case.feasibility.lift
    judged = rows_to_detect_auc(area, share, alpha=ALPHA, power=POWER)
    test = data.use_case.split.test
    return math.inf if judged is None else math.ceil(judged * FOLDS / SHUFFLED_FOLDS * (1 - test))


def riley_criteria(parameters: int, r2: float, share: float) -> dict[str, float]:
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


def _rows_for_shrinkage(parameters: int, r2: float, shrinkage: float) -> float:
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


def _count_parameters(column: pd.Series) -> int:
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


def _why(rows: int, needed: float, parameters: int, r2: float) -> str:
    base = f"{rows:,} training rows for {parameters} parameters"
    if math.isinf(needed):
        return f"{base}, but the features explain nothing (R2 {r2:.4f}): no number would do."
    return f"{base} that explain R2 {r2:.3f}; {needed:,.0f} are needed."


def _remedy(verdict: Verdict, data: FeasibilityData, needed: float, lift: float) -> str:
    """`lift`: training rows that would show it; zero where a signal was found."""
    if verdict is Verdict.PASS:
        return ""

    def more(training: float) -> float:
        return training / (1 - data.use_case.split.test) - len(data.all_rows.truth)

    if is_reportable_count(needed):
        return f"Add about {format_rounded_up(more(needed))} rows, or leave out columns that say little."
    if is_reportable_count(lift) and more(lift) > 0:
        return (
            f"Add columns that bear on the outcome. About {format_rounded_up(more(lift))} more rows would show"
            f" whether these tell as little as a ROC AUC of"
            f" {0.5 + data.use_case.feasibility.lift:g}."
        )
    return "Add columns that bear on the outcome."


def _sheet(needs: dict[str, float]) -> Sheet:
    return Sheet(
        title="Training rows needed",
        columns=("so that", "rows"),
        rows=tuple((name, n if math.isfinite(n) else None) for name, n in needs.items()),
        note="Riley and others, BMJ 368 (2020) m441. The last counts where no signal was found."
        " Empty: no number would do.",
    )
