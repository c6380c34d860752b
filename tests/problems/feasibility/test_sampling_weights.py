"""Columns that look like the weights of a survey."""

import numpy as np
import pandas as pd
import pytest

from assay.problems.feasibility.sampling_weights import check_sampling_weights
from assay.problems.regression.amount_rows import AMOUNTS, AmountRows
from tests.problems.feasibility.made import amount_use_case


def rows_with(name: str, values: np.ndarray) -> AmountRows:
    frame = pd.DataFrame({name: values, "pay": np.arange(len(values), dtype=float)})
    return AmountRows.from_rows(frame, amount_use_case(), 0, AMOUNTS)


LONG = np.exp(2.5 * np.random.default_rng(0).normal(size=400))


@pytest.mark.parametrize("name", ["weight", "PWGTP_weight", "finalwgt", "perwt", "case weights"])
def test_a_long_tailed_weight_is_named_with_its_line(name: str) -> None:
    [check] = check_sampling_weights(rows_with(name, LONG), {name: 0.4}, "R2")
    assert check.name == f"leakage[{name}]"
    assert f"data.weight: {name}," in check.remedy
    assert f"data.exclude: [{name}]" in check.remedy
    effective = LONG.sum() ** 2 / (LONG**2).sum()
    assert f"{effective:,.0f} independent" in check.why


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("weight", 60 + 15 * np.random.default_rng(0).normal(size=400)),  # of people, in kg
        ("income", LONG),
        ("weight", LONG - 1),
        ("growth", LONG),
    ],
)
def test_other_columns_are_not(name: str, values: np.ndarray) -> None:
    assert check_sampling_weights(rows_with(name, values), {name: 0.4}, "R2") == []
