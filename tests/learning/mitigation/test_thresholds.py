from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from assay.config.candidates import Mitigation
from assay.config.gates import ErrorCosts
from assay.errors import DataError
from assay.learning.mitigation.models import apply_rules, row_draws, yes_share
from assay.learning.mitigation.thresholds import fit_optimiser, learn_group_rules

RNG = np.random.default_rng(3)
N = 8_000
GROUPS = RNG.choice(np.array(["a", "b", "c"], dtype=object), N, p=[0.6, 0.3, 0.1])
PROBABILITY = np.clip(RNG.beta(2, 4, N) + (GROUPS == "a") * 0.15, 0, 1).round(2)
TRUTH = RNG.random(N) < PROBABILITY
DRAWN = row_draws(pd.DataFrame({"p": PROBABILITY, "x": RNG.normal(size=N)}))
PLAIN = PROBABILITY >= 0.5
EVEN, DEAR = ErrorCosts(), ErrorCosts(false_positive=1.0, false_negative=3.0)
SIMPLE = [
    "demographic_parity",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
    "true_negative_rate_parity",
    "false_negative_rate_parity",
]
CONSTRAINTS = [*SIMPLE, "equalized_odds"]


def asked(constraint, strength=1.0):
    return Mitigation(
        method="fairlearn.postprocessing.ThresholdOptimizer",
        by="g",
        constraint=constraint,
        strength=strength,
    )


def rules(constraint, strength=1.0, cost=EVEN):
    return learn_group_rules(asked(constraint, strength), PROBABILITY, TRUTH, GROUPS, cost).rules


def yes(found):
    """How often each row is decided with yes."""
    shares = np.zeros(N)
    for group, rule in found.items():
        shares[group == GROUPS] = yes_share(PROBABILITY[group == GROUPS], rule)
    return shares


def spread(constraint, shares):
    """The largest range over groups of what the constraint would have alike."""
    kinds = {
        "demographic_parity": [np.ones(N, bool)],
        "true_positive_rate_parity": [TRUTH],
        "false_negative_rate_parity": [TRUTH],
        "false_positive_rate_parity": [~TRUTH],
        "true_negative_rate_parity": [~TRUTH],
        "equalized_odds": [TRUTH, ~TRUTH],
    }
    return max(
        np.ptp([shares[within & (g == GROUPS)].mean() for g in "abc"])
        for within in kinds[constraint]
    )


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_each_rules_share_of_yes_is_fairlearns_own(constraint):
    optimiser = fit_optimiser(asked(constraint), PROBABILITY, TRUTH, GROUPS, EVEN)
    theirs = optimiser._pmf_predict(PROBABILITY.reshape(-1, 1), sensitive_features=GROUPS)[:, 1]
    assert yes(rules(constraint)) == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_the_decisions_come_to_the_share_that_the_rules_say(constraint):
    found = rules(constraint)
    expected, decision = yes(found), apply_rules(found, PROBABILITY, PLAIN, GROUPS, DRAWN)
    for group in "abc":
        here = group == GROUPS
        deviation = np.sqrt((expected[here] * (1 - expected[here])).sum()) / here.sum()
        assert abs(decision[here].mean() - expected[here].mean()) <= 4 * deviation + 1e-12


def test_a_lottery_is_held_somewhere_or_the_tests_above_say_little():
    shares = np.concatenate([yes(rules(constraint)) for constraint in CONSTRAINTS])
    assert ((shares > 0.01) & (shares < 0.99)).any()


@pytest.mark.parametrize("constraint", CONSTRAINTS)
@pytest.mark.parametrize("strength", [0.25, 0.5, 0.75, 1.0])
def test_the_strength_is_the_share_of_the_gap_that_is_closed(constraint, strength):
    before = spread(constraint, PLAIN.astype(float))
    left = spread(constraint, yes(rules(constraint, strength)))
    assert before > 0.1
    # The optimiser's grid has a thousand steps.
    assert left <= (1 - strength) * before + 0.003


