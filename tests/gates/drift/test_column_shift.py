"""Columns: measures are those of the raw rows, false alarms keep the level, shifts are found."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import stats

from assay.config.gates import DriftSettings
from assay.gates.drift.checks import _describe_shift
from assay.gates.drift.column_shift import measure_shifts
from assay.gates.report import Verdict
from assay.tables.profiled_table import profile_and_sample
from tests.gates.drift.trials import resampled, shifted, stored

ASK = DriftSettings()


def one(reference, current, name="c", ask=ASK):
    sides = [
        profile_and_sample(stored(pa.table({name: values}), "t")) for values in (reference, current)
    ]
    return measure_shifts(*sides, [name], ask)[0]


def test_measures_of_numbers_equal_scipys_on_the_rows():
    rng = np.random.default_rng(0)
    old, new = rng.integers(0, 400, 5000) / 4, rng.integers(30, 420, 3000) / 4
    found = one(old, new)
    assert found.ks == pytest.approx(stats.ks_2samp(old, new).statistic, abs=1e-12)
    moved = stats.wasserstein_distance(old, new) / old.std()
    assert found.wasserstein == pytest.approx(moved, rel=1e-6)
    assert found.unseen_share == pytest.approx(np.mean((new < old.min()) | (new > old.max())))


def test_measures_beyond_exact_counting_stay_within_a_hundredth():
    rng = np.random.default_rng(0)
    old, new = rng.lognormal(0, 1, 40_000), rng.lognormal(0.2, 1, 40_000)
    found = one(old, new)
    assert found.ks == pytest.approx(stats.ks_2samp(old, new).statistic, abs=0.01)
    moved = stats.wasserstein_distance(old, new) / old.std()
    assert found.wasserstein == pytest.approx(moved, rel=0.02)
    assert found.verdict is Verdict.PASS  # a fifth of a standard deviation, a distance of 0.07


def test_an_atom_among_many_values_is_no_shift_when_fewer_rows_come():
    rng = np.random.default_rng(0)
    rows = np.where(rng.random(60_000) < 0.5, 0.0, rng.random(60_000).round(5))
    found = one(rows, rows[:2000])
    assert found.ks == pytest.approx(stats.ks_2samp(rows, rows[:2000]).statistic, abs=0.005)
    assert found.effect < 0.05
    assert found.unseen_share == 0
    assert one(rows[:2000], rows).effect < 0.05
    negative = -0.1 - np.where(rows == 0, 0.37, rows)
    assert one(negative[:2000], negative).effect < 0.05
    assert one(negative, negative[:2000]).effect < 0.05


def test_measures_of_text_follow_from_its_counts():
    old, new = ["a"] * 600 + ["b"] * 400, ["a"] * 300 + ["b"] * 600 + ["z"] * 100
    rng = np.random.default_rng(0)
    old, new = rng.permutation(old), rng.permutation(new)
    found = one(old, new)
    chi = stats.chi2_contingency([[600, 400, 0], [300, 600, 100]]).statistic
    assert found.chi_square == pytest.approx(chi)
    assert (found.new_values, found.lost_values, found.unseen_share) == (("z",), (), 0.1)
    assert found.has_shifted
    back = one(new, old)
    assert (back.new_values, back.lost_values) == ((), ("z",))


def test_missing_values_are_a_shift_of_their_own():
    values = np.random.default_rng(0).normal(size=3000)
    holed = pa.array(np.where(np.arange(3000) % 3 == 0, np.nan, values), from_pandas=True)
    found = one(values, holed)
    assert found.has_shifted
    assert found.missing_shares == (0.0, pytest.approx(1 / 3))


def test_a_sorted_reference_says_nothing_of_chance_unless_its_order_is_arbitrary():
    old, new = ["a"] * 600 + ["b"] * 400, ["a"] * 300 + ["b"] * 700
    assert one(old, new).verdict is Verdict.UNKNOWN
    assert one(old, new, ask=DriftSettings(order="arbitrary")).has_shifted


@pytest.fixture(scope="module")
def people():
    frame = pd.DataFrame()
    rng = np.random.default_rng(8)
    for i in range(6):
        frame[f"n{i}"] = rng.normal(size=5000)
        frame[f"t{i}"] = rng.choice(list("abcdefgh"), 5000)
    return pa.Table.from_pandas(frame)


def alarms(reference, batches):
    seen = profile_and_sample(stored(reference, "r"))
    names = reference.column_names
    return [
        any(
            s.has_shifted
            for s in measure_shifts(seen, profile_and_sample(stored(batch, "c")), names, ASK)
        )
        for batch in batches
    ]


@pytest.mark.parametrize("size", [150, 1000])
def test_batches_of_the_reference_alarm_no_more_often_than_the_level(people, size):
    found = alarms(people, [resampled(people, size, seed=s) for s in range(40)])
    assert np.mean(found) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 40)


def test_rows_in_runs_do_not_alarm(people):
    """The reference is sorted in stretches of 250 rows that differ, and so are the batches."""
    order = np.random.default_rng(1).permutation(len(people))
    stretch = np.lexsort((people["n0"].to_numpy()[order], np.arange(len(order)) // 1000))
    sorted_rows = people.take(pa.array(order[stretch])).select(["n0", "t0"])
    batches = [resampled(sorted_rows, 1000, run=125, seed=s) for s in range(30)]
    assert np.mean(alarms(sorted_rows, batches)) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 30)


def test_a_third_of_a_deviation_is_found_among_a_thousand_rows(people):
    batches = [shifted(resampled(people, 1000, seed=s), "n3", 0.33) for s in range(20)]
    seen = profile_and_sample(stored(people, "r"))
    found = [
        [
            s.name
            for s in measure_shifts(
                seen, profile_and_sample(stored(b, "c")), people.column_names, ASK
            )
            if s.has_shifted
        ]
        for b in batches
    ]
    assert sum("n3" in names for names in found) >= 19


def test_few_rows_look_far_apart_and_are_not_called_shifted(people):
    found = one(people["n0"].to_numpy(), people["n0"].to_numpy()[:90])
    assert found.effect > ASK.effect
    assert found.verdict is Verdict.PASS


LEVELS = np.array([f"shop {i}" for i in range(11_000)])


def zipf(levels):
    shares = np.arange(1, levels + 1) ** -0.8
    return shares / shares.sum()


def many_levels(shares, old, new, seed, run=1):
    """Both sides drawn from one distribution, each level in `run` rows on end."""
    rng = np.random.default_rng(seed)
    return [
        LEVELS[np.repeat(rng.choice(len(shares), rows // run, p=shares), run)]
        for rows in (old, new)
    ]


@pytest.mark.parametrize(
    ("shares", "old", "new", "run"),
    [
        (zipf(1000), 5000, 1000, 1),
        (np.full(1000, 1e-3), 5000, 1000, 1),
        (np.full(1000, 1e-3), 500, 20_000, 1),
        (zipf(10_000), 5000, 500, 1),
        (zipf(1000), 5000, 1000, 20),
    ],
)
def test_columns_of_many_levels_do_not_alarm_when_nothing_moved(shares, old, new, run):
    found = [one(*many_levels(shares, old, new, seed, run)).has_shifted for seed in range(15)]
    assert sum(found) <= 2


def test_one_level_that_grows_among_many_is_found():
    old, new = many_levels(zipf(1000), 5000, 1000, seed=0)
    new[:100] = LEVELS[500]
    found = one(old, np.random.default_rng(0).permutation(new))
    assert found.has_shifted
    assert found.grid.labels[np.argmax(found.current - found.reference / 5)] == LEVELS[500]


def test_many_new_levels_are_found_though_each_is_rare():
    old, new = many_levels(zipf(1000), 5000, 1000, seed=0)
    new[::10] = LEVELS[10_000 + np.arange(100)]
    found = one(old, new)
    assert found.unseen_share > found.expected_unseen + 0.05
    assert found.has_shifted


def test_new_levels_are_expected_where_each_stretch_of_the_reference_has_its_own():
    """Three rows in ten hold a number that never comes again."""
    rng = np.random.default_rng(0)
    rows = np.where(rng.random(6000) < 0.3, np.arange(6000).astype(str), "known")
    found = one(rows[:5000], rows[5000:])
    assert found.unseen_share == pytest.approx(0.3, abs=0.05)
    assert found.expected_unseen == pytest.approx(found.unseen_share, abs=0.05)
    assert not found.has_shifted


def test_a_short_reference_in_long_runs_tells_what_it_was_compared_by():
    rng = np.random.default_rng(3)
    rows = np.repeat(rng.normal(size=10), 200) + rng.normal(size=2000) / 2
    found = one(rows[:1000], rows[1000:])
    assert found.alike_rows == 50
    assert found.verdict is not Verdict.CAUTION
    assert "over 50 neighbouring rows of the reference are alike" in _describe_shift(found)
    told = one(rows[:1000], rows[1000:], ask=DriftSettings(order="arbitrary"))
    assert told.alike_rows is None
    alone = one(rng.normal(size=1000), rng.normal(size=1000))
    assert alone.alike_rows is None
    assert "alike" not in _describe_shift(alone)
