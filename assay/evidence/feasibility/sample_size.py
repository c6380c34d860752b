"""Check 5: are there rows enough for the number of parameters?"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from assay.evidence.feasibility.material import Material
from assay.evidence.report import Check, Sheet, Verdict
from assay.learning.preprocess import MANY, RARE

SHRINKAGE = 0.9  # predictions may be too extreme by a tenth
OPTIMISM = 0.05  # of Nagelkerke's R2
MARGIN = 0.05  # of the estimated share of positives


def sample_size(material: Material) -> tuple[Check, Sheet]:
    """Riley's three criteria for developing a model of a binary outcome, against training rows.

    Riley et al., BMJ 368 (2020) m441; Statistics in Medicine 38 (2019) 1276. R2 is Cox and
    Snell's, out of fold, so that it is not flattered by the fit.
    """
    share = float(material.truth.mean())
    parameters = sum(_parameters(material.frame[name]) for name in material.features)
    r2 = explained(material)
    needs = criteria(parameters, r2, share)
    rows = round(len(material.truth) * (1 - material.use_case.split.test))
    needed = max(needs.values())
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
        remedy=_remedy(verdict, rows, needed, material.use_case.split.test),
        rows=rows,
    )
    return check, _sheet(needs)


def criteria(parameters: int, r2: float, share: float) -> dict[str, float]:
    """Rows that each criterion asks for; infinite where nothing is explained.

    `r2` is Cox and Snell's, `share` that of positive rows.
    """
    most = 1 - math.exp(2 * (share * math.log(share) + (1 - share) * math.log(1 - share)))
    return {
        "coefficients shrink by a tenth at most": _to_shrink(parameters, r2, SHRINKAGE),
        "R2 is too good by 0.05 at most": _to_shrink(
            parameters, r2, r2 / (r2 + OPTIMISM * most) if r2 > 0 else SHRINKAGE
        ),
        "the share of positives is known to 0.05": math.ceil(
            (1.96 / MARGIN) ** 2 * share * (1 - share)
        ),
    }


def _to_shrink(parameters: int, r2: float, shrinkage: float) -> float:
    if r2 <= 0:
        return math.inf
    if r2 >= shrinkage:  # all but determined: no amount of noise left to shrink
        return 0.0
    return math.ceil(parameters / ((shrinkage - 1) * math.log(1 - r2 / shrinkage)))


def explained(material: Material) -> float:
    """Cox and Snell's R2 of the out-of-fold probabilities; below zero if worse than the share."""
    truth = material.labels
    answers = np.clip(material.answers, 1e-6, 1 - 1e-6)
    found = np.where(truth, np.log(answers), np.log1p(-answers)).mean()
    share = truth.mean()
    null = share * np.log(share) + (1 - share) * np.log(1 - share)
    return float(1 - np.exp(2 * (null - found)))


def _parameters(column: pd.Series) -> int:
    """How many numbers a column becomes in training; values of too few rows are pooled."""
    if column.isna().all():
        return 0
    numeric = pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column)
    if numeric or pd.api.types.is_datetime64_any_dtype(column):
        return 1
    counts = column.value_counts()
    return 1 if len(counts) > MANY else max(int((counts >= RARE).sum()) - 1, 1)


def _why(rows: int, needed: float, parameters: int, r2: float) -> str:
    base = f"{rows:,} training rows for {parameters} parameters"
    if math.isinf(needed):
        return f"{base}, but the features explain nothing (R2 {r2:.4f}): no number would do."
    return f"{base} that explain R2 {r2:.3f}; {needed:,.0f} are needed."


def _remedy(verdict: Verdict, rows: int, needed: float, test: float) -> str:
    if verdict is Verdict.PASS:
        return ""
    if math.isinf(needed):
        return "Add columns that bear on the outcome."
    more = math.ceil((needed - rows) / (1 - test))
    return f"Add about {more:,} rows, or leave out columns that say little."


def _sheet(needs: dict[str, float]) -> Sheet:
    return Sheet(
        title="Training rows needed",
        columns=("so that", "rows"),
        rows=tuple((name, n if math.isfinite(n) else None) for name, n in needs.items()),
        note="Riley and others, BMJ 368 (2020) m441. Empty: no number would do.",
    )
