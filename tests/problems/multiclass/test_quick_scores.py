"""Scores of classes against scikit-learn, and their errors against repetition."""

import numpy as np
import pytest
from sklearn import metrics

from assay.problems.multiclass.quick_scores import decide, estimate_class_scores

EVEN = 1 - np.eye(3)
NAMES = (
    *("accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "log_loss", "brier"),
    *("roc_auc_ovr", "roc_auc_ovo", "top_2_accuracy", "quadratic_kappa", "cost"),
)


def made(rows, seed):
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(rows, 3)) + np.array([0.5, 0, -0.5])
    truth = (logits + rng.gumbel(size=(rows, 3))).argmax(axis=1)
    weights = np.exp(1.3 * logits)
    return truth, weights / weights.sum(axis=1, keepdims=True)


def score(name, truth, answers, costs=EVEN, entities=None):
    units = np.arange(len(truth)) if entities is None else entities
    return estimate_class_scores(name, truth, answers[None], costs, units)


def test_values_are_those_of_scikit_learn():
    truth, p = made(400, 0)
    decided = p.argmax(axis=1)
    theirs = {
        "accuracy": metrics.accuracy_score(truth, decided),
        "balanced_accuracy": metrics.balanced_accuracy_score(truth, decided),
        "macro_f1": metrics.f1_score(truth, decided, average="macro"),
        "weighted_f1": metrics.f1_score(truth, decided, average="weighted"),
        "log_loss": metrics.log_loss(truth, p),
        "brier": metrics.brier_score_loss(truth, p, labels=[0, 1, 2]),
        "roc_auc_ovr": metrics.roc_auc_score(truth, p, multi_class="ovr"),
        "roc_auc_ovo": metrics.roc_auc_score(truth, p, multi_class="ovo"),
        "top_2_accuracy": metrics.top_k_accuracy_score(truth, p, k=2),
        "quadratic_kappa": metrics.cohen_kappa_score(truth, decided, weights="quadratic"),
        "cost": 1 - metrics.accuracy_score(truth, decided),
    }
    assert set(theirs) == set(NAMES)
    for name, value in theirs.items():
        assert score(name, truth, p).last == pytest.approx(value), name


@pytest.mark.parametrize("name", NAMES)
def test_the_standard_error_is_the_spread_of_repetitions(name):
    found = [score(name, *made(400, seed)) for seed in range(150)]
    spread = np.std([one.last for one in found])
    stated = np.sqrt(np.mean([one.covariance[0, 0] for one in found]))
    assert stated == pytest.approx(spread, rel=0.2)


def test_renamed_classes_change_nothing_that_has_no_order():
    truth, p = made(300, 1)
    order = np.array([2, 0, 1])
    renamed = np.argsort(order)[truth]
    for name in NAMES:
        if name != "quadratic_kappa":
            before, after = score(name, truth, p), score(name, renamed, p[:, order])
            assert after.last == pytest.approx(before.last), name
            assert after.covariance == pytest.approx(before.covariance, rel=1e-3), name


def test_decisions_cost_least():
    costs = np.array([[0, 1, 1], [1, 0, 1], [50, 50, 0.0]])
    p = np.array([[0.6, 0.3, 0.1], [0.9, 0.099, 0.001], [0.3, 0.3, 0.4]])
    assert decide(p, costs).tolist() == [2, 0, 2]
    assert decide(np.full((1, 3), 1 / 3), EVEN).tolist() == [0]


def test_scores_of_other_questions_are_refused():
    truth, p = made(30, 2)
    with pytest.raises(ValueError, match="roc_auc is no score"):
        score("roc_auc", truth, p)
