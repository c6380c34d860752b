"""Sets as ascending arrays say what Python's own say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.util.sorted_arrays import arrays_intersect, isin_both_sorted, isin_sorted, sorted_unique

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9), max_size=40)


def array(numbers):
    return np.array(numbers, np.int64)


@given(NUMBERS)
def test_distinct_are_in_order_and_once(numbers):
    assert sorted_unique(array(numbers)).tolist() == sorted(set(numbers))
    hashes = array(numbers).view(np.uint64)
    np.testing.assert_array_equal(sorted_unique(hashes), np.unique(hashes))


@given(NUMBERS, NUMBERS)
def test_among_others(numbers, others):
    ordered = sorted_unique(array(others))
    assert isin_sorted(array(numbers), ordered).tolist() == [n in others for n in numbers]


@given(NUMBERS, NUMBERS)
def test_common_whichever_are_more(one, other):
    first, second = sorted_unique(array(one)), sorted_unique(array(other))
    assert isin_both_sorted(first, second).tolist() == [n in other for n in sorted(set(one))]
    assert arrays_intersect(first, second) == bool(set(one) & set(other))
