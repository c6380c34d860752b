"""Runs of alike rows do not pass for drift, and independent rows lose nothing by being asked."""

import numpy as np
import pytest
from scipy import stats
from scipy.signal import lfilter

from assay.gates.statistics.window_variation import (
    clustered_chi_square,
    jackknife_error,
    measure_longer_windows,
    measure_window_variation,
)

CELLS = 8


def runs(rng, rows, length):
    """Rows in runs: half of each run's rows share one cell."""
    shared = np.repeat(rng.integers(0, CELLS, -(-rows // length)), length)[:rows]
    return np.where(rng.random(rows) < 0.5, shared, rng.integers(0, CELLS, rows))


def p_value(reference, current, windows=20):
    table = [np.bincount(w, minlength=CELLS) for w in np.array_split(reference, windows)]
    known = measure_window_variation(table, len(reference) / windows)
    return clustered_chi_square(
        np.sum(table, axis=0), np.bincount(current, minlength=CELLS), known
    ).p


@pytest.mark.parametrize("length", [1, 100])
def test_the_level_holds_whether_rows_come_in_runs_or_not(length):
    rng = np.random.default_rng(11)
    p = [p_value(runs(rng, 4000, length), runs(rng, 1000, length)) for _ in range(400)]
    for level in (0.05, 0.01):
        # The share of false alarms, and three standard errors of it.
        assert np.mean(np.array(p) <= level) <= level + 3 * np.sqrt(level * (1 - level) / 400)


def test_pearsons_test_would_alarm_on_runs():
    rng = np.random.default_rng(11)
    p = []
    for _ in range(100):
        counts = [np.bincount(runs(rng, n, 100), minlength=CELLS) for n in (4000, 1000)]
        p.append(stats.chi2_contingency(counts).pvalue)
    assert np.mean(np.array(p) <= 0.05) > 0.5


def test_a_real_shift_is_found_among_independent_rows():
    rng = np.random.default_rng(5)
    found = 0
    for _ in range(100):
        current = np.where(rng.random(1000) < 0.1, 0, rng.integers(0, CELLS, 1000))
        found += p_value(rng.integers(0, CELLS, 4000), current) <= 0.01
    assert found >= 95


def test_independent_rows_give_pearsons_statistic():
    rng = np.random.default_rng(5)
    counts = [np.bincount(rng.integers(0, CELLS, n), minlength=CELLS) for n in (4000, 1000)]
    known = measure_window_variation([counts[0]], 4000)
    found = clustered_chi_square(*counts, known)
    assert known.between_variance == 0
    assert found.statistic == pytest.approx(stats.chi2_contingency(counts).statistic)


def test_a_row_or_two_beyond_what_the_reference_held_are_no_shift():
    """Of 2,000 rows one in ten batches has such a row, though nothing moved."""
    reference, current = np.append(np.full(10, 4000), 0), np.append(np.full(10, 200), 0)
    known = measure_window_variation([reference / 20] * 20, 2000)
    for rows, least in ((1, 0.5), (2, 0.5), (30, 0.0)):
        current[-1] = rows
        p = clustered_chi_square(reference, current, known).p
        assert p >= least
        assert rows < 5 or p < 1e-6


def test_many_rows_that_the_reference_never_held_are_a_shift_of_a_constant_too():
    known = measure_window_variation([[2000, 0]] * 20, 2000)
    assert clustered_chi_square([40_000, 0], [1950, 50], known).p < 1e-6
    assert clustered_chi_square([40_000, 0], [1999, 1], known).p == 1.0


def test_clustering_tells_how_far_windows_differ_beyond_chance():
    rng = np.random.default_rng(0)
    shares = rng.beta(30, 70, 400)  # variance p q / 101: `between_variance` is 1 / 101
    table = np.array([(k, 500 - k) for k in rng.binomial(500, shares)])
    assert measure_window_variation(table, 500).between_variance == pytest.approx(1 / 101, rel=0.25)


@pytest.mark.parametrize("counts", [([0, 0], [0, 0]), ([9, 0], [5, 0]), ([0, 0], [3, 4])])
def test_what_has_no_meaning_is_no_alarm(counts):
    assert clustered_chi_square(*counts, measure_window_variation([counts[0]], 9)).p == 1.0


def test_the_jackknife_of_a_mean_is_its_standard_error():
    rng = np.random.default_rng(1)
    blocks = rng.normal(size=50)
    without = (blocks.sum() - blocks) / 49
    assert jackknife_error(without) == pytest.approx(blocks.std(ddof=1) / np.sqrt(50))
    assert np.isnan(jackknife_error([1.0]))


def test_where_all_hangs_on_one_block_nothing_says_how_sure_it_is():
    assert np.isnan(jackknife_error([1.0, 1.01, 0.99, np.nan]))


def correlated(rng, rows, length):
    """An autoregressive series, half of it noise, in cells."""
    kept = np.exp(-1 / length)
    steps = rng.normal(size=rows) * np.sqrt(1 - kept**2)
    steps[0] = rng.normal()
    series = lfilter([1], [1, -kept], steps) + rng.normal(size=rows)
    return np.digitize(series, [-1.5, -0.8, -0.3, 0, 0.3, 0.8, 1.5])


def p_values(draw, length, seeds=100):
    """By windows of a twentieth of a short reference, and by longer ones besides."""
    found = []
    for seed in range(seeds):
        rows = draw(np.random.default_rng(seed), 2000, length)
        reference, current = rows[:1000], rows[1000:]
        table = [np.bincount(w, minlength=CELLS) for w in np.array_split(reference, 20)]
        counts = np.sum(table, axis=0), np.bincount(current, minlength=CELLS)
        first = measure_window_variation(table, 50)
        p = [
            clustered_chi_square(*counts, known).p
            for known in (first, *measure_longer_windows(table, 50))
        ]
        found.append((p[0], max(p)))
    return np.array(found).T


@pytest.mark.parametrize(("draw", "most"), [(runs, 0.1), (correlated, 0.25)])
def test_runs_longer_than_the_windows_of_a_short_reference_alarm_less(draw, most):
    short, longer = p_values(draw, 200)
    assert np.mean(short <= 0.05) > 0.3
    assert np.mean(longer <= 0.05) <= most


@pytest.mark.parametrize("length", [1, 10])
def test_where_neighbours_are_not_alike_longer_windows_change_nothing(length):
    short, longer = p_values(runs, length)
    assert np.mean(short == longer) > 0.9


def test_a_shift_of_independent_rows_is_found_as_before():
    rng = np.random.default_rng(0)
    table = [np.bincount(rng.integers(0, CELLS, 50), minlength=CELLS) for _ in range(20)]
    assert measure_longer_windows(table, 50) == []
    assert measure_longer_windows(table[:8], 50) == []
    assert measure_longer_windows(np.zeros((20, CELLS)), 50) == []
