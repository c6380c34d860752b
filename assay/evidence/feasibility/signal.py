"""Check 1: do the features say anything about the target?"""

from __future__ import annotations

import numpy as np

from assay.evidence.feasibility.material import Material
from assay.evidence.report import Check, Verdict
from assay.evidence.statistics import Estimate, Floats, Permutation, permutation_p, roc_auc

DRAWS = 999


def signal(material: Material) -> Check:
    """Cross-validated ROC AUC against a coin's, and against shuffled labels.

    Fails when the interval lies below the lift that the use case asks for and the labels could
    as well be shuffled; unknown when they could, but the interval leaves room for the lift. A
    signal that is there, but uncertain (p > .01) or maybe short of the lift, is a caution.
    """
    needed = 0.5 + material.use_case.feasibility.lift
    found = roc_auc(material.labels, material.answers)
    test = shuffled(material)
    verdict = _verdict(found, test.p, needed)
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
        rows=len(material.rows),
    )


def shuffled(material: Material) -> Permutation:
    """How often shuffled labels are told apart as well as the real ones.

    The learner sees three folds; the labels of the other two are shuffled. Given what it
    learned, they are exchangeable if the features say nothing, so the test is exact. In
    cross-validation it would not be: each label teaches the folds that judge the others. Of an
    entity with several rows one is taken, for its labels hang together.
    """
    from scipy.stats import rankdata

    held = material.folds < 2
    answers, labels = material.learn(~held, held), material.labels[held]
    _, first = np.unique(material.units[held], return_index=True)
    ranks, truth = rankdata(answers[first]), labels[first]
    positives = int(truth.sum())
    return permutation_p(
        lambda rng: _auc(rng.permutation(ranks)[:positives], len(ranks)),
        _auc(ranks[truth], len(ranks)),
        draws=DRAWS,
        seed=material.seed,
    )


def _auc(positive_ranks: Floats, rows: int) -> float:
    """ROC AUC from the midranks of the positive rows (Mann-Whitney)."""
    m = len(positive_ranks)
    if m in (0, rows):
        return 0.5
    return float((positive_ranks.sum() - m * (m + 1) / 2) / (m * (rows - m)))


def _verdict(found: Estimate, p: float, needed: float) -> Verdict:
    low, high = found.interval.low, found.interval.high
    assert low is not None
    assert high is not None
    if p > 0.05:
        return Verdict.FAIL if high < needed else Verdict.UNKNOWN
    return Verdict.CAUTION if p > 0.01 or low < needed else Verdict.PASS


_REMEDY = {
    Verdict.PASS: "",
    Verdict.CAUTION: "Add rows, or columns that bear on the outcome.",
    Verdict.UNKNOWN: "Add rows, so that a signal, if there is one, can be told from chance.",
    Verdict.FAIL: "Add columns that bear on the outcome, and check that labels belong to their"
    " rows.",
}


def _why(found: Estimate, test: Permutation) -> str:
    low, high = found.interval.low, found.interval.high
    told = "can" if test.p <= 0.05 else "cannot"
    return (
        f"ROC AUC {found.value:.3f} (95 % interval {low:.3f} to {high:.3f}), where a coin has 0.5;"
        f" it {told} be told from shuffled labels (p = {test.p:.3g}, {test.draws} shuffles)."
    )
