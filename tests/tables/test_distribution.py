"""Distributions add up exactly, whatever the order, and say how exact they are."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from assay.tables.distribution import MAX_KEYS, Distribution, keys_from_numbers, numbers_from_keys

ANY = st.floats(allow_nan=False, width=64)


def of(values):
    keys = keys_from_numbers(np.asarray(values, dtype=float))
    return Distribution.from_counts(keys, np.ones(len(keys), np.int64))


def same(a, b):
    return (
        a.dropped_bits == b.dropped_bits
        and (a.keys == b.keys).all()
        and (a.counts == b.counts).all()
    )


@given(hnp.arrays(np.float64, st.integers(0, 30), elements=ANY))
def test_keys_keep_the_order_and_come_back(values):
    keys = keys_from_numbers(values)
    assert (np.argsort(keys, kind="stable") == np.argsort(values + 0.0, kind="stable")).all()
    np.testing.assert_array_equal(numbers_from_keys(keys), values + 0.0)


def test_minus_zero_is_zero():
    assert len(of([0.0, -0.0]).keys) == 1


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32 - 1),
    sizes=st.lists(st.integers(0, 9000), min_size=1, max_size=4),
    shape=st.sampled_from(["normal", "heavy", "narrow", "whole", "signed"]),
)
def test_merging_in_any_order_equals_counting_at_once(seed, sizes, shape):
    rng = np.random.default_rng(seed)
    draw = {
        "normal": lambda n: rng.normal(size=n),
        "heavy": lambda n: rng.pareto(0.5, n),
        "narrow": lambda n: 1.5e15 + rng.random(n) * 1e6,
        "whole": lambda n: rng.integers(-6000, 6000, n).astype(float),
        "signed": lambda n: np.exp(rng.normal(size=n) * 20) * rng.choice([-1, 1], n),
    }[shape]
    rows = [draw(n) for n in sizes]
    parts = [of(r) for r in rows]
    whole = of(np.concatenate(rows))
    assert same(Distribution.merge(parts), whole)
    assert same(Distribution.merge(parts[::-1]), whole)
    left = parts[0]
    for part in parts[1:]:
        left = Distribution.merge([left, part])
    assert same(left, whole)
    assert whole.rows == sum(sizes)


def test_few_distinct_values_are_counted_exactly():
    found = of(np.arange(MAX_KEYS).repeat(3))
    assert found.exact
    assert (found.counts == 3).all()
    assert not of(np.arange(MAX_KEYS + 1)).exact


@pytest.mark.parametrize("low", [0.0, 1e6, -1e-9])
def test_many_values_are_known_to_within_the_stated_bound(low):
    values = np.sort(low + np.random.default_rng(1).normal(size=60_000))
    found = of(values)
    assert len(found.keys) <= MAX_KEYS
    assert found.dropped_bits <= 52
    kept = np.repeat(found.values(), found.counts)
    assert (
        np.abs(kept - values) <= np.abs(values) * 2.0 ** (found.dropped_bits - 52) + 1e-300
    ).all()


def test_the_widest_spread_of_all_doubles_still_fits():
    exponents = np.arange(-1000, 1000)
    values = np.concatenate([2.0**exponents, -(2.0**exponents), 3 * 2.0**exponents])
    found = of(values)
    assert found.dropped_bits <= 52
    assert found.rows == len(values)
