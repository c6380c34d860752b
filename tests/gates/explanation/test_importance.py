"""Permutation importance: known values, scikit-learn's values, and intervals that hold them."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LinearRegression

from assay.gates.explanation.explained_rows import MOST_ROWS, arrange_rows
from assay.gates.explanation.importance import fold_ranks, measure_importance
from tests.gates.explanation.models import AMOUNTS, DECISIONS, amounts, decisions, numbers
from tests.gates.explanation.models import with_truth as truth_of


def linear(rows=1000, seed=1):
    """A model that knows the truth but its noise: y = 3a + b, and takes no notice of c."""
    frame = numbers(rows, seed)
    noise = np.random.default_rng(seed + 1).standard_normal(rows)
    model = amounts(lambda f: 3 * f["a"] + f["b"] + 0 * f["c"], frame, "abc")
    return frame, truth_of(3 * frame["a"] + frame["b"] + noise), model


def importances(frame, predictions, model, scale=AMOUNTS, groups=(("a",), ("b",), ("c",)), **more):
    rows = arrange_rows(frame, predictions, [model], **more)
    return measure_importance(model, rows, scale, groups)


# Another row's value adds 2 * weight^2 * variance to the squared error, which is 1 without.
KNOWN = {"a": np.sqrt(1 + 2 * 9) - 1, "b": np.sqrt(1 + 2) - 1, "c": 0.0}


def test_the_values_are_those_that_the_formula_has():
    for one in importances(*linear()):
        known, interval = KNOWN[one.columns[0]], one.estimate.interval
        assert interval.low <= known <= interval.high
        assert one.value == pytest.approx(known, abs=0.2)


def test_the_interval_holds_the_known_value_about_as_often_as_it_says():
    held = []
    for seed in range(0, 120, 2):
        (one,) = importances(*linear(300, seed), groups=[("b",)])
        held.append(one.estimate.interval.low <= KNOWN["b"] <= one.estimate.interval.high)
    assert np.mean(held) >= 0.87


def test_a_column_that_the_model_takes_no_notice_of_has_exactly_none():
    *_, ignored = importances(*linear())
    assert (ignored.value, ignored.estimate.interval.low, ignored.estimate.interval.high) == (
        0,
    ) * 3
    assert not ignored.matters


def test_they_agree_with_those_of_scikit_learn():
    frame, predictions, _ = linear()
    fitted = LinearRegression().fit(frame, predictions["truth"])
    model = amounts(lambda f: fitted.predict(f[["a", "b", "c"]]), frame, "abc")
    theirs = permutation_importance(
        fitted, frame, predictions["truth"], n_repeats=20, random_state=0,
        scoring="neg_root_mean_squared_error",
    )  # fmt: skip
    for one, other in zip(
        importances(frame, predictions, model), theirs.importances_mean, strict=True
    ):
        interval = one.estimate.interval
        assert interval.low <= other <= interval.high


def test_copies_taken_together_keep_what_each_alone_has_lost():
    frame, predictions, _ = linear()
    frame = frame.assign(copy=frame["a"])
    model = amounts(lambda f: 1.5 * f["a"] + 1.5 * f["copy"] + f["b"], frame, ["a", "b", "copy"])
    alone, both = importances(frame, predictions, model, groups=[("a",), ("a", "copy")])
    assert both.value == pytest.approx(KNOWN["a"], abs=0.2)
    assert alone.value < both.value / 2


def test_neither_names_nor_the_order_of_rows_change_anything():
    frame, predictions, model = linear()
    before = [one.value for one in importances(frame, predictions, model)]
    order = np.random.default_rng(5).permutation(len(frame))
    shuffled = importances(frame.iloc[order], predictions.iloc[order], model)
    assert [one.value for one in shuffled] == before
    renamed = frame.rename(columns={"a": "x", "b": "y", "c": "z"})
    other = amounts(lambda f: 3 * f["x"] + f["y"] + 0 * f["z"], renamed, "xyz")
    again = importances(renamed, predictions, other, groups=[("x",), ("y",), ("z",)])
    assert [one.value for one in again] == before


def test_another_unit_of_a_column_changes_nothing():
    frame, predictions, model = linear()
    scaled = frame.assign(a=frame["a"] * 8)
    other = amounts(lambda f: 3 * f["a"] / 8 + f["b"], scaled, "abc")
    first = importances(frame, predictions, model)
    # Rows are in the order of their contents, so other rows may be exchanged.
    for one, two in zip(first, importances(scaled, predictions, other), strict=True):
        assert one.minus(one).value == 0
        assert two.value == pytest.approx(one.value, abs=0.15)


def test_many_rows_are_sampled_and_each_row_gets_another_ones_values():
    frame, predictions, model = linear(MOST_ROWS + 500)
    rows = arrange_rows(frame, predictions, [model])
    assert (len(rows), rows.all_rows) == (MOST_ROWS, MOST_ROWS + 500)
    donors = rows.donors().reshape(rows.repeats, len(rows))
    assert (donors != np.arange(len(rows))).all()
    assert (rows.block[donors] == rows.block).all()
    assert all((np.sort(one) == np.arange(len(rows))).all() for one in donors)
    assert (donors[0] != donors[1]).all()


def test_rows_of_one_unit_are_in_one_block():
    frame, predictions, model = linear(600)
    units = pd.Series(np.arange(600) // 7, name="person")
    rows = arrange_rows(frame, predictions, [model], units=units)
    of = pd.Series(rows.block).groupby(rows.clusters.codes).nunique()
    assert (of == 1).all()
    assert rows.blocks == 10
    assert len(np.unique(rows.clusters.codes)) == 86


def test_rows_that_belong_together_widen_the_interval():
    frame, _, _ = linear(100)
    frame = frame.loc[frame.index.repeat(8)].reset_index(drop=True)
    frame["c"] = np.arange(800.0)  # else rows of one person were alike, and side by side anyway
    person = pd.Series(np.arange(len(frame)) // 8, name="person")
    noise = np.random.default_rng(3).standard_normal(100)[person]
    predictions = truth_of(3 * frame["a"] + frame["b"] + noise)
    model = amounts(lambda f: 3 * f["a"] + f["b"], frame, "abc")

    def width(**more):
        interval = importances(frame, predictions, model, **more)[0].estimate.interval
        return interval.high - interval.low

    assert width(units=person) > 1.3 * width()


def test_ranks_in_fifths_tell_how_stable_the_order_is():
    found = importances(*linear())
    assert fold_ranks(found) == [(1, 1), (2, 2), (3, 3)]


def test_rows_of_one_class_define_no_importance():
    frame = numbers(200)
    model = decisions(lambda f: f["a"], frame, "abc")
    assert importances(frame, truth_of(np.ones(200, bool)), model, DECISIONS) is None


def test_of_a_score_that_should_be_high_the_fall_counts():
    frame = numbers(1500)
    draw = np.random.default_rng(2).random(1500)
    truth = draw < 1 / (1 + np.exp(-2 * frame["a"]))
    model = decisions(lambda f: 2 * f["a"] + 0 * f["b"], frame, "abc")
    a, b, _ = importances(frame, truth_of(truth.to_numpy()), model, DECISIONS)
    # Without a the ranking is by chance: all that is above one half is gone.
    from sklearn.metrics import roc_auc_score

    assert a.value == pytest.approx(roc_auc_score(truth, frame["a"]) - 0.5, abs=0.05)
    assert b.value == 0
