from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.config.candidates import Mitigation
from assay.errors import DataError
from assay.learning.mitigation import (
    GroupThresholds,
    draws,
    fitted_optimiser,
    optimise,
    yes_share,
)

RNG = np.random.default_rng(3)
N = 20_000
GROUPS = RNG.choice(np.array(["a", "b", "c"], dtype=object), N, p=[0.6, 0.3, 0.1])
PROBABILITY = np.clip(RNG.beta(2, 4, N) + (GROUPS == "a") * 0.15, 0, 1).round(2)
TRUTH = RNG.random(N) < PROBABILITY
ROWS = pd.DataFrame({"p": PROBABILITY, "x": RNG.normal(size=N)})
CONSTRAINTS = [
    "demographic_parity",
    "true_positive_rate_parity",
    "false_positive_rate_parity",
    "equalized_odds",
]


class Plain:
    """A classifier whose probability is the column p."""

    def predict_proba(self, rows):
        return np.column_stack([1 - rows.p, rows.p])

    def predict(self, rows):
        return (rows.p >= 0.5).to_numpy()


def asked(constraint):
    return Mitigation(
        method="fairlearn.postprocessing.ThresholdOptimizer", by="g", constraint=constraint
    )


def model(constraint):
    outcome = optimise(asked(constraint), PROBABILITY, TRUTH, GROUPS)
    return GroupThresholds(Plain(), "g", outcome.rules)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_each_rules_share_of_yes_is_fairlearns_own(constraint):
    optimiser = fitted_optimiser(asked(constraint), PROBABILITY, TRUTH, GROUPS)
    theirs = optimiser._pmf_predict(PROBABILITY.reshape(-1, 1), sensitive_features=GROUPS)[:, 1]
    rules = model(constraint).rules
    for group, rule in rules.items():
        here = group == GROUPS
        assert yes_share(PROBABILITY[here], rule) == pytest.approx(theirs[here], abs=1e-12)


@pytest.mark.parametrize("constraint", CONSTRAINTS)
def test_the_decisions_come_to_the_share_that_fairlearn_expects(constraint):
    optimiser = fitted_optimiser(asked(constraint), PROBABILITY, TRUTH, GROUPS)
    expected = optimiser._pmf_predict(PROBABILITY.reshape(-1, 1), sensitive_features=GROUPS)[:, 1]
    decided = model(constraint).predict(ROWS, GROUPS)
    for group in "abc":
        here = group == GROUPS
        spread = np.sqrt((expected[here] * (1 - expected[here])).sum()) / here.sum()
        assert abs(decided[here].mean() - expected[here].mean()) <= 4 * spread + 1e-12


def test_a_lottery_is_held_somewhere_or_the_tests_above_say_little():
    shares = np.concatenate(
        [yes_share(PROBABILITY, rule) for c in CONSTRAINTS for rule in model(c).rules.values()]
    )
    assert ((shares > 0.01) & (shares < 0.99)).any()


@given(chosen=st.lists(st.integers(0, 499), min_size=1, max_size=40, unique=True))
def test_a_persons_answer_depends_on_no_one_else_in_the_batch(chosen):
    rules = dict.fromkeys("abc", (0.0, 0.0, ((0.5, ">", 0.3), (0.5, ">", 0.6))))
    thresholds = GroupThresholds(Plain(), "g", rules)
    everyone = thresholds.predict(ROWS[:500], GROUPS[:500])
    some = thresholds.predict(ROWS.iloc[chosen], GROUPS[chosen])
    assert (some == everyone[chosen]).all()


def test_draws_are_uniform_and_know_text_dates_and_missing_values():
    rows = pd.DataFrame(
        {
            "n": [1.0, np.nan, 1.0],
            "t": pd.Series(["a", np.nan, "b"], dtype="str"),
            "d": pd.to_datetime(["2020-01-01", None, "2020-01-01"]).astype("datetime64[us]"),
        }
    )
    assert len(set(draws(rows))) == 3
    drawn = np.sort(draws(ROWS))
    assert np.abs(drawn - (np.arange(N) + 0.5) / N).max() < 2 / np.sqrt(N)
    assert ((drawn >= 0) & (drawn < 1)).all()


def test_a_group_without_a_rule_gets_the_models_own_threshold():
    rules = {"a": (1.0, 0.0, ((1.0, ">", np.inf), (0.0, ">", np.inf)))}  # always no
    decided = GroupThresholds(Plain(), "g", rules).predict(ROWS, GROUPS)
    assert not decided[GROUPS == "a"].any()
    others = GROUPS != "a"
    assert (decided[others] == (PROBABILITY[others] >= 0.5)).all()


def test_a_group_with_one_outcome_has_no_rule_and_is_named():
    groups = GROUPS.copy()
    groups[:30] = "tiny"
    truth = TRUTH.copy()
    truth[:30] = False
    outcome = optimise(asked("demographic_parity"), PROBABILITY, truth, groups)
    assert outcome.without_rule == ["tiny"]
    assert sorted(outcome.rules) == ["a", "b", "c"]


def test_rows_that_were_never_held_out_take_no_part():
    probability = np.where(np.arange(N) < 5000, np.nan, PROBABILITY)
    cut = optimise(asked("demographic_parity"), probability, TRUTH, GROUPS)
    direct = optimise(asked("demographic_parity"), PROBABILITY[5000:], TRUTH[5000:], GROUPS[5000:])
    assert cut == direct


def test_fewer_than_two_usable_groups_are_refused():
    with pytest.raises(DataError, match="fewer than two groups of 'g'"):
        optimise(asked("demographic_parity"), PROBABILITY, TRUTH, np.full(N, "a", dtype=object))
