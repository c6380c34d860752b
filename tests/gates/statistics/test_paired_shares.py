"""The interval of a difference of two shares of the same rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.statistics.paired_shares import paired_limits


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 400))
def test_paired_limits_hold_the_difference_and_mirror_each_other(gained, lost, same):
    rows = gained + lost + same
    low, high = paired_limits(gained, lost, rows)
    assert -1 <= low <= high <= 1
    if rows:
        middle = (gained - lost) / rows
        assert low - 0.35 / np.sqrt(rows) <= middle <= high + 0.35 / np.sqrt(rows)
    other = paired_limits(lost, gained, rows)
    assert (low, high) == pytest.approx((-other[1], -other[0]))


def test_paired_limits_cover_as_often_as_they_say():
    rng = np.random.default_rng(8)
    drawn = rng.multinomial(80, [0.08, 0.03, 0.89], size=4000)
    low, high = paired_limits(drawn[:, 0], drawn[:, 1], 80)
    covered = ((low <= 0.05) & (high >= 0.05)).mean()
    assert 0.94 <= covered <= 0.975
