"""Costs over thresholds: exact, and another threshold is preferred only where it surely saves."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.config.gates import ErrorCosts
from assay.gates.performance import threshold_costs
from assay.gates.performance.point_scores import ModelPredictions, point_score
from assay.gates.report import Verdict

COST = ErrorCosts(false_positive=3.0, false_negative=1.0)


def made(rows, seed=0, at=0.75, bend=1.0):
    """Truth, and a model that decides at `at`, its probabilities bent by a power."""
    rng = np.random.default_rng(seed)
    p = rng.beta(2, 1, rows)
    shown = p**bend
    return rng.random(rows) < p, ModelPredictions(shown, shown >= at)


def weigh(truth, who, **more):
    return threshold_costs.compute_costs(truth, who, COST, **{"regret": 0.05, **more})


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.booleans(), st.sampled_from([0.0, 0.1, 0.3, 0.5, 0.9, 1.0])), min_size=2),
)
def test_the_curve_is_the_cost_of_deciding_at_each_threshold(rows):
    truth = np.array([positive for positive, _ in rows])
    probability = np.array([p for _, p in rows])
    found = weigh(truth, ModelPredictions(probability, probability >= 0.5))
    for threshold, cost in zip(found.thresholds, found.costs, strict=True):
        at = ModelPredictions(probability, probability >= threshold)
        assert cost == pytest.approx(point_score("cost", truth, at, COST))
    assert found.cheapest_cost == min(found.costs)
    assert found.cheapest_cost <= found.current_cost.value + 1e-12
    assert found.cheapest_cost <= found.trivial_cost + 1e-12


def test_the_threshold_of_the_costs_is_good_where_probabilities_are_true():
    truth, who = made(4000)
    found = weigh(truth, who, threshold=0.75)
    assert threshold_costs.check_threshold(found, truth).verdict is Verdict.PASS
    assert found.chosen_threshold == 0.75
    assert found.cheapest_threshold.interval.low < 0.75 < found.cheapest_threshold.interval.high


def test_a_threshold_that_surely_wastes_is_a_caution_with_the_cheaper_one():
    truth, who = made(4000, bend=3.0)  # 0.75 is shown as 0.42
    found = threshold_costs.check_threshold(weigh(truth, who, threshold=0.75), truth)
    assert found.verdict is Verdict.FAIL
    assert not found.hard
    assert found.interval.low > found.threshold
    cheapest = weigh(truth, who).cheapest_threshold
    assert cheapest.interval.low < 0.75**3 < cheapest.interval.high


def test_the_best_of_many_thresholds_on_the_same_rows_is_not_taken_for_a_saving():
    alarms = 0
    for seed in range(40):
        truth, who = made(300, seed)
        found = weigh(truth, who, regret=0.0)
        assert found.cheapest_cost <= found.current_cost.value
        alarms += threshold_costs.check_threshold(found, truth).verdict is Verdict.FAIL
    assert alarms <= 4  # of 40 at 2.5 %


def test_decisions_that_follow_no_single_threshold_are_shown_and_not_judged():
    truth, who = made(400)
    mixed = ModelPredictions(who.probability, who.decision ^ (np.arange(400) % 7 == 0))
    found = weigh(truth, mixed, threshold=0.75)
    assert found.chosen_threshold is None
    assert threshold_costs.check_threshold(found, truth) is None
    assert "no single threshold" in threshold_costs.threshold_sheet(found).note
    assert [series.name for series in threshold_costs.cost_figure(found).series] == [
        "any threshold",
        "cheapest on these rows",
    ]


def test_the_figure_shows_the_chosen_threshold_beside_no_model_at_all():
    truth, who = made(3000)
    found = weigh(truth, who)
    drawn = threshold_costs.cost_figure(found)
    assert drawn.kind == "curve"
    assert len(drawn.series[0].points) <= threshold_costs.CURVE_POINTS + 2
    assert min(point.value for point in drawn.series[0].points) == found.cheapest_cost
    chosen = drawn.series[1].points[0]
    assert (chosen.x, chosen.value) == (found.chosen_threshold, found.current_cost.value)
    assert drawn.reference == found.trivial_cost


def test_the_same_seed_gives_the_same_answer():
    truth, who = made(500)
    one, two = (weigh(truth, who, seed=3) for _ in "ab")
    assert one.cheapest_threshold == two.cheapest_threshold
    assert one.saving == two.saving
