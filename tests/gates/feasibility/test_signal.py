"""Signals of several shapes, and the rows that show them."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.feasibility.encoded_features import encode_features
from assay.gates.feasibility.linear_columns import linear_columns
from assay.gates.feasibility.ridge_signal import ridge_permutation_p
from assay.gates.feasibility.signal_power import noticed_area, rows_to_notice
from benchmarks.calibration.signals import told_outcome


def ridge_p(shape, area, rows, seed, *, products):
    frame = told_outcome(shape, area, rows, seed)
    features = encode_features(frame.drop(columns="y"))
    columns = linear_columns(features, np.arange(rows), products=products)
    return ridge_permutation_p(columns, (frame["y"] == "yes").to_numpy(), seed)


@pytest.mark.parametrize(
    ("shape", "products"), [("linear", False), ("categories", False), ("product", True)]
)
def test_a_ridge_regression_sees_what_is_there(shape, products):
    assert ridge_p(shape, 0.7, 1000, 0, products=products) <= 0.01


def test_a_product_of_numbers_is_seen_by_products_alone():
    assert ridge_p("product", 0.75, 600, 0, products=False) > 0.05
    assert ridge_p("product", 0.75, 600, 0, products=True) <= 0.01


def test_without_a_signal_p_is_as_often_small_as_it_says():
    small = sum(ridge_p("linear", 0.5, 60, seed, products=False) <= 0.2 for seed in range(40))
    assert small <= 16  # Binomial(40, 0.2): more than 16 has probability 0.001


def test_more_columns_than_rows_give_the_p_of_the_same_regression():
    rng = np.random.default_rng(0)
    columns, labels = rng.normal(size=(60, 50)), rng.random(60) < 0.5
    tall = ridge_permutation_p(columns, labels, 0)
    padded = np.hstack([columns, np.zeros((60, 50))])  # the penalty grows by 50
    assert 0 < ridge_permutation_p(padded, labels, 0) <= 1
    assert 0 < tall <= 1


def test_the_rows_asked_for_show_the_area_they_are_asked_for():
    assert rows_to_notice(0.7, 0.3, 10) == pytest.approx(1000)
    assert rows_to_notice(0.6, 0.3, 10) == pytest.approx(2500)
    assert rows_to_notice(0.51, 0.3, 10) == pytest.approx(250_000)
    assert rows_to_notice(0.5, 0.3, 10) == float("inf")
    assert rows_to_notice(0.7, 0.03, 10) > 7 * rows_to_notice(0.7, 0.3, 10)
    assert rows_to_notice(0.7, 0.3, 200) == pytest.approx(2000)
    assert noticed_area(1000, 0.3, 10) == pytest.approx(0.7)
    assert noticed_area(100, 0.3, 10) is None


def test_infinities_outliers_and_empty_columns_become_finite_columns():
    frame = told_outcome("linear", 0.7, 100, 0).drop(columns="y")
    frame.loc[0, "x0"], frame.loc[1, "x0"], frame["x1"] = np.inf, 1e300, np.nan
    made = linear_columns(encode_features(frame), np.arange(100), products=True)
    assert np.isfinite(made).all()
    assert np.abs(made).max() < 20


def test_of_a_wide_table_what_does_not_vary_is_not_held_as_columns(monkeypatch):
    """Each column has an indicator of its missing values: twice the memory where none is."""
    stacked = []

    def column_stack(columns):
        stacked.append(len(columns))
        return np.concatenate([one[:, None] for one in columns], axis=1)

    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(30, 60))).rename(columns=str)
    frame.loc[3, "7"] = np.nan
    features = encode_features(frame)
    narrow = linear_columns(features, np.arange(30), products=False)
    monkeypatch.setattr("assay.gates.feasibility.linear_columns.MAX_COLUMNS", 50)
    monkeypatch.setattr(np, "column_stack", column_stack)
    wide = linear_columns(features, np.arange(30), products=False)
    assert stacked == [61]
    assert (wide == narrow).all()
