from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.report import Check, Interval, Verdict
from assay.render.numbers import (
    NO_VALUE,
    estimate_text,
    format_column,
    format_interval,
    format_number,
    format_numbers,
    is_numeric,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.8731, "0.873"),
        (0.88, "0.880"),
        (48842, "48,842"),
        (48842.0, "48,842"),
        (0.0123, "0.0123"),
        (12.345, "12.3"),
        (1234.5, "1,234"),
        (-0.1946, "-0.195"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.23e-7, "1.23e-07"),
        (1e300, "1.00e+300"),
        (2**60, "1.15e+18"),
        (10**400, "1.00e+400"),
        (None, NO_VALUE),
    ],
)
def test_a_number_reads_with_three_significant_digits(value: float | None, text: str) -> None:
    assert format_number(value) == text


def test_numbers_of_one_kind_share_their_decimals() -> None:
    assert format_numbers([0.5, 0.8731, None, 1.0]) == ["0.500", "0.873", NO_VALUE, "1.000"]


def test_a_small_rate_is_not_rounded_away_beside_large_ones() -> None:
    assert format_numbers([0.873, 0.0004]) == ["0.873", "0.0004"]


def test_means_of_several_scales_keep_three_digits_each() -> None:
    assert format_numbers([38.6436, 189664.13]) == ["38.6", "189,664"]


@given(st.lists(st.floats(-1e300, 1e300), min_size=1))
def test_what_is_shown_is_within_five_percent_of_what_is_meant(values: list[float]) -> None:
    for value, text in zip(values, format_numbers(values), strict=True):
        assert float(text.replace(",", "")) == pytest.approx(value, rel=0.05, abs=0)


@given(st.lists(st.integers(-(2**53), 2**53) | st.floats(-1e15, 1e15)))
def test_a_whole_number_reads_the_same_after_canonical_json(values: list[float]) -> None:
    stored = [int(v) if float(v).is_integer() else v for v in values]
    assert format_numbers(stored) == format_numbers(values)


def test_an_interval_stands_in_brackets() -> None:
    assert format_interval(Interval(low=0.8661, high=0.8803)) == "[0.866, 0.880]"


def test_an_unbounded_side_is_open_and_another_level_is_named() -> None:
    assert format_interval(Interval(low=None, high=0.5, level=0.9)) == "at most 0.500 at 90 %"
    assert format_interval(Interval(low=0.5, high=None)) == "at least 0.500"


def _check(estimate: float | None, low: float, high: float, threshold: float | None) -> Check:
    return Check(
        name="c", claim="c", verdict=Verdict.FAIL, estimate=estimate, threshold=threshold,
        interval=Interval(low=low, high=high),
    )  # fmt: skip


def test_an_estimate_its_interval_and_its_limit_share_one_precision() -> None:
    assert estimate_text(_check(0.8731, 0.8661, 0.8803, 0.9)) == ("0.873 [0.866, 0.880]", "0.900")


def test_a_limit_that_was_missed_by_little_does_not_look_met() -> None:
    assert estimate_text(_check(0.1203, 0.1002, 0.1404, 0.1)) == (
        "0.1203 [0.1002, 0.1404]",
        "0.1000",
    )


def test_a_check_without_numbers_has_none() -> None:
    assert estimate_text(Check(name="c", claim="c", verdict=Verdict.PASS)) == ("", "")


def test_cells_that_are_not_numbers_are_words() -> None:
    assert format_column(["a", True, False, None, 1200, 3]) == [
        "a",
        "yes",
        "no",
        NO_VALUE,
        "1,200",
        "3",
    ]


def test_a_column_is_numeric_when_it_holds_numbers_and_gaps_alone() -> None:
    assert is_numeric([1, None, 0.5])
    assert not is_numeric([1, "a"])
    assert not is_numeric([True, False])
    assert not is_numeric([None])
