"""Two models' answers to the same rows, for each type of question: scores, groups, what changes."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sklearn.metrics import accuracy_score, mean_absolute_error, precision_score

from assay.config.use_case import UseCase
from assay.errors import ConfigError, DataError
from assay.problems.answer_comparison import AnswerPair
from assay.problems.lookup import named_problem_type

CLASSES = ["none", "minor", "killed"]
TARGETS = {
    "binary": {"column": "y", "positive": "yes"},
    "multiclass": {"column": "y", "classes": CLASSES},
    "regression": {"column": "y", "unit": "dollars"},
}
METRICS = {"binary": "roc_auc", "multiclass": "accuracy", "regression": "mae"}


def use_case(problem, **more):
    asked = {
        "name": "m",
        "question": "Will they?",
        "decision": "who is asked",
        "harm": "none",
        "owner": "tests",
        "data": {"source": "x.csv", "target": TARGETS[problem], "sensitive": {"sex": {}}},
        "candidates": [{"estimator": "sklearn.linear_model.LogisticRegression"}],
        "performance": {"choose_by": METRICS[problem]},
    }
    return UseCase.model_validate_json(json.dumps(asked | more))


def compare(problem, first, second, *, units=None, distance=None, **more):
    pair = AnswerPair(first, second, units)
    kind = named_problem_type(problem)
    return kind.compare_answers(pair, use_case(problem, **more), distance=distance)


def amounts(rows=600, noise=1.0, shift=0.0):
    draw = np.random.default_rng(0)
    truth = draw.normal(50, 10, rows)
    prediction = truth + noise * np.random.default_rng(1).normal(size=rows) + shift
    sex = np.random.default_rng(2).choice(["f", "m"], rows)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "truth": truth,
            "prediction": prediction,
            "low": prediction - 2,
            "high": prediction + 2,
            "sex": sex,
        }
    )


def classes(rows=600, noise=0.3):
    truth = np.random.default_rng(0).choice(3, rows)
    draw = np.random.default_rng(3).dirichlet(np.ones(3), rows)
    probability = noise * draw + (1 - noise) * np.eye(3)[truth]
    sex = np.random.default_rng(2).choice(["f", "m"], rows)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "truth": np.array(CLASSES)[truth],
            "decision": np.array(CLASSES)[probability.argmax(axis=1)],
            **{f"probability_{name}": probability[:, k] for k, name in enumerate(CLASSES)},
            "sex": sex,
        }
    )


def test_amounts_have_scikit_learns_scores_and_students_paired_interval():
    first, second = amounts(noise=3.0), amounts(noise=2.0)
    found = compare("regression", first, second)
    mae = found.headline
    values = [mean_absolute_error(one["truth"], one["prediction"]) for one in (first, second)]
    assert (mae.first.value, mae.second.value) == pytest.approx(values)
    assert mae.gain.value == pytest.approx(values[0] - values[1])
    gains = [(one["prediction"] - one["truth"]).abs() for one in (first, second)]
    low, high = scipy.stats.ttest_rel(*gains).confidence_interval()
    assert (mae.gain.interval.low, mae.gain.interval.high) == pytest.approx((low, high), rel=1e-6)


def test_answers_that_move_by_more_than_the_stated_distance_are_counted_up_and_down():
    first = amounts()
    moved = first.copy()
    moved.loc[:9, "prediction"] += 3.0
    moved.loc[10:14, "prediction"] -= 3.0
    moved.loc[15:19, "prediction"] += 0.5
    changed = compare("regression", first, moved, distance=1.0).changed
    counts = np.bincount(changed.codes[changed.codes >= 0], minlength=2)
    assert [kind.name for kind in changed.kinds] == ["higher", "lower"]
    assert counts.tolist() == [10, 5]
    assert changed.rule == "the answer moves by more than 1.000 dollars"


def test_left_out_the_distance_is_a_tenth_of_the_interquartile_range():
    first = amounts()
    low, high = np.quantile(first["truth"], [0.25, 0.75])
    rule = compare("regression", first, amounts(shift=1.0)).changed.rule
    assert f"{(high - low) / 10:.2g}" in rule


def test_a_shift_moves_the_mean_error_of_every_group_by_as_much():
    found = compare("regression", amounts(), amounts(shift=1.5))
    errors = [one for one in found.groups if one.metric == "mean_error"]
    assert {one.name for one in errors} == {"sex=f", "sex=m"}
    assert [one.change.value for one in errors] == pytest.approx([1.5, 1.5])
    gap = next(one.gap_change for one in errors if one.gap_change)
    assert gap.value == pytest.approx(0.0, abs=1e-9)


def test_another_unit_of_amounts_scales_every_difference():
    first, second = amounts(noise=3.0), amounts(noise=2.0)
    numbers = ["truth", "prediction", "low", "high"]
    cents = [one.assign(**{name: 100 * one[name] for name in numbers}) for one in (first, second)]
    plain, scaled = compare("regression", first, second), compare("regression", *cents)
    assert scaled.headline.gain.value == pytest.approx(100 * plain.headline.gain.value)
    assert scaled.changed.count == plain.changed.count


def test_classes_have_scikit_learns_scores_and_a_table_from_class_to_class():
    first, second = classes(noise=0.6), classes(noise=0.9)
    found = compare("multiclass", first, second)
    values = [accuracy_score(one["truth"], one["decision"]) for one in (first, second)]
    assert found.headline.gain.value == pytest.approx(values[1] - values[0])
    crossed = pd.crosstab(first["decision"], second["decision"])
    counts = np.bincount(found.changed.codes[found.changed.codes >= 0])
    for kind, count in zip(found.changed.kinds, counts, strict=True):
        assert count == crossed.loc[kind.before, kind.after]
        assert kind.before != kind.after
    assert found.changed.count == (first["decision"] != second["decision"]).sum()


def test_a_class_is_found_in_each_group_as_often_as_counted_there():
    first, second = classes(noise=0.6), classes(noise=0.9)
    found = compare("multiclass", first, second).groups
    one = next(g for g in found if (g.metric, g.group) == ("true_positive_rate[killed]", "f"))
    inside = (first["sex"] == "f") & (first["truth"] == "killed")
    shares = [(answers["decision"][inside] == "killed").mean() for answers in (first, second)]
    assert (one.first, one.second) == pytest.approx(shares)


def binary(rows=400, noise=0.0):
    age = np.random.default_rng(4).normal(size=rows)
    truth = age + np.random.default_rng(5).normal(size=rows) > 0
    p = 1 / (1 + np.exp(-(age + noise * np.random.default_rng(6).normal(size=rows))))
    sex = np.random.default_rng(7).choice(["f", "m"], rows)
    return pd.DataFrame(
        {
            "row": np.arange(rows),
            "truth": truth,
            "probability": p,
            "decision": p > 0.5,
            "sex": sex,
        }
    )


RULE = {"by": ["sex"], "tolerance": 0.1, "because": "agreed"}


@pytest.mark.parametrize(
    "metric", ["precision_score", "roc_auc_score", "f1_score", "calibration_error"]
)
def test_what_rules_limit_is_compared_too_and_the_interval_holds_the_change(metric):
    first, second = binary(), binary(noise=1.0)
    found = compare("binary", first, second, fairness=[{"metric": metric, **RULE}]).groups
    held = [one for one in found if one.metric == metric]
    assert len(held) == 2
    for one in held:
        assert one.change.value == pytest.approx(one.second - one.first)
        assert one.change.interval.low < one.change.value < one.change.interval.high
    if metric == "precision_score":
        inside = first["sex"] == held[0].group
        sk = precision_score(first["truth"][inside], first["decision"][inside])
        assert held[0].first == pytest.approx(sk)


def test_rows_that_belong_together_widen_the_interval():
    first, second = binary(), binary(noise=1.0)
    doubled = [pd.concat([one, one], ignore_index=True) for one in (first, second)]
    units = pd.Series(np.tile(np.arange(len(first)), 2), name="person")
    alone = compare("binary", first, second).headline.gain.interval
    together = compare("binary", *doubled, units=units).headline.gain.interval
    apart = compare("binary", *doubled).headline.gain.interval

    def width(interval):
        return interval.high - interval.low

    assert width(together) == pytest.approx(width(alone), rel=0.03)
    assert width(apart) < 0.8 * width(alone)


def test_groups_too_small_to_judge_have_no_interval():
    first, second = binary(), binary(noise=1.0)
    for one in (first, second):
        one.loc[:4, "sex"] = "x"
    found = compare("binary", first, second).groups
    small = [one for one in found if one.group == "x"]
    assert small
    assert all(one.change.interval.low is None for one in small)


def test_what_cannot_be_told_apart_is_said():
    first = binary()
    only = first[first["truth"]].reset_index(drop=True)
    with pytest.raises(DataError, match=r"all .* are positive"):
        compare("binary", only, only)
    same = amounts().assign(truth=1.0)
    with pytest.raises(DataError, match="the same outcome"):
        compare("regression", same, same)
    with pytest.raises(ConfigError, match="--distance has no meaning"):
        compare("multiclass", classes(), classes(), distance=1.0)


def test_the_interval_of_a_precisions_change_is_that_of_a_bootstrap_over_rows():
    first, second = binary(1500), binary(1500, noise=1.0)
    found = compare("binary", first, second, fairness=[{"metric": "precision_score", **RULE}])
    one = next(g for g in found.groups if (g.metric, g.group) == ("precision_score", "f"))
    inside = (first["sex"] == "f").to_numpy()
    held = [
        (a["truth"].to_numpy()[inside], a["decision"].to_numpy()[inside]) for a in (first, second)
    ]
    draws = np.random.default_rng(1).integers(0, inside.sum(), (2000, inside.sum()))
    precisions = [(t & d)[draws].sum(axis=1) / d[draws].sum(axis=1) for t, d in held]
    low, high = np.quantile(precisions[1] - precisions[0], [0.025, 0.975])
    interval = one.change.interval
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.01)


def test_the_interval_of_a_groups_mean_error_is_students_of_paired_rows():
    first, second = amounts(noise=3.0), amounts(noise=2.0, shift=0.2)
    found = compare("regression", first, second).groups
    one = next(g for g in found if (g.metric, g.group) == ("mean_error", "f"))
    inside = first["sex"] == "f"
    errors = [(a["prediction"] - a["truth"])[inside] for a in (second, first)]
    low, high = scipy.stats.ttest_rel(*errors).confidence_interval()
    interval = one.change.interval
    assert (interval.low, interval.high) == pytest.approx((low, high), rel=1e-6)
