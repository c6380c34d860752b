"""The fairness gate, on groups of the sizes of COMPAS with true rates that are known.

Sizes and base rates by race: ProPublica's two-year file (compas-scores-two-years.csv, github.com/
propublica/compas-analysis) after its own filters, 6,172 people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import ErrorCosts, FairnessMetric, FairnessRule
from assay.gates.fairness.gate import audit_fairness
from assay.gates.report import Report, Sheet, Verdict
from benchmarks.calibration.experiment import (
    Experiment,
    Outcomes,
    always,
    at_least,
    at_most,
)
from benchmarks.calibration.models import Population
from benchmarks.calibration.people import decided

SIZES = {
    "African-American": 3175,
    "Caucasian": 2103,
    "Hispanic": 509,
    "Other": 343,
    "Asian": 31,
    "Native American": 11,
}
BASE = {
    "African-American": 0.523,
    "Caucasian": 0.391,
    "Hispanic": 0.371,
    "Other": 0.362,
    "Asian": 0.258,
    "Native American": 0.455,
}
REFERENCE = "Caucasian"
TWO = ("African-American", REFERENCE)
RATES = (0.6, 0.3)  # true positive rate, false positive rate
SENSITIVE = {"race": Sensitive(reference=REFERENCE)}
EVEN = ErrorCosts()
MODEL = Population(middle=-1.0, spread=1.5)
_TRUE = MODEL.scores(EVEN)
TRUE: dict[FairnessMetric, float] = {  # of a group drawn from `MODEL`
    "accuracy_score": _TRUE["accuracy"],
    "balanced_accuracy_score": _TRUE["balanced_accuracy"],
    "precision_score": _TRUE["precision"],
    "true_positive_rate": _TRUE["recall"],
    "f1_score": _TRUE["f1"],
    "roc_auc_score": _TRUE["roc_auc"],
    "log_loss": _TRUE["log_loss"],
    "mean_squared_error": _TRUE["brier"],
    "calibration_error": 0.0,
}
ABOVE = 1e-6  # by so much a gap "just above" the tolerance is above it


def rule(
    metric: FairnessMetric, tolerance: float, by: Sequence[str | tuple[str, ...]] = ("race",)
) -> FairnessRule:
    """One rule of a use case."""
    return FairnessRule(metric=metric, by=tuple(by), tolerance=tolerance, because="made data")


def made(
    seed: int,
    *,
    sizes: Mapping[str, int] = SIZES,
    gaps: Mapping[str, float] | None = None,
    base: Mapping[str, float] = BASE,
) -> pd.DataFrame:
    """Predictions with equal rates for all, but for `gaps` added to a group's false positives."""
    rates = {g: (RATES[0], RATES[1] + (gaps or {}).get(g, 0.0)) for g in sizes}
    return decided(sizes, base, rates, seed)


def judged(rows: pd.DataFrame, *rules: FairnessRule) -> Report:
    """The gate's report on made predictions."""
    return audit_fairness(rows, rules, SENSITIVE, subject="made")


def identical(seed: int, tolerance: float) -> Outcomes:
    """All groups alike, held to two rules at once."""
    rules = [rule("false_positive_rate", tolerance), rule("true_positive_rate", tolerance)]
    report = judged(made(seed), *rules)
    p = _column(report.sheets, "p")[0]
    return {"fail": bool(report.checks_with(Verdict.FAIL)), "p": isinstance(p, float) and p <= 0.05}


def at_the_tolerance(seed: int, tolerance: float) -> Outcomes:
    """Every group's false positive rate lies at the very edge of what is accepted."""
    gaps = {g: tolerance for g in SIZES if g != REFERENCE}
    report = judged(made(seed, gaps=gaps), rule("false_positive_rate", tolerance))
    return {"fail": bool(report.checks_with(Verdict.FAIL))}


