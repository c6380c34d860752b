"""Check 1: do the features say anything about the target?"""

from __future__ import annotations

import numpy as np

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.report import Check, Verdict
from assay.gates.statistics.auc import roc_auc
from assay.gates.statistics.auc_power import auc_power
from assay.gates.statistics.intervals import Estimate, Floats
from assay.gates.statistics.resampling import PermutationTest, permutation_test

DRAWS = 999
SHUFFLED_FOLDS = 2  # folds whose labels are shuffled; the others are learned from
ALPHA = 0.05
POWER = 0.9


def check_signal(data: FeasibilityData) -> Check:
    """Cross-validated ROC AUC against a coin's, and against shuffled labels.

    Fails when the labels could as well be shuffled, though the lift that the use case asks for
    would have shown: it lies above the interval, or the test had power 0.9 to see it. Unknown
    when they could be shuffled, but so few rows would not have shown the lift; then the check of
    the sample size says how many would. A signal that is there, but uncertain (p > .01) or maybe
    short of the lift, is a caution.
    """
    needed = 0.5 + data.use_case.feasibility.lift
    found = roc_auc(data.labels, data.probabilities, units=data.clusters)
    test = run_permutation_test(data)
    verdict = _verdict(found, test.p, needed, _power(data, needed))
    return Check(
        name="signal",
        claim=f"The features tell positives from negatives: ROC AUC of at least {needed:g}",
        verdict=verdict,
        statistic="ROC AUC, cross-validated",
        estimate=found.value,
        interval=found.interval,
        threshold=needed,
        why=_why(found, test),
        remedy=_REMEDY[verdict],
        rows=len(data.sampled_rows),
    )


def run_permutation_test(data: FeasibilityData) -> PermutationTest:
    """How often shuffled labels are told apart as well as the real ones.

    The learner sees three folds; the labels of the other two are shuffled. Given what it
    learned, they are exchangeable if the features say nothing, so the test is exact. In
    cross-validation it would not be: each label teaches the folds that judge the others. Of an
    entity with several rows one is taken, for its labels hang together.
    """
    from scipy.stats import rankdata

    held = data.folds < SHUFFLED_FOLDS
    first = _first_of_entities(data)
    answers = data.fit_predict(~held, held)
    ranks, truth = rankdata(answers[first]), data.labels[held][first]
    positives = int(truth.sum())
    return permutation_test(
        lambda rng: _auc(rng.permutation(ranks)[:positives], len(ranks)),
        _auc(ranks[truth], len(ranks)),
        draws=DRAWS,
        seed=data.seed,
    )


def _first_of_entities(data: FeasibilityData) -> np.ndarray:
    """One of the held-out rows of each entity, numbered among the held-out ones."""
    _, first = np.unique(data.entities[data.folds < SHUFFLED_FOLDS], return_index=True)
    return np.asarray(first)


def _power(data: FeasibilityData, area: float) -> float:
    """How likely the test is to notice a learner with a ROC AUC of `area`."""
    judged = data.labels[data.folds < SHUFFLED_FOLDS][_first_of_entities(data)]
    positives = int(judged.sum())
    return auc_power(area, positives, len(judged) - positives, alpha=ALPHA)


def _auc(positive_ranks: Floats, rows: int) -> float:
    """ROC AUC from the midranks of the positive rows (Mann-Whitney)."""
    m = len(positive_ranks)
    if m in (0, rows):
        return 0.5
    return float((positive_ranks.sum() - m * (m + 1) / 2) / (m * (rows - m)))


def _verdict(found: Estimate, p: float, needed: float, power: float) -> Verdict:
    low, high = found.interval.low, found.interval.high
    assert low is not None
    assert high is not None
    if p > ALPHA:
        return Verdict.FAIL if high < needed or power >= POWER else Verdict.UNKNOWN
    return Verdict.CAUTION if p > 0.01 or low < needed else Verdict.PASS


_REMEDY = {
    Verdict.PASS: "",
    Verdict.CAUTION: "Add rows, or columns that bear on the outcome.",
    Verdict.UNKNOWN: "Add rows, so that a signal, if there is one, can be told from chance.",
    Verdict.FAIL: "Add columns that bear on the outcome, and check that labels belong to their"
    " rows.",
}


def _why(found: Estimate, test: PermutationTest) -> str:
    low, high = found.interval.low, found.interval.high
    told = "can" if test.p <= 0.05 else "cannot"
    return (
        f"ROC AUC {found.value:.3f} (95 % interval {low:.3f} to {high:.3f}), where a coin has 0.5;"
        f" it {told} be told from shuffled labels (p = {test.p:.3g}, {test.draws} shuffles)."
    )
