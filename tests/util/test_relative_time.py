"""Moments as people say them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.util.relative_time import describe_age, describe_span

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (7199, "1 hour ago"),
        (7200, "2 hours ago"),
        (86400 * 3, "3 days ago"),
        (86400 * 4000, "4,000 days ago"),
        (-30, "now"),
        (-60, "in 1 minute"),
        (-86400, "in 1 day"),
    ],
)
def test_an_age_is_in_the_largest_whole_unit(seconds, words):
    assert describe_age(NOW - timedelta(seconds=seconds), NOW) == words


@given(st.integers(60, 10**8))
def test_it_never_says_more_than_has_passed(seconds):
    number, unit = describe_span(seconds).replace(",", "").split()
    size = {"minute": 60, "hour": 3600, "day": 86400}[unit.rstrip("s")]
    assert 0 <= seconds - int(number) * size < size
