"""Noise among rows with equal features, against noise that is known."""

import numpy as np
import pytest

from assay.problems.feasibility.repeated_cells import RepeatedCells
from assay.problems.multiclass.ceiling import best_scores
from assay.problems.multiclass.ceiling import noise_bounds as class_bounds
from assay.problems.regression.ceiling import noise_bounds


def cells_of(codes: np.ndarray) -> RepeatedCells:
    return RepeatedCells.from_hashes(codes.astype(np.uint64))


@pytest.mark.parametrize("seed", range(3))
def test_the_ceiling_is_the_r2_of_the_model_that_knows(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, 600, 4000)
    truth = rng.normal(size=600)[codes]
    found = noise_bounds(cells_of(codes), 3 + truth + 1.5 * rng.normal(size=4000), seed)
    best = truth.var() / (truth.var() + 2.25)
    assert found["r2"].value == pytest.approx(best, abs=0.03)
    assert found["r2"].interval.low < best < found["r2"].interval.high
    assert found["rmse"].value == pytest.approx(1.5, abs=0.04)


def test_the_unit_and_the_order_of_rows_change_nothing() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 100, 1000)
    amounts = codes + 30 * rng.normal(size=1000)
    one = noise_bounds(cells_of(codes), amounts, 0)
    order = rng.permutation(1000)
    other = noise_bounds(cells_of(codes[order]), 1e6 * amounts[order] + 5e7, 0)
    assert other["r2"].value == pytest.approx(one["r2"].value)
    assert other["rmse"].value == pytest.approx(1e6 * one["rmse"].value)


def test_rows_of_their_own_count_as_without_noise_and_few_repeats_bound_nothing() -> None:
    rng = np.random.default_rng(1)
    codes = np.concatenate([rng.integers(0, 100, 600), np.arange(1000, 1400)])
    amounts = rng.normal(size=1000)
    assert noise_bounds(cells_of(codes), amounts, 0)["r2"].value == pytest.approx(0.4, abs=0.07)
    assert noise_bounds(cells_of(np.arange(1000)), amounts, 0) == {}
    assert noise_bounds(cells_of(np.arange(1000) // 400), amounts, 0) == {}


def test_bounds_of_classes_hold_the_scores_of_the_model_that_knows() -> None:
    rng = np.random.default_rng(2)
    shares = rng.dirichlet([1, 1, 1], 40)
    codes = rng.integers(0, 40, 6000)
    classes = (rng.random(6000)[:, None] > shares[codes].cumsum(axis=1)).sum(axis=1)
    found = class_bounds(cells_of(codes), classes, 3, 0)
    assert found["accuracy"].value == pytest.approx(shares.max(axis=1)[codes].mean(), abs=0.02)
    brier = (1 - (shares**2).sum(axis=1))[codes].mean()
    assert found["brier"].value == pytest.approx(brier, abs=0.02)
    entropy = -(shares * np.log(shares)).sum(axis=1)[codes].mean()
    assert found["log_loss"].value == pytest.approx(entropy, abs=0.03)


def test_what_a_cell_s_commonest_class_gets_right() -> None:
    right, entropy = best_scores(cells_of(np.array([7, 7, 7, 9, 9])), np.array([0, 0, 2, 1, 1]), 3)
    assert right.tolist() == [2, 2]
    assert entropy == pytest.approx([3 * 0.6365141682948128, 0])