def just_above(seed: int, tolerance: float, groups: Sequence[str]) -> Outcomes:
    """One large group's false positive rate lies barely beyond what is accepted."""
    gaps = {"African-American": tolerance + ABOVE}
    rows = made(seed, sizes={g: SIZES[g] for g in groups}, gaps=gaps)
    report = judged(rows, rule("false_positive_rate", tolerance))
    [check] = [c for c in report.checks if c.group == "race=African-American"]
    return {
        "gate": report.verdict is Verdict.PASS,
        "pair": check.verdict is Verdict.PASS,
        "beyond": check.verdict is Verdict.FAIL,
    }


def planted(seed: int, gap: float, tolerance: float) -> Outcomes:
    """One group's false positive rate is far beyond what is accepted, the others' are equal."""
    report = judged(
        made(seed, gaps={"African-American": gap}), rule("false_positive_rate", tolerance)
    )
    failed = {check.group for check in report.checks_with(Verdict.FAIL)}
    return {
        "found": "race=African-American" in failed,
        "others": bool(failed - {"race=African-American"}),
    }


def alike(seed: int, tolerance: float) -> Outcomes:
    """Two large groups that are treated alike."""
    rows = made(seed, sizes={g: SIZES[g] for g in TWO})
    report = judged(rows, rule("false_positive_rate", tolerance))
    return {"pass": report.verdict is Verdict.PASS, "fail": report.verdict is Verdict.FAIL}


def too_small(seed: int) -> Outcomes:
    """A group of eight whose members are all said yes to."""
    rows = made(seed, sizes={**SIZES, "Asian": 8}, gaps={"Asian": 0.7})
    report = judged(rows, rule("false_positive_rate", 0.05), rule("selection_rate", 0.05))
    small = [check for check in report.checks if check.group == "race=Asian"]
    return {"unknown": bool(small) and all(c.verdict is Verdict.UNKNOWN for c in small)}


def intersections(seed: int) -> Outcomes:
    """Two columns and their intersection, all alike, held to three rules."""
    # Of other base rates, groups that are treated alike would differ in precision.
    rows = made(seed, base=dict.fromkeys(SIZES, 0.45))
    rng = np.random.default_rng([seed, 1])
    rows["sex"] = pd.Series(rng.choice(["Female", "Male"], len(rows), p=[0.19, 0.81]), dtype="str")
    by = ("race", "sex", ("race", "sex"))
    metrics: tuple[FairnessMetric, ...] = (
        "false_positive_rate",
        "true_positive_rate",
        "precision_score",
    )
    rules = [rule(metric, 0.001, by) for metric in metrics]
    report = audit_fairness(
        rows, rules, {**SENSITIVE, "sex": Sensitive(reference="Male")}, subject="made"
    )
    return {"fail": bool(report.checks_with(Verdict.FAIL))}


def all_metrics(seed: int) -> Outcomes:
    """Every metric of three groups that are alike, and of probabilities too."""
    sizes = {"one": 1000, "two": 400, "three": 60}
    rows = MODEL.predictions(sum(sizes.values()), seed, EVEN)
    rows["race"] = pd.Series(np.repeat(list(sizes), list(sizes.values())), dtype="str")
    rules = [rule(metric, 0.001) for metric in TRUE]
    report = audit_fairness(rows, rules, {"race": Sensitive(reference="one")}, subject="made")
    [sheet] = [s for s in report.sheets if s.title == "All metrics by race"]
    held: dict[str, bool | None] = dict.fromkeys(TRUE)
    for metric, group, _over, value, low, high in sheet.rows:
        if metric in held and group == "two" and value is not None:
            held[str(metric)] = bool(float(low or 0) <= TRUE[metric] <= float(high or 0))
    return held | {"fail": bool(report.checks_with(Verdict.FAIL))}


def _column(sheets: Sequence[Sheet], name: str) -> list[object]:
    """The cells of a named column in the first sheet that has it."""
    sheet = next(s for s in sheets if name in s.columns)
    return [row[sheet.columns.index(name)] for row in sheet.rows]


_SIX = "Six groups of the sizes of COMPAS (3,175 to 11 people)"
_FAIL = "some pair gets `fail`"
_RATES = "true positive rate .6 and false positive rate .3 for all"

