"""Thresholds by class and group: what shares they give, and that no other rule costs less."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linprog

from assay.problems.multiclass.class_thresholds import (
    MIN_ROWS,
    decide_with_thresholds,
    learn_class_thresholds,
)
from assay.problems.multiclass.metrics import cost_array, decide_classes

EVEN = cost_array({}, ["a", "b", "c"])
DEAR = cost_array({"c": {"a": 6.0, "b": 2.0}}, ["a", "b", "c"])


def people(rows=2_000, seed=0):
    """Probabilities of three classes that lie higher for group y, and the groups."""
    source = np.random.default_rng(seed)
    groups = source.choice(np.array(["x", "y"], dtype=object), rows, p=[0.7, 0.3])
    pull = source.normal(size=(rows, 3)) + np.outer(groups == "y", [-1.0, 0.2, 0.8])
    raised = np.exp(pull)
    return raised / raised.sum(axis=1, keepdims=True), groups


def shares(decided, rows, weights=None):
    counted = None if weights is None else weights[rows]
    found = np.bincount(decided[rows], counted, minlength=3)
    return found / found.sum()


@pytest.mark.parametrize("costs", [EVEN, DEAR])
@pytest.mark.parametrize("strength", [0.5, 1.0])
def test_shares_go_as_far_towards_those_of_all_as_the_strength_says(costs, strength):
    probability, groups = people()
    plain = decide_classes(probability, costs)
    learnt = learn_class_thresholds(probability, costs, groups, strength=strength)
    found = learnt.decide(probability, costs, groups)
    of_all = shares(plain, groups != "")
    for group in ("x", "y"):
        here = groups == group
        wanted = (1 - strength) * shares(plain, here) + strength * of_all
        assert shares(found, here) == pytest.approx(wanted, abs=0.01)
        assert shares(plain, here) != pytest.approx(of_all, abs=0.03)


def test_no_other_rule_with_these_shares_costs_less():
    """The oracle is the transport of rows to classes, as a linear programme."""
    probability, groups = people(400, seed=2)
    charged = probability @ DEAR
    found = learn_class_thresholds(probability, DEAR, groups, strength=1.0).decide(
        probability, DEAR, groups
    )
    for group in ("x", "y"):
        here = np.flatnonzero(groups == group)
        rows, held = charged[here], np.bincount(found[here], minlength=3)
        of_row = np.kron(np.eye(len(here)), np.ones(3))
        of_class = np.tile(np.eye(3), len(here))
        best = linprog(
            rows.ravel(),
            A_eq=np.vstack([of_row, of_class]),
            b_eq=np.concatenate([np.ones(len(here)), held]),
        )
        own = rows[np.arange(len(here)), found[here]].sum()
        assert own == pytest.approx(best.fun, rel=1e-9)


def test_rows_that_count_twice_are_as_two_rows():
    probability, groups = people(600)
    counted = np.random.default_rng(1).integers(1, 4, len(groups))
    weighted = learn_class_thresholds(
        probability, EVEN, groups, strength=1.0, weights=counted.astype(float)
    )
    repeated = np.repeat(np.arange(len(groups)), counted)
    plain = learn_class_thresholds(probability[repeated], EVEN, groups[repeated], strength=1.0)
    heavier = learn_class_thresholds(probability, EVEN, groups, strength=1.0, weights=counted * 7.0)
    for group in ("x", "y"):
        assert weighted.by_group[group] == pytest.approx(plain.by_group[group], abs=1e-4)
        assert weighted.by_group[group] == pytest.approx(heavier.by_group[group], abs=1e-9)


def test_other_names_another_order_and_another_currency_change_no_decision():
    probability, groups = people(800)
    learnt = learn_class_thresholds(probability, DEAR, groups, strength=1.0)
    decided = learnt.decide(probability, DEAR, groups)
    order = np.random.default_rng(3).permutation(len(groups))
    renamed = np.where(groups == "x", "z", "a").astype(object)
    other = learn_class_thresholds(
        probability[order], 1000 * DEAR, renamed[order], strength=1.0
    ).decide(probability, 1000 * DEAR, renamed)
    assert (decided != other).mean() < 0.003  # ties within the smoothing


def test_small_and_unseen_groups_are_decided_as_if_nothing_were_mitigated():
    probability, groups = people()
    groups[: MIN_ROWS - 1] = "few"
    learnt = learn_class_thresholds(probability, EVEN, groups, strength=1.0)
    assert learnt.without == ["few"]
    asked = np.full(len(groups), "new", dtype=object)
    decided = decide_with_thresholds(learnt.by_group, probability, EVEN, asked)
    assert (decided == decide_classes(probability, EVEN)).all()


@pytest.mark.parametrize("what", ["all rows alike", "sure of one class", "a class never decided"])
def test_probabilities_that_tell_nothing_give_finite_thresholds(what):
    probability, groups = people(300)
    if what == "all rows alike":
        probability[:] = [0.2, 0.5, 0.3]
    elif what == "sure of one class":
        probability[:] = [0.0, 1.0, 0.0]
    else:
        probability = np.column_stack([probability[:, :2], np.zeros(len(groups))])
        probability /= probability.sum(axis=1, keepdims=True)
    learnt = learn_class_thresholds(probability, EVEN, groups, strength=1.0)
    for thresholds in learnt.by_group.values():
        assert np.isfinite(thresholds).all()
    decided = learnt.decide(probability, EVEN, groups)
    if what == "a class never decided":
        assert (decided != 2).all()
