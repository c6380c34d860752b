"""A value beside what is usual, as a person is told it."""

import pandas as pd
import pytest

from assay.production.reasons.usual_values import UsualValue, value_text


def usual(kind, values, **more):
    entry = {"name": "thing", "type": kind, **more}
    dtype = {"text": "str", "category": "str", "date": "datetime64[us]"}.get(kind, "float64")
    return UsualValue.find(entry, pd.Series(values, dtype=dtype))


HOURS = [35, 40, 40, 40, 40, 45, 50, 20]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (20, "thing is 20, lower than usual (40)"),
        (60, "thing is 60, higher than usual (40)"),
        (40, "thing is 40, as usual"),
        (41.5, "thing is 41.5, about as usual (40)"),
        (None, "thing is missing (usual: 40)"),
    ],
)
def test_numbers_are_lower_or_higher_than_the_middle_half(value, words):
    held = usual("integer", [*HOURS, 42])
    assert held.describe(value) == words


def test_texts_are_told_beside_the_most_frequent():
    held = usual("category", ["a", "b", "b", None], categories=["a", "b"])
    assert held.describe("b") == "thing is b, as usual"
    assert held.describe("a") == "thing is a (usual: b)"
    assert held.describe("q") == "thing is q, which training never held (usual: b)"
    assert held.describe(None) == "thing is missing (usual: b)"


def test_of_free_text_nobody_says_that_training_never_held_it():
    assert usual("text", ["a", "b", "b"]).describe("q") == "thing is q (usual: b)"


def test_dates_are_earlier_or_later_and_truths_are_words():
    days = usual("date", pd.date_range("2024-01-01", periods=9, freq="D"))
    assert (
        days.describe(pd.Timestamp("2023-05-01").to_pydatetime())
        == "thing is 2023-05-01, earlier than usual (2024-01-05)"
    )
    late = pd.Timestamp("2024-06-01 12:30").to_pydatetime()
    assert days.describe(late) == "thing is 2024-06-01 12:30:00, later than usual (2024-01-05)"
    assert usual("boolean", [1, 1, 0]).describe(False) == "thing is false (usual: true)"


def test_a_column_without_any_usual_value_tells_its_own():
    assert usual("number", []).describe(2.0) == "thing is 2"


def test_values_repaint_no_terminal_and_stay_short():
    assert value_text("a\x1b[31mb\nc") == "a\N{REPLACEMENT CHARACTER}[31mb c"
    assert len(value_text("x" * 500)) == 60
    assert [value_text(v) for v in (3.0, 0.1234567891, 1e20)] == ["3", "0.123457", "1e+20"]