EXPERIMENTS = (
    Experiment(
        "identical rates, hardly any tolerance",
        f"{_SIX}; {_RATES}. Rules on both rates, tolerance .001, which leaves the correction no"
        " slack.",
        600,
        partial(identical, tolerance=0.001),
        (
            at_most(0.05, "fail", _FAIL),
            at_most(0.05, "p", "the p-value of the largest false positive gap is .05 or less"),
        ),
    ),
    Experiment(
        "identical rates, a usual tolerance",
        f"{_SIX}; {_RATES}. Rules on both rates, tolerance .05.",
        200,
        partial(identical, tolerance=0.05),
        (
            at_most(0.05, "fail", _FAIL),
            at_most(0.05, "p", "the p-value of the largest false positive gap is .05 or less"),
        ),
    ),
    Experiment(
        "every gap at the tolerance",
        f"{_SIX}; the false positive rate of five groups is above the sixth's by just the tolerance"
        " of .05.",
        600,
        partial(at_the_tolerance, tolerance=0.05),
        (at_most(0.05, "fail", _FAIL),),
    ),
    Experiment(
        "a gap just above the tolerance, two groups",
        "The two largest groups (3,175 and 2,103); the false positive rate of one is above the"
        " other's by a millionth more than the tolerance of .1.",
        600,
        partial(just_above, tolerance=0.1, groups=TWO),
        (
            at_most(0.05, "gate", "the gate says `pass`"),
            at_most(0.05, "pair", "the pair gets `pass`"),
            at_most(0.05, "beyond", "the pair gets `fail`, by a millionth"),
        ),
    ),
    Experiment(
        "a gap just above the tolerance, six groups",
        f"{_SIX}; one large group's false positive rate is above the reference's by a millionth"
        " more than the tolerance of .1.",
        400,
        partial(just_above, tolerance=0.1, groups=tuple(SIZES)),
        (
            at_most(0.05, "gate", "the gate says `pass`"),
            at_most(0.05, "pair", "the pair gets `pass`"),
            at_most(0.05, "beyond", "the pair gets `fail`, by a millionth"),
        ),
    ),
    Experiment(
        "a planted gap",
        f"{_SIX}; the largest group's false positive rate is .12 above the reference's, the others'"
        " are equal to it; tolerance .05.",
        200,
        partial(planted, gap=0.12, tolerance=0.05),
        (
            at_least(0.8, "found", "the pair gets `fail`"),
            at_most(0.05, "others", "some other pair gets `fail`"),
        ),
    ),
    Experiment(
        "two large groups treated alike",
        f"The two largest groups; {_RATES}; tolerance .06 on the false positive rate.",
        200,
        partial(alike, tolerance=0.06),
        (
            at_least(0.8, "pass", "the gate says `pass`"),
            at_most(0.05, "fail", "the gate says `fail`"),
        ),
    ),
    Experiment(
        "a group of eight",
        "Six groups, one of eight people, all with a positive decision; two rules, tolerance .05.",
        100,
        too_small,
        (always("unknown", "every check on the group of eight says `unknown`"),),
    ),
    Experiment(
        "race, sex and their intersection alike",
        f"{_SIX}, women and men among them (19 % and 81 %), the same rates and base rate for all;"
        " three metrics by race, by sex and by both, tolerance .001: some fifty pairs.",
        200,
        intersections,
        (at_most(0.05, "fail", _FAIL),),
    ),
    Experiment(
        "every metric of groups alike",
        "Groups of 1,000, 400 and 60 people, drawn from one population; the model is calibrated and"
        " decides at one half. Rules on nine metrics, tolerance .001. The true values are"
        " integrals.",
        400,
        all_metrics,
        (
            at_most(0.05, "fail", _FAIL),
            *(
                at_least(
                    0.95, m, f"the interval for the group of 400 of `{m}` contains the true value"
                )
                for m in TRUE
            ),
        ),
    ),
)
