from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.learning.mitigation.reweighing import ReweighingWeights, reweighing_weights

PEOPLE = st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), min_size=1, max_size=60)


def split(people):
    groups = np.array([group for group, _ in people], dtype=object)
    return groups, np.array([truth for _, truth in people])


def test_the_weights_are_those_of_the_paper():
    """The worked example of Kamiran & Calders 2012: ten applicants, six of whom got in."""
    groups = np.array(list("mmmmmfffff"), dtype=object)
    truth = np.array([1, 1, 1, 1, 0, 1, 1, 0, 0, 0], bool)
    found = reweighing_weights(groups, truth)
    by_cell = {(g, t): w for g, t, w in zip(groups, truth, found, strict=True)}
    assert by_cell["f", True] == pytest.approx(0.5 * 0.6 / 0.2)  # 1.5
    assert by_cell["f", False] == pytest.approx(0.5 * 0.4 / 0.3)  # 0.67
    assert by_cell["m", True] == pytest.approx(0.5 * 0.6 / 0.4)  # 0.75
    assert by_cell["m", False] == pytest.approx(0.5 * 0.4 / 0.1)  # 2


@given(people=PEOPLE)
def test_weighted_outcomes_are_as_frequent_in_every_group_that_has_both(people):
    groups, truth = split(people)
    found = reweighing_weights(groups, truth)
    assert (found > 0).all()
    for group in set(groups):
        here = groups == group
        if len(set(truth[here])) == 2:
            assert np.average(truth[here], weights=found[here]) == pytest.approx(truth.mean())


@given(people=PEOPLE, strength=st.floats(0.01, 1))
def test_the_strength_is_an_exponent(people, strength):
    groups, truth = split(people)
    assert reweighing_weights(groups, truth, strength) == pytest.approx(
        reweighing_weights(groups, truth) ** strength
    )


@given(people=PEOPLE, seed=st.integers(0, 99))
def test_a_folds_weights_rest_on_its_own_rows_alone(people, seed):
    groups, truth = split(people)
    rows = np.random.default_rng(seed).permutation(len(groups))[: (len(groups) + 1) // 2]
    assert (
        ReweighingWeights(groups, truth, 1.0)(rows) == reweighing_weights(groups[rows], truth[rows])
    ).all()
