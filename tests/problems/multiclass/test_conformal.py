from __future__ import annotations

import numpy as np
import pytest

from assay.problems.multiclass.conformal import (
    cross_fit_sets,
    learn_limits,
    mark_sets,
    set_texts,
)


def test_a_limit_is_the_rank_of_split_conformal_prediction():
    probability = np.column_stack([np.linspace(0.01, 0.99, 19), np.linspace(0.99, 0.01, 19)])
    limits = learn_limits(probability, np.zeros(19, dtype=int), 0.9)
    assert limits[0] == pytest.approx(1 - probability[1, 0])  # 18th smallest of 19
    assert limits[1] == 1.0  # a class without rows is in every set


@pytest.mark.parametrize(("coverage", "rows"), [(0.9, 9), (0.8, 4)])
def test_a_class_with_too_few_rows_is_in_every_set(coverage, rows):
    likely = np.full((rows, 1), 0.9)
    codes = np.zeros(rows, dtype=int)
    assert learn_limits(likely, codes, coverage)[0] == pytest.approx(0.1)
    assert learn_limits(likely[1:], codes[1:], coverage)[0] == 1.0


def make_rows(source, rows):
    probability = source.dirichlet([3.0, 1.0, 0.4], rows)
    truth = np.array([source.choice(3, p=p) for p in probability])
    return probability**0.3 / (probability**0.3).sum(axis=1, keepdims=True), truth  # too shy


def test_each_class_is_held_as_often_as_promised_whatever_the_probabilities_are_worth():
    source, hits, rows = np.random.default_rng(7), np.zeros(3), np.zeros(3)
    for _ in range(60):
        probability, truth = make_rows(source, 300)
        limits = learn_limits(probability[:200], truth[:200], 0.8)
        members = mark_sets(probability[200:], limits)
        held = members[np.arange(100), truth[200:]]
        hits += np.bincount(truth[200:], weights=held, minlength=3)
        rows += np.bincount(truth[200:], minlength=3)
    assert (hits / rows > 0.8 - 3 * np.sqrt(0.16 / rows)).all()
    assert (hits / rows)[:2] == pytest.approx(0.81, abs=0.03)


def test_a_set_is_never_empty():
    members = mark_sets(np.array([[0.4, 0.35, 0.25], [0.9, 0.05, 0.05]]), np.full(3, 0.2))
    assert members.tolist() == [[True, False, False], [True, False, False]]


def test_sets_are_written_in_the_order_of_the_classes():
    members = np.array([[True, False, True], [False, True, False], [True, False, True]])
    assert set_texts(members, ["c", "b", "a"]).tolist() == ["c|a", "b", "c|a"]


def test_a_rows_own_probability_does_not_move_its_limit():
    source = np.random.default_rng(1)
    probability, truth = make_rows(source, 60)
    fold = np.arange(60) % 3
    inside = fold == 0
    found = cross_fit_sets(probability, truth, fold, 0.8)[inside]
    other = truth.copy()
    other[inside] = 0
    assert (cross_fit_sets(probability, other, fold, 0.8)[inside] == found).all()
    limits = learn_limits(probability[~inside], truth[~inside], 0.8)
    assert (found == mark_sets(probability[inside], limits)).all()
