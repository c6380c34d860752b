"""The performance gate, on made models whose scores in the population are known."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from assay.config.gates import ErrorCosts, Performance, PerformanceMetric
from assay.gates.performance.gate import SCORES, judge_performance
from assay.gates.report import Check, Interval, Report, Verdict
from benchmarks.calibration.experiment import (
    Experiment,
    Outcomes,
    at_least,
    at_most,
)
from benchmarks.calibration.models import Population, predicted, sigmoid, threshold

COST = ErrorCosts(false_positive=1.0, false_negative=2.0)
USUAL = Population(middle=-1.5, spread=1.5)  # 24 % positives, ROC AUC .83
RARE = Population(middle=-4.0, spread=1.5)  # 5 % positives
GOOD = Population(middle=-1.5, spread=4.0)  # ROC AUC .97: near the edge of most scores
CALIBRATION = ("calibration_in_the_large", "calibration_slope", "calibration_error")
SURE = Population(middle=-1.5, spread=1.5, stretch=2.0)  # twice as sure as it may be
CHOSEN_BY: tuple[PerformanceMetric, ...] = ("roc_auc", "average_precision", "f1", "brier")


def judged(rows: pd.DataFrame, performance: Performance, **more: object) -> Report:
    """The gate's report on made predictions."""
    prevalence = float(rows["truth"].mean())
    return judge_performance(rows, performance, subject="made", prevalence=prevalence, **more)


def only(report: Report, name: str) -> Check:
    """The check of that name."""
    [check] = [c for c in report.checks if c.name == name]
    return check


def inside(interval: Interval | None, value: float) -> bool | None:
    """Whether an interval holds a value; None if there is none, or if it is unbounded."""
    if interval is None or (interval.low is None and interval.high is None):
        return None
    low = -np.inf if interval.low is None else interval.low
    high = np.inf if interval.high is None else interval.high
    return bool(low <= value <= high)


def coverage(seed: int, population: Population, rows: int) -> Outcomes:
    """Does each score's interval hold the population's?"""
    true = population.scores(COST)
    asked = Performance(at_least=dict(true), cost=COST)
    report = judged(population.predictions(rows, seed, COST), asked)
    found = {m: only(report, f"at_least[{m}]").interval for m in SCORES}
    spread = {
        "in_the_large": only(report, "calibration_in_the_large").interval,
        "slope": only(report, "calibration_slope").interval,
    }
    outcomes: dict[str, bool | None] = {m: inside(i, true[m]) for m, i in found.items()}
    return outcomes | {name: inside(interval, 1.0) for name, interval in spread.items()}


def guessing(seed: int, rows: int, base: float) -> Outcomes:
    """A model that knows nothing: does it beat the dummy?"""
    rng = np.random.default_rng(seed)
    truth = rng.random(rows) < base
    guesses = predicted(truth, sigmoid(rng.normal(np.log(base / (1 - base)), 1.0, rows)), COST)
    return {metric: _beats(guesses, "dummy", metric) for metric in ("roc_auc", "average_precision")}


def rivals(seed: int, rows: int) -> Outcomes:
    """Two models that are equally good, each in its own way: does one beat the other?"""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.5, rows)
    truth = rng.random(rows) < sigmoid(odds)
    one, other = (
        predicted(truth, sigmoid(odds + rng.normal(0, 0.7, rows)), COST) for _ in range(2)
    )
    return {metric: _beats(one, "champion", metric, champion=other) for metric in CHOSEN_BY}


