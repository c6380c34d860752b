"""Sets as ascending arrays say what Python's own say."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from assay.ordered import among, common, distinct, share

NUMBERS = st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(-9, 9), max_size=40)


def array(numbers):
    return np.array(numbers, np.int64)


@given(NUMBERS)
def test_distinct_are_in_order_and_once(numbers):
    assert distinct(array(numbers)).tolist() == sorted(set(numbers))
    hashes = array(numbers).view(np.uint64)
    np.testing.assert_array_equal(distinct(hashes), np.unique(hashes))


@given(NUMBERS, NUMBERS)
def test_among_others(numbers, others):
    ordered = distinct(array(others))
    assert among(array(numbers), ordered).tolist() == [n in others for n in numbers]


@given(NUMBERS, NUMBERS)
def test_common_whichever_are_more(one, other):
    first, second = distinct(array(one)), distinct(array(other))
    assert common(first, second).tolist() == [n in other for n in sorted(set(one))]
    assert share(first, second) == bool(set(one) & set(other))
