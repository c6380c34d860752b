from __future__ import annotations

from typing import get_args

import numpy as np
import pytest

from assay.config.gates import MulticlassMetric
from assay.problems.multiclass.metrics import compute_metric, cost_array, decide_classes, is_better

CLASSES = ("none", "minor", "killed")
EQUAL = cost_array({}, CLASSES)


def make_answers(rows: int = 400, seed: int = 7) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    source = np.random.default_rng(seed)
    probability = source.dirichlet([2.0, 1.0, 0.5], rows)
    truth = np.array([source.choice(3, p=p) for p in probability])
    return truth, probability, decide_classes(probability, EQUAL)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("accuracy", 3 / 4),
        ("balanced_accuracy", (1 / 2 + 1 + 1) / 3),
        ("macro_f1", (2 / 3 + 2 / 3 + 1) / 3),
        ("weighted_f1", (2 * 2 / 3 + 2 / 3 + 1) / 4),
        ("log_loss", -np.log([0.6, 0.3, 0.5, 0.8]).mean()),
        ("brier", (0.24 + 0.86 + 0.42 + 0.06) / 4),
        ("top_2_accuracy", 1.0),
        ("quadratic_kappa", 1 - 1 / 5),
        ("cost", 1 / 4),
        ("roc_auc_ovr", (0.75 + 2 / 3 + 1) / 3),
    ],
)
def test_each_metric_is_what_its_name_says(name, value):
    truth, decision = np.array([0, 0, 1, 2]), np.array([0, 1, 1, 2])
    probability = np.array([[0.6, 0.2, 0.2], [0.3, 0.6, 0.1], [0.4, 0.5, 0.1], [0.1, 0.1, 0.8]])
    assert compute_metric(name, truth, probability, decision) == pytest.approx(value)


@pytest.mark.parametrize("name", get_args(MulticlassMetric))
def test_the_order_of_the_rows_changes_nothing(name):
    truth, probability, decision = make_answers()
    other = np.random.default_rng(8).permutation(len(truth))
    moved = compute_metric(name, truth[other], probability[other], decision[other])
    assert moved == pytest.approx(compute_metric(name, truth, probability, decision))


@pytest.mark.parametrize("name", sorted({*get_args(MulticlassMetric)} - {"quadratic_kappa"}))
def test_the_order_of_the_classes_changes_nothing(name):
    truth, probability, decision = make_answers()
    order = np.array([2, 0, 1])
    place = np.argsort(order)
    moved = compute_metric(name, place[truth], probability[:, order], place[decision])
    assert moved == pytest.approx(compute_metric(name, truth, probability, decision))


def test_an_auc_without_a_class_is_refused():
    truth, probability, decision = make_answers()
    held = truth != 2
    for name in ("roc_auc_ovr", "roc_auc_ovo"):
        with pytest.raises(ValueError, match="not defined"):
            compute_metric(name, truth[held], probability[held], decision[held])


def test_errors_that_no_cost_names_cost_one():
    costs = cost_array({"killed": {"none": 50.0}}, CLASSES)
    assert costs.tolist() == [[0, 1, 1], [1, 0, 1], [50, 1, 0]]


def test_no_other_decision_costs_less_where_probabilities_are_true():
    truth, probability, _ = make_answers(2_000)
    costs = cost_array({"killed": {"none": 20.0, "minor": 5.0}, "minor": {"none": 2.0}}, CLASSES)
    decided = decide_classes(probability, costs)
    best = compute_metric("cost", truth, probability, decided, costs=costs)
    plain = decide_classes(probability, EQUAL)
    assert best < compute_metric("cost", truth, probability, plain, costs=costs)
    expected = np.take_along_axis(probability @ costs, decided[:, None], 1)[:, 0]
    assert (expected <= (probability @ costs).min(axis=1) + 1e-12).all()


def test_of_equally_probable_classes_the_first_is_decided():
    probability = np.full((1, 3), 1 / 3)
    assert decide_classes(probability, EQUAL).tolist() == [0]
    assert decide_classes(probability, EQUAL * 7).tolist() == [0]


def test_a_lower_loss_and_a_higher_score_are_better():
    assert is_better("log_loss", 0.5, 0.6)
    assert is_better("accuracy", 0.6, 0.5)
    assert not is_better("accuracy", 0.5, 0.5)