def better(seed: int, rows: int) -> Outcomes:
    """A model that is really better than the champion."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.5, rows)
    truth = rng.random(rows) < sigmoid(odds)
    one, other = (
        predicted(truth, sigmoid(odds + rng.normal(0, noise, rows)), COST) for noise in (0.3, 1.5)
    )
    return {metric: _beats(one, "champion", metric, champion=other) for metric in CHOSEN_BY}


def _beats(rows: pd.DataFrame, rival: str, metric: PerformanceMetric, **more: object) -> bool:
    performance = Performance(choose_by=metric, cost=COST)
    return only(judged(rows, performance, **more), f"beats_{rival}").verdict is Verdict.PASS


def promises(seed: int, population: Population, rows: int) -> Outcomes:
    """Do the checks on calibration say that the probabilities do not mean what they say?"""
    report = judged(population.predictions(rows, seed, COST), Performance(cost=COST))
    return {name: only(report, name).verdict is Verdict.FAIL for name in CALIBRATION}


def thresholds(seed: int, rows: int, off: float) -> Outcomes:
    """Decisions by a threshold that lies `off` the one that costs least."""
    made = USUAL.predictions(rows, seed, COST)
    made["decision"] = made["probability"] >= threshold(COST) + off
    report = judged(made, Performance(cost=COST))
    return {"fail": only(report, "threshold").verdict is Verdict.FAIL}


def slices(seed: int, rows: int, worse: float) -> Outcomes:
    """Six columns beside the predictions. In one value of one, which a sixth of the rows have, the
    log odds are shifted by `worse`, and the model does not know."""
    rng = np.random.default_rng(seed)
    columns = {f"number {i}": rng.normal(size=rows) for i in range(3)}
    texts = {f"text {i}": rng.choice(list("abcdef"), rows) for i in range(3)}
    features = pd.DataFrame(columns | texts)
    planted = (features["text 0"] == "a").to_numpy()
    odds = rng.normal(-1.5, 1.5, rows)
    truth = rng.random(rows) < sigmoid(odds + worse * planted)
    report = judged(
        predicted(truth, sigmoid(odds), COST), Performance(cost=COST), features=features
    )
    check = only(report, "slices_as_promised")
    fails = check.verdict is Verdict.FAIL
    return {"fail": fails, "named": fails and "text 0" in str(check.group)}


def _scores_hold(population: Population, rows: int, words: str, seeds: int) -> Experiment:
    auc = population.scores(COST)["roc_auc"]
    return Experiment(
        f"intervals of every score, {words}",
        f"{rows:,} rows of a population whose log odds are normal, and a model that knows these"
        f" (ROC AUC {auc:.3f}); a false negative costs twice a false positive. The true scores are"
        " integrals. Both calibration ratios are 1.",
        seeds,
        partial(coverage, population=population, rows=rows),
        (
            *(at_least(0.95, m, f"the interval of `{m}` contains the true value") for m in SCORES),
            at_least(
                0.95, "in_the_large", "the interval of predicted per observed positives contains 1"
            ),
            at_least(0.95, "slope", "the interval of the calibration slope contains 1"),
        ),
    )


EXPERIMENTS = (
    _scores_hold(USUAL, 400, "400 rows", 600),
    _scores_hold(USUAL, 4000, "4,000 rows", 400),
    _scores_hold(RARE, 1000, "one positive in twenty", 600),
    _scores_hold(GOOD, 1000, "a nearly perfect model", 600),
    Experiment(
        "a model that guesses",
        "2,000 rows, 24 % positives; probabilities drawn independently of the truth.",
        600,
        partial(guessing, rows=2000, base=0.24),
        tuple(
            at_most(0.025, metric, f"beats the dummy in `{metric}`")
            for metric in ("roc_auc", "average_precision")
        ),
    ),
    Experiment(
        "two models equally good",
        "2,000 rows; two models see the log odds with independent errors of the same size.",
        600,
        partial(rivals, rows=2000),
        tuple(at_most(0.025, m, f"beats the champion in `{m}`") for m in CHOSEN_BY),
    ),
    Experiment(
        "a model that is better than the champion",
        "2,000 rows; the challenger sees the log odds with an error of .3, the champion of 1.5.",
        100,
        partial(better, rows=2000),
        tuple(at_least(0.8, m, f"beats the champion in `{m}`") for m in CHOSEN_BY),
    ),
    Experiment(
        "probabilities that mean what they say",
        "2,000 rows of a perfectly calibrated model.",
        400,
        partial(promises, population=USUAL, rows=2000),
        tuple(at_most(0.05, name, f"`{name}` gets `fail`") for name in CALIBRATION),
    ),
    Experiment(
        "probabilities that are too sure",
        "2,000 rows of a model that doubles the log odds.",
        200,
        partial(promises, population=SURE, rows=2000),
        (
            at_least(0.8, "calibration_slope", "`calibration_slope` gets `fail`"),
            at_least(0.8, "calibration_error", "`calibration_error` gets `fail`"),
        ),
    ),
    Experiment(
        "the best threshold",
        "2,000 rows of a perfectly calibrated model that decides by the threshold that costs"
        " least.",
        400,
        partial(thresholds, rows=2000, off=0.0),
        (at_most(0.05, "fail", "another threshold is reported as saving too much"),),
    ),
    Experiment(
        "a poor threshold",
        "The same, with a threshold that is .35 too high.",
        200,
        partial(thresholds, rows=2000, off=0.35),
        (at_least(0.8, "fail", "another threshold is reported as saving too much"),),
    ),
    Experiment(
        "no weak slice",
        "4,000 rows of a perfectly calibrated model, and six columns unrelated to the outcome.",
        400,
        partial(slices, rows=4000, worse=0.0),
        (
            at_most(0.05, "fail", "some slice is reported as worse than predicted"),
            at_most(0.05, "named", "some slice of the first column is"),
        ),
    ),
    Experiment(
        "a weak slice",
        "The same, but for the sixth of the rows with one value of one column, the log odds are 1.5"
        " higher, and the model does not know it.",
        200,
        partial(slices, rows=4000, worse=1.5),
        (
            at_least(0.8, "fail", "some slice is reported as worse than predicted"),
            at_least(0.8, "named", "the planted slice is the worst"),
        ),
    ),
)
