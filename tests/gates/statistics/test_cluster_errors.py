"""Errors of rows in clusters: published formulas, worked by hand."""

import numpy as np
import pytest

from assay.gates.statistics.cluster_errors import (
    cluster_error,
    clustered_mean_limits,
    clustered_share_limits,
    find_clusters,
    mean_error,
    spread_of,
)
from assay.gates.statistics.proportions import wilson_limits


def test_a_worked_example_of_cr2_and_its_degrees_of_freedom():
    values, of = [1, 1, 0, 1, 0, 0, 0, 1, 1, 1], [0, 0, 0, 1, 1, 2, 2, 2, 2, 3]
    found = mean_error(values, of)
    assert found.variance == pytest.approx(0.00551587, abs=1e-8)
    assert found.freedom == pytest.approx(2.39241, abs=1e-5)


@pytest.mark.parametrize(("sizes", "freedom"), [([50] * 20, 19.0), ([50] + [10] * 5, 2.79310)])
def test_degrees_of_freedom_count_equal_clusters_and_fewer_of_unequal_ones(sizes, freedom):
    of = np.repeat(np.arange(len(sizes)), sizes)
    assert cluster_error(np.zeros(len(of)), of).freedom == pytest.approx(freedom, abs=1e-5)


def test_rows_of_their_own_have_the_usual_variance():
    values = np.random.default_rng(0).normal(size=40)
    found = mean_error(values, np.arange(40))
    assert found.variance == pytest.approx(values.var(ddof=1) / 40)
    assert found.freedom == pytest.approx(39)
    assert found.effective == pytest.approx(40)


def test_counted_rows_are_worth_as_many_of_the_same_cluster():
    of, values, counts = np.array([0, 0, 1, 2, 2]), np.array([1, 0, 1, 0, 0]), [3, 1, 2, 5, 1]
    counted = mean_error(values, of, counts)
    repeated = mean_error(np.repeat(values, counts), np.repeat(of, counts))
    assert counted.variance == pytest.approx(repeated.variance)
    assert counted.freedom == pytest.approx(repeated.freedom)


def test_one_cluster_says_nothing():
    spread = spread_of(mean_error([1, 0, 1], [4, 4, 4]))
    assert [side.item() for side in clustered_share_limits(2 / 3, 3, spread)] == [0, 1]
    assert np.isnan(clustered_mean_limits(2 / 3, (0, 1), spread)).all()


def test_a_share_of_none_counts_each_cluster_as_one_row():
    spread = spread_of(mean_error(np.zeros(400), np.repeat(np.arange(40), 10)))
    low, high = clustered_share_limits(0.0, 400, spread)
    assert low == 0
    assert high > wilson_limits(0, 40)[1] > wilson_limits(0, 400)[1]  # by Student's quantile


def test_estimates_of_the_same_clusters_are_correlated():
    of = np.repeat(np.arange(30), 4)
    values = np.random.default_rng(0).normal(size=30)[of]
    one, two = mean_error(values[::2], of[::2]), mean_error(values[1::2], of[1::2])
    assert one.correlation(two) == pytest.approx(1)
    assert one.plus(two.times(-1)).variance == pytest.approx(0)
    assert one.correlation(mean_error(values, of + 100)) == 0


def test_clusters_that_are_all_alike_have_no_variance_but_for_rounding():
    of, values = np.repeat(np.arange(20), 3), np.tile([0.1, 0.2, 0.7], 20)
    spread = spread_of(mean_error(values, of))
    assert spread.variance == 0
    low, high = clustered_mean_limits(values.mean(), (0.0, 1.0), spread)
    assert low < values.mean() < high


def test_units_that_never_repeat_make_no_clusters():
    assert find_clusters(np.array([5, 3, 4]), "id") is None
    assert find_clusters(None, "id") is None
    assert find_clusters(np.array(["b", "a", "b"]), "id").codes.tolist() == [1, 0, 1]
