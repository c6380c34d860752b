"""Check 7: does one column all but tell the outcome?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.evidence.feasibility.material import FOLDS, Material
from assay.evidence.report import Check, Figure, Interval, Point, Series, Sheet, Verdict
from assay.evidence.statistics import Floats, roc_auc

BINS = 64
LIKE_IDENTITY = 0.95  # distinct values per row above which a column names rows, not properties
TOP = 10


@dataclass(frozen=True, slots=True)
class Alone:
    """How well one column tells the outcome on its own."""

    name: str
    auc: float
    interval: Interval

    @property
    def low(self) -> float:
        return self.interval.low or 0.0


def leakage(material: Material) -> tuple[list[Check], Sheet, Figure]:
    """The check on single columns, the check on columns that name rows, and their numbers."""
    alone = sorted(single_columns(material), key=lambda a: (-a.auc, a.name))
    checks = [_check(material, alone), _identifiers(material)]
    return checks, _sheet(alone), _figure(alone, material.use_case.feasibility.leak)


def single_columns(material: Material) -> list[Alone]:
    """ROC AUC of each feature alone, with DeLong's interval.

    A number counts by its order, up or down, or by the out-of-fold share of positives in its
    bins, whichever tells more. Text and categories count by the share of each of their values,
    however many there are; of too many for the learner, the order by frequency counts too.
    """
    found = []
    for i, name in enumerate(material.encoded.names):
        values, unordered = material.encoded.matrix[:, i], material.encoded.categorical[i]
        scores = [_out_of_fold_share(material, _bins(values, bool(material.encoded.coded[i])))]
        if not unordered and not np.isnan(values).all():
            known = np.where(np.isnan(values), np.nanmedian(values), values)
            scores += [known, -known]
        best = max((roc_auc(material.labels, s) for s in scores), key=lambda e: e.value)
        found.append(Alone(name, best.value, best.interval))
    return found


def _bins(values: Floats, coded: bool) -> np.ndarray:
    """Codes from 0: a category's own, or a number's quantile; missing values have the last."""
    missing = np.isnan(values)
    if missing.all():
        return np.zeros(len(values), dtype=np.int64)
    if coded:
        codes = np.where(missing, 0, values)
    else:
        edges = np.unique(np.nanquantile(values, np.linspace(0, 1, BINS + 1)[1:-1]))
        codes = np.searchsorted(edges, values, side="left")
    return np.where(missing, codes[~missing].max() + 1, codes).astype(np.int64)


def _out_of_fold_share(material: Material, codes: np.ndarray) -> Floats:
    """Share of positives among the rows of the same code in the other folds."""
    shape = (FOLDS, int(codes.max()) + 1)
    cell = material.folds * shape[1] + codes
    rows = np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape)
    positives = np.bincount(cell, material.labels, minlength=rows.size).reshape(shape)
    others, told = rows.sum(axis=0) - rows, positives.sum(axis=0) - positives
    base = material.labels.mean()
    shares = (told + base) / (others + 1)  # a code unseen in the other folds says nothing
    return np.asarray(shares[material.folds, codes], dtype=float)


def _check(material: Material, alone: list[Alone]) -> Check:
    limit = material.use_case.feasibility.leak
    leaks = [a for a in alone if a.low > limit]
    close = [a for a in alone if a.auc > limit and a not in leaks]
    withheld = material.use_case.data.after_outcome
    kept = f" Withheld as after the outcome: {', '.join(withheld)}." if withheld else ""
    most = alone[0]
    named = leaks or close or [most]
    told = "; ".join(f"{a.name} {a.auc:.3f} ({_spread(a.interval)})" for a in named)
    remedy = ""
    if leaks or close:
        names = ", ".join(a.name for a in leaks or close)
        remedy = (
            f"If it is known only after the outcome, list it under data.after_outcome; if it"
            f" restates the target, under data.exclude: {names}."
        )
    return Check(
        name="leakage",
        claim=f"No column alone all but tells the outcome (ROC AUC above {limit:g})",
        verdict=Verdict.FAIL if leaks else Verdict.CAUTION if close else Verdict.PASS,
        statistic="largest ROC AUC of a single column",
        estimate=most.auc,
        interval=most.interval,
        threshold=limit,
        why=f"{told} of {len(alone)} features.{kept}",
        remedy=remedy,
        rows=len(material.rows),
    )


def _spread(interval: Interval) -> str:
    return f"{interval.low:.3f} to {interval.high:.3f}"


def _identifiers(material: Material) -> Check:
    named = [name for name in material.features if _names_rows(material.frame[name])]
    seen = f"More than {LIKE_IDENTITY:.0%} of values differ: {', '.join(named)}." if named else ""
    return Check(
        name="identifiers",
        claim="No feature merely names the rows",
        verdict=Verdict.CAUTION if named else Verdict.PASS,
        statistic="features that name rows",
        estimate=float(len(named)),
        threshold=0.0,
        why=seen or "No text or whole-number feature is different in nearly every row.",
        remedy="List them under data.identity, data.exclude or data.never_store." if named else "",
        hard=False,
        rows=len(material.frame),
    )


def _names_rows(column: pd.Series) -> bool:
    known = column.dropna()
    if len(known) < 100 or pd.api.types.is_datetime64_any_dtype(known):
        return False
    if pd.api.types.is_float_dtype(known) and not (known == known.round()).all():
        return False  # measurements differ from row to row by their nature
    return bool(known.nunique() / len(known) > LIKE_IDENTITY)


def _sheet(alone: list[Alone]) -> Sheet:
    return Sheet(
        title="Single columns",
        columns=("column", "ROC AUC", "low", "high"),
        rows=tuple((a.name, a.auc, a.interval.low, a.interval.high) for a in alone),
        note="How well each feature alone tells the outcome; a coin has 0.5.",
    )


def _figure(alone: list[Alone], limit: float) -> Figure:
    top = alone[:TOP]
    points = tuple(
        Point(label=a.name, value=a.auc, low=a.interval.low, high=a.interval.high) for a in top
    )
    best = ", ".join(f"{a.name} {a.auc:.2f}" for a in top[:3])
    return Figure(
        title="What single columns tell",
        kind="bars",
        series=(Series(name="ROC AUC", points=points),),
        axis="ROC AUC",
        reference=limit,
        alt=f"ROC AUC of the {len(top)} most telling columns: {best}; the limit is {limit:g}.",
    )
