"""What validation says of the weights of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from assay.config.row_weight import RowWeight
from assay.dataset.row_source import FrameRows
from assay.errors import DataError
from assay.gates.statistics.design_effect import effective_rows, weight_spread
from assay.gates.validation.weight_check import check_weights


def check(values, kind="sampling"):
    return check_weights(FrameRows(pd.DataFrame({"w": values})), RowWeight(column="w", kind=kind))


def test_it_tells_how_many_equal_rows_the_weighted_ones_are_worth():
    weights = np.repeat([1.0, 3.0], 500)
    found = check(weights)
    assert found.verdict == "pass"
    # Kish: 2,000 squared over 5,000.
    assert "1,000 rows tell as much as 800 equal ones (Kish's design effect 1.25)" in found.why
    assert found.estimate == pytest.approx(10 * 3 / 2000)


def test_a_few_rows_that_carry_the_weight_are_a_caution():
    weights = np.ones(1000)
    weights[:5] = 100
    found = check(weights)
    assert found.verdict == "caution"
    assert "the heaviest 1% carry 33.8% of all weight" in found.why
    assert found.remedy


def test_a_frequency_says_how_many_rows_the_table_stands_for():
    assert "100 rows stand for 250 observed ones" in check(np.repeat([2, 3], 50), "frequency").why
    with pytest.raises(DataError, match="50 of 100 rows have a frequency that is no whole number"):
        check(np.repeat([2, 2.5], 50), "frequency")


def test_frequencies_beyond_what_can_be_judged_row_by_row_are_refused():
    with pytest.raises(DataError, match="stand for 200,000,000 rows"):
        check(np.full(2, 10**8), "frequency")


def test_an_exposure_is_refused_with_what_it_is_for():
    with pytest.raises(ValidationError, match="make the target a rate"):
        RowWeight(column="w", kind="exposure")


def test_neither_the_unit_nor_the_size_of_weights_changes_what_they_are_worth():
    weights = np.exp(np.random.default_rng(0).normal(size=500))
    one, other = weight_spread(weights), weight_spread(weights * 1e200)
    assert one.effective == pytest.approx(other.effective)
    assert one.top == pytest.approx(other.top)
    assert effective_rows([]) == 0
    assert effective_rows([0, 0]) == 0
    assert effective_rows([1, 1, 1]) == pytest.approx(3)
