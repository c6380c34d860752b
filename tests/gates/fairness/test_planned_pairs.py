"""What the fairness gate will be able to tell, and that it asks for the same rows afterwards."""

import numpy as np
import pytest

from assay.gates.fairness.gaps import rows_to_decide
from assay.gates.fairness.planned_pairs import PlannedPair, rows_to_pass, smallest_passing_gap
from assay.gates.statistics.proportions import newcombe_limits


def plan(rows, reference_rows, *, rate=0.5, tolerance=0.1, ratio=None, metric="selection_rate"):
    return PlannedPair(metric, rows, reference_rows, rate, tolerance, ratio)


@pytest.mark.parametrize(("rows", "reference", "rate"), [(300, 2000, 0.5), (800, 800, 0.2)])
def test_four_of_five_models_without_a_gap_pass_the_gap_that_is_ruled_out(rows, reference, rate):
    gap = smallest_passing_gap(plan(rows, reference, rate=rate))
    rng = np.random.default_rng(0)
    seen = rng.binomial([[rows], [reference]], rate, (2, 4000))
    low, high = newcombe_limits(seen[0], rows, seen[1], reference, 0.9)
    assert ((low >= -gap) & (high <= gap)).mean() == pytest.approx(0.8, abs=0.03)


@pytest.mark.parametrize("metric", ["selection_rate", "true_positive_rate", "precision_score"])
def test_with_the_rows_asked_for_the_tolerance_is_ruled_out(metric):
    few = plan(60, 5000, metric=metric)
    assert smallest_passing_gap(few) > 0.1
    more = rows_to_pass(few, 0.95).more_rows
    assert smallest_passing_gap(plan(60 + more, 5000, metric=metric)) <= 0.1
    assert smallest_passing_gap(plan(60 + 0.9 * more, 5000, metric=metric)) > 0.1


def test_the_gate_asks_for_the_same_rows_once_the_model_treats_both_alike():
    planned = plan(60, 5000)
    pair = planned.as_pair()
    assert (pair.rows, pair.reference_rows, pair.gap) == (60, 5000, 0)
    assert rows_to_pass(planned, 0.99) == rows_to_decide(pair, 0.99)


def test_a_ratio_is_planned_as_the_gate_judges_it():
    few = plan(100, 5000, tolerance=None, ratio=0.8)
    assert smallest_passing_gap(few) > 0.1  # a fifth of one half
    more = rows_to_pass(few, 0.95).more_rows
    assert smallest_passing_gap(plan(100 + more, 5000, tolerance=None, ratio=0.8)) <= 0.1


def test_what_the_gate_does_not_judge_rules_out_nothing():
    assert smallest_passing_gap(plan(9, 5000)) is None
    assert rows_to_pass(plan(9, 5000), 0.95).more_rows > 100
    assert rows_to_pass(plan(500, 9), 0.95).more_rows is None
