"""Drift over many levels, harm without labels, and evidence over looks, on made data."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd

from assay.config.gates import DriftSettings
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.report import Verdict
from assay.gates.statistics.change_evidence import LookEstimate, log_change_evidence
from benchmarks.calibration.drift import judged, shifted, starting
from benchmarks.calibration.experiment import Experiment, Outcomes, at_least, at_most, never
from benchmarks.calibration.models import sigmoid

_RUN = 20  # rows of one level on end
_NEW = 200  # levels
_REFERENCE_ERROR = 0.0031  # of a ROC AUC of .83 on 20,000 rows
_LOOK_ERROR = 0.0163  # on 1,000
_LOOKS = 60
_MARGIN = 0.05
_BUDGET = 0.05

# --- columns of many levels -------------------------------------------------------------------


def _shares(levels: int, power: float) -> np.ndarray:
    shares = np.arange(1, levels + 1) ** -power
    return np.asarray(shares / shares.sum())


def _drawn(rng: np.random.Generator, shares: np.ndarray, rows: int, run: int) -> np.ndarray:
    return np.repeat(rng.choice(len(shares), -(-rows // run), p=shares), run)[:rows]


def same_levels(
    seed: int, *, levels: int, power: float, reference: int, current: int, run: int = 1
) -> Outcomes:
    """Both sides are drawn from one distribution of levels."""
    rng, shares = np.random.default_rng(seed), _shares(levels, power)
    old, new = (_drawn(rng, shares, rows, run) for rows in (reference, current))
    return {"shift": _level_shifted(old, new)}


def other_levels(seed: int, levels: int, power: float) -> Outcomes:
    """A tenth of 1,000 rows goes to one level; or to 200 that the reference never held."""
    rng, shares = np.random.default_rng(seed), _shares(levels, power)
    old, new = (_drawn(rng, shares, rows, 1) for rows in (5_000, 1_000))
    moved = rng.random(len(new)) < 0.1
    fresh = levels + rng.integers(0, _NEW, len(new))
    return {
        "one": _level_shifted(old, np.where(moved, levels // 2, new)),
        "new": _level_shifted(old, np.where(moved, fresh, new)),
    }


def _level_shifted(old: np.ndarray, new: np.ndarray) -> bool:
    frames = [pd.DataFrame({"shop": np.char.add("shop ", side.astype(str))}) for side in (old, new)]
    return bool(shifted(judged(*frames, DriftSettings())))


# --- performance without labels ---------------------------------------------------------------

ROLES = ColumnRoles(probability="p", truth="truth", positive="yes")


def _interaction(rng: np.random.Generator, rows: int, middle: float) -> pd.DataFrame:
    """The outcome follows the features in one way always; the model misses an interaction."""
    x, moved = rng.normal(size=rows), rng.normal(middle, 1, rows)
    linear = -1 + 1.3 * x + 0.8 * moved
    yes = rng.random(rows) < sigmoid(linear + 0.6 * x * moved)
    return pd.DataFrame(
        {"x": x, "moved": moved, "p": sigmoid(linear), "truth": np.where(yes, "yes", "no")}
    )


def missed_interaction(seed: int, middle: float) -> Outcomes:
    """One feature moves by `middle`; no label comes."""
    rng = np.random.default_rng(seed)
    old, new = _interaction(rng, 10_000, 0.0), _interaction(rng, 4_000, middle)
    report = judged(old, new.drop(columns="truth"), DriftSettings(metrics=("roc_auc",)), ROLES)
    verdicts = [check.verdict for check in starting(report, "expected")]
    return {
        "pass": Verdict.PASS in verdicts,
        "fail": Verdict.FAIL in verdicts,
        "unharmed": "unharmed" in report.summary,
    }


# --- evidence over looks ----------------------------------------------------------------------


def watched(seed: int, drop: float, first: int) -> Outcomes:
    """Sixty looks of 1,000 labels, of which those from `first` on have a drop in ROC AUC."""
    rng = np.random.default_rng(seed)
    reference = LookEstimate(rng.normal(0, _REFERENCE_ERROR), _REFERENCE_ERROR**2)
    drops = np.where(np.arange(1, _LOOKS + 1) >= first, drop, 0.0)
    values = drops + rng.normal(0, _LOOK_ERROR, _LOOKS)
    looks = [LookEstimate(float(value), _LOOK_ERROR**2) for value in values]
    alarms = [
        last
        for last in range(1, _LOOKS + 1)
        if log_change_evidence(reference, looks[:last], _MARGIN) >= math.log(1 / _BUDGET)
    ]
    return {
        "early": any(look < first for look in alarms),
        "found": any(look >= first for look in alarms),
        "soon": any(first <= look < first + 16 for look in alarms),
    }


# --- the list ---------------------------------------------------------------------------------


def _same(
    levels: int, power: float, reference: int, current: int, *, run: int = 1, seeds: int = 100
) -> Experiment:
    spread = f"Zipf {power:g}" if power else "uniform"
    runs = f", in runs of {run}" if run > 1 else ""
    return Experiment(
        f"{levels:,} levels, {spread}, {current:,} rows against {reference:,}{runs}",
        "Both sides are drawn from one distribution of levels.",
        seeds,
        partial(
            same_levels, levels=levels, power=power, reference=reference, current=current, run=run
        ),
        (at_most(0.05, "shift", "the column is reported as shifted"),),
    )


def _other(levels: int, power: float) -> Experiment:
    return Experiment(
        f"{levels:,} levels, {f'Zipf {power:g}' if power else 'uniform'}, a tenth of rows moves",
        "1,000 rows against 5,000; a tenth of the former goes to one level, or to 200 new ones.",
        60,
        partial(other_levels, levels=levels, power=power),
        (
            at_least(0.8, "one", "the column is reported as shifted if one level grew"),
            at_least(0.8, "new", "the column is reported as shifted if 200 levels are new"),
        ),
    )


def _watched(drop: float, first: int, bound: float) -> Experiment:
    return Experiment(
        f"sixty looks, a drop of {drop:g} from look {first}",
        "Looks of 1,000 labels (standard error .0163) against 20,000 reference rows (.0031); a"
        " drop of .05 is accepted, and 5 % of false alarms over all looks.",
        200,
        partial(watched, drop=drop, first=first),
        (
            at_least(bound, "found", "harm is found"),
            at_most(0.05, "early", "harm is found before it began"),
        ),
    )


EXPERIMENTS = (
    *(
        _same(levels, power, *rows)
        for levels in (10, 100, 1_000, 10_000)
        for power in (0.0, 1.0)
        for rows in ((500, 500), (5_000, 1_000), (500, 20_000), (50_000, 50_000))
    ),
    _same(1_000, 0.8, 5_000, 1_000),
    _same(1_000, 1.0, 5_000, 1_000, run=_RUN),
    _same(1_000, 0.0, 20_000, 2_000, run=_RUN),
    _other(1_000, 0.0),
    _other(1_000, 1.0),
    Experiment(
        "a shift under which the model misses more, true drop .064",
        "10,000 rows, and 4,000 of which one feature lies 1.2 lower; the outcome follows the"
        " features as ever, and the model misses an interaction. A drop of .05 is accepted.",
        60,
        partial(missed_interaction, middle=-1.2),
        (
            never("unharmed", "predictions are called unharmed"),
            never("pass", "the expected ROC AUC gets `pass`"),
        ),
    ),
    Experiment(
        "the same model, nothing moves",
        "10,000 and 4,000 rows of one distribution.",
        60,
        partial(missed_interaction, middle=0.0),
        (
            at_least(0.9, "pass", "the expected ROC AUC gets `pass`"),
            at_most(0.05, "fail", "the expected ROC AUC gets `fail`"),
        ),
    ),
    Experiment(
        "sixty looks, a drop of .05, which is accepted",
        "As below; the drop is there from the first look on.",
        400,
        partial(watched, drop=_MARGIN, first=1),
        (at_most(0.05, "found", "harm is found at any look"),),
    ),
    _watched(0.07, 1, 0.8),
    _watched(0.08, 13, 0.8),
    _watched(0.105, 37, 0.8),
)