@pytest.mark.parametrize("strength", [0.2, 0.5, 0.9])
def test_of_equalized_odds_the_strength_is_the_share_of_people_decided_by_the_groups_rule(strength):
    expected = strength * yes(rules("equalized_odds")) + (1 - strength) * PLAIN
    assert yes(rules("equalized_odds", strength)) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_less_strength_costs_less(constraint):
    def cost(strength):
        shares = yes(rules(constraint, strength))
        return np.where(TRUTH, 1 - shares, shares).mean()

    costs = [cost(strength) for strength in (0.25, 0.5, 1.0)]
    assert costs == sorted(costs)
    assert costs[0] < costs[-1]


@pytest.mark.parametrize("cost", [EVEN, DEAR, ErrorCosts(false_positive=2.5, false_negative=1.0)])
def test_the_rules_are_the_cheapest_that_have_the_same_selection_rate(cost):
    """Against an exhaustive search over what each group's ranking allows."""
    numbers = RNG.choice(N, 60, replace=False)
    groups = np.array(["a", "b"], dtype=object)[np.arange(60) % 2]
    probability, truth = PROBABILITY[numbers] + RNG.random(60) / 100, TRUTH[numbers]
    found = learn_group_rules(asked("demographic_parity"), probability, truth, groups, cost).rules
    shares = np.empty(60)
    for group, rule in found.items():
        shares[group == groups] = yes_share(probability[group == groups], rule)
    assert priced(shares, truth, cost) <= cheapest(probability, truth, groups, cost) + 1e-9


def priced(shares, truth, cost):
    return np.where(truth, (1 - shares) * cost.false_negative, shares * cost.false_positive).sum()


def cheapest(probability, truth, groups, cost):
    """Of 30 rows a group, the same number k from the top of each group."""
    best = np.inf
    for k in range(31):
        shares = np.zeros(60)
        for group in "ab":
            here = np.flatnonzero(groups == group)
            shares[here[np.argsort(-probability[here])][:k]] = 1.0
        best = min(best, priced(shares, truth, cost))
    return best


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_what_errors_cost_decides_how_many_are_selected(constraint):
    even, dear = yes(rules(constraint)), yes(rules(constraint, cost=DEAR))
    assert dear.mean() > even.mean() + 0.05
    assert priced(dear, TRUTH, DEAR) < priced(even, TRUTH, DEAR)


def test_fairlearns_own_tables_are_left_as_they_were():
    from fairlearn.postprocessing import _threshold_optimizer as theirs

    kept = (
        set(theirs.METRIC_DICT),
        set(theirs.OBJECTIVES_FOR_SIMPLE_CONSTRAINTS),
        set(theirs.OBJECTIVES_FOR_EQUALIZED_ODDS),
    )
    rules("equalized_odds", cost=DEAR)
    with pytest.raises(DataError):
        learn_group_rules(
            asked("equalized_odds"), PROBABILITY, TRUTH, np.full(N, "a", dtype=object), DEAR
        )
    assert kept == (
        set(theirs.METRIC_DICT),
        set(theirs.OBJECTIVES_FOR_SIMPLE_CONSTRAINTS),
        set(theirs.OBJECTIVES_FOR_EQUALIZED_ODDS),
    )


def test_a_group_with_one_outcome_has_no_rule_and_is_named():
    groups, truth = GROUPS.copy(), TRUTH.copy()
    groups[:30] = "tiny"
    truth[:30] = False
    outcome = learn_group_rules(asked("demographic_parity"), PROBABILITY, truth, groups, EVEN)
    assert outcome.without_rule == ["tiny"]
    assert sorted(outcome.rules) == ["a", "b", "c"]
    plain = apply_rules(outcome.rules, PROBABILITY, PLAIN, groups, DRAWN)
    assert (plain[:30] == PLAIN[:30]).all()


@pytest.mark.parametrize(
    ("groups", "truth"),
    [
        (np.full(N, "a", dtype=object), TRUTH),
        (GROUPS, TRUTH & (GROUPS == "a")),
    ],
)
def test_fewer_than_two_usable_groups_are_refused(groups, truth):
    for constraint, strength in itertools.product(CONSTRAINTS, (0.5, 1.0)):
        with pytest.raises(DataError, match="fewer than two groups of 'g'"):
            learn_group_rules(asked(constraint, strength), PROBABILITY, truth, groups, EVEN)
