"""Partial dependence: what the formula has, for numbers, texts and dates."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.explanation.dependence import measure_dependence
from assay.gates.explanation.explained_rows import arrange_rows
from tests.gates.explanation.models import AMOUNTS, CLASSES, Formula, amounts, numbers, with_truth


def dependence(model, frame, column, scale=AMOUNTS, truth=None):
    rows = arrange_rows(frame, with_truth(frame["a"] if truth is None else truth), [model])
    return measure_dependence(model, rows, scale, column)


def test_a_line_is_a_line_and_its_slope_is_the_formulas():
    frame = numbers(500)
    found = dependence(amounts(lambda f: 3 * f["a"] + f["b"], frame, "ab"), frame, "a")
    places = np.asarray(found.values)
    assert np.diff(found.means["answer"]) / np.diff(places) == pytest.approx(3)
    assert frame["a"].quantile(0.04) < places[0]
    assert places[-1] < frame["a"].quantile(0.96)


def test_texts_get_each_their_mean():
    frame = numbers(300).assign(town=pd.Series(["bath", "york", "hull"] * 100, dtype="str"))
    model = amounts(lambda f: np.where(f["town"] == "york", 2.0, 0.0), frame, ["a", "town"])
    found = dependence(model, frame, "town")
    assert dict(zip(found.values, found.means["answer"], strict=True)) == {
        "bath": 0,
        "hull": 0,
        "york": 2,
    }


def test_a_number_that_is_nearly_always_nothing_is_shown_where_it_is_not():
    frame = numbers(1000)
    frame["gain"] = np.where(np.arange(1000) % 50 == 0, np.arange(1000.0), 0.0)
    found = dependence(amounts(lambda f: f["gain"], frame, ["a", "gain"]), frame, "gain")
    assert len(found.values) >= 5
    assert max(found.values) > 500


def test_dates_are_moments_in_order():
    frame = numbers(200).assign(day=pd.date_range("2024-01-01", periods=200).as_unit("us"))
    model = amounts(lambda f: (f["day"] - pd.Timestamp("2024-01-01")).dt.days, frame, ["a", "day"])
    found = dependence(model, frame, "day")
    assert found.kind == "date"
    assert list(found.values) == sorted(found.values)
    assert (np.diff(found.means["answer"]) > 0).all()


def test_several_classes_have_a_curve_each():
    def answer(rows):
        high = 1 / (1 + np.exp(-rows["a"].to_numpy()))
        columns = {"probability_low": (1 - high) / 2, "probability_middle": (1 - high) / 2}
        return pd.DataFrame({"decision": "high", **columns, "probability_high": high})

    frame = numbers(300)
    truth = np.resize(["low", "middle", "high"], 300)
    found = dependence(Formula(answer, frame, "ab"), frame, "a", CLASSES, truth)
    assert list(found.means) == ["low", "middle", "high"]
    assert np.sum(list(found.means.values()), axis=0) == pytest.approx(1)


def test_a_column_without_two_values_has_no_curve():
    frame = numbers(50).assign(b=1.0)
    assert dependence(amounts(lambda f: f["a"], frame, "ab"), frame, "b") is None
