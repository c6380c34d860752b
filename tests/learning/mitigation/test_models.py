from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.learning.mitigation.models import GroupThresholds, Lottery, needs_groups, row_draws

RNG = np.random.default_rng(3)
N = 20_000
GROUPS = RNG.choice(np.array(["a", "b", "c"], dtype=object), N, p=[0.6, 0.3, 0.1])
PROBABILITY = np.clip(RNG.beta(2, 4, N) + (GROUPS == "a") * 0.15, 0, 1).round(2)
ROWS = pd.DataFrame({"p": PROBABILITY, "x": RNG.normal(size=N)})


class Plain:
    """A classifier whose probability is the column p."""

    def predict_proba(self, rows):
        return np.column_stack([1 - rows.p, rows.p])

    def predict(self, rows):
        return (rows.p >= 0.5).to_numpy()


class From:
    """A classifier of numbers from a limit on."""

    def __init__(self, limit):
        self.limit = limit

    def predict(self, matrix):
        return (matrix >= self.limit).astype(int)


class Prepare:
    """Makes of rows what classifiers take."""

    def transform(self, rows):
        return rows.p.to_numpy()


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
    assert len(set(row_draws(rows))) == 3
    drawn = np.sort(row_draws(ROWS))
    assert np.abs(drawn - (np.arange(N) + 0.5) / N).max() < 2 / np.sqrt(N)
    assert ((drawn >= 0) & (drawn < 1)).all()


def test_a_group_without_a_rule_gets_the_models_own_threshold():
    rules = {"a": (1.0, 0.0, ((1.0, ">", np.inf), (0.0, ">", np.inf)))}  # always no
    decided = GroupThresholds(Plain(), "g", rules).predict(ROWS, GROUPS)
    assert not decided[GROUPS == "a"].any()
    others = GROUPS != "a"
    assert (decided[others] == (PROBABILITY[others] >= 0.5)).all()


def test_a_lottery_says_yes_as_often_as_its_shares_say():
    lottery = Lottery(Plain(), Prepare(), [(0.25, From(0.2)), (0.75, From(0.6))])
    decided = lottery.predict(ROWS)
    assert not decided[PROBABILITY < 0.2].any()
    assert decided[PROBABILITY >= 0.6].all()
    between = (PROBABILITY >= 0.2) & (PROBABILITY < 0.6)
    assert decided[between].mean() == pytest.approx(0.25, abs=4 * np.sqrt(0.19 / between.sum()))


@given(chosen=st.lists(st.integers(0, 499), min_size=1, max_size=40, unique=True))
def test_a_lotterys_answer_depends_on_no_one_else_in_the_batch(chosen):
    lottery = Lottery(Plain(), Prepare(), [(0.5, From(0.2)), (0.5, From(0.6))])
    assert (lottery.predict(ROWS.iloc[chosen]) == lottery.predict(ROWS[:500])[chosen]).all()


def test_only_thresholds_need_groups_and_both_keep_the_plain_probability():
    lottery, thresholds = Lottery(Plain(), Prepare(), []), GroupThresholds(Plain(), ["g"], {})
    assert (needs_groups(lottery), needs_groups(thresholds)) == (False, True)
    for model in (lottery, thresholds):
        assert (model.predict_proba(ROWS)[:, 1] == PROBABILITY).all()
