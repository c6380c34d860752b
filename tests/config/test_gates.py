"""Limits of the settings of gates."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from assay.config.gates import Performance, UnitCost


@pytest.mark.parametrize("given", [(1e300, 1e-300), (1e13, 1e13), (1, 2e6), (2e6, 1)])
def test_costs_of_a_quantile_that_no_rows_can_tell_are_refused(given):
    with pytest.raises(ValidationError, match="costs may be"):
        UnitCost(too_low=given[0], too_high=given[1])


def test_costs_a_million_times_apart_are_accepted():
    assert UnitCost(too_low=1, too_high=1_000_000).quantile == pytest.approx(1e-6, rel=1e-5)


def test_costs_of_classes_that_would_overflow_are_refused():
    assert Performance(cost_matrix={"killed": {"none": 1e12}}).cost_matrix
    with pytest.raises(ValidationError, match=r"cost_matrix.killed.none is 1e\+308"):
        Performance(cost_matrix={"killed": {"none": 1e308}})
