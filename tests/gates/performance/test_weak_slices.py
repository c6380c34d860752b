"""Weak slices: found where they were planted, and nowhere else more often than the level says."""

import numpy as np
import pandas as pd
import pytest

from assay.config.gates import Performance, Slices
from assay.gates.performance import weak_slices
from assay.gates.performance.coded_columns import code_columns
from assay.gates.performance.gate import judge_performance
from assay.gates.performance.point_scores import ModelPredictions
from assay.gates.report import Verdict
from assay.gates.statistics.multiple_testing import holm

BOTH = Performance(slices=Slices(beyond_promise=0.0, beyond_others=0.0))


def made(seed, rows=3000, wrong=0.0):
    """Features, truth and true probabilities, but for rows of job c above hours 0.2."""
    rng = np.random.default_rng(seed)
    features = pd.DataFrame(
        {
            "hours": rng.normal(size=rows),
            "age": rng.integers(20, 60, rows),
            "job": rng.choice(list("abcd"), rows, p=[0.3, 0.2, 0.4, 0.1]),
            "town": rng.choice(list("xy"), rows),
        }
    )
    p = 1 / (1 + np.exp(1.2 - 1.5 * rng.normal(size=rows)))
    planted = ((features["job"] == "c") & (features["hours"] > 0.2)).to_numpy()
    true = np.where(planted, (1 - wrong) * p + wrong * (1 - p), p)
    return features, rng.random(rows) < true, ModelPredictions(p, p >= 0.5)


def checks(features, truth, who, performance=BOTH, seed=0):
    found = weak_slices.search_slices(truth, who, features, performance, seed=seed)
    return found, {c.name: c for c in weak_slices.check_slices(found, performance.slices)}


@pytest.mark.slow
def test_without_a_bad_slice_there_is_no_more_alarm_than_the_level():
    alarms = [0, 0]
    for seed in range(40):
        _, found = checks(*made(seed, rows=1000), seed=seed)
        alarms = [
            n + (c.verdict is Verdict.FAIL) for n, c in zip(alarms, found.values(), strict=True)
        ]
    assert max(alarms) <= 5  # binomial(40, .05) is above once in 70 times


@pytest.mark.parametrize("choose_by", ["roc_auc", "brier", "cost", "f1"])
def test_a_planted_slice_is_found_by_name(choose_by):
    performance = BOTH.model_copy(update={"choose_by": choose_by})
    found, judged = checks(*made(1, wrong=0.6), performance)
    for check in judged.values():
        assert check.verdict is Verdict.FAIL
        assert "job=c" in check.group
        assert "hours=" in check.group
        assert not check.hard
        assert check.interval.low > 0
        assert check.remedy
    assert "job=c" in found.by_loss[0].slice.label


def test_rows_that_are_hard_and_known_to_be_are_no_flaw():
    features, _, _ = made(0)
    rng = np.random.default_rng(1)
    p = np.where(
        features["town"] == "x", 0.5, np.where(rng.random(len(features)) < 0.3, 0.98, 0.02)
    )
    truth = rng.random(len(p)) < p
    performance = Performance(slices=Slices(beyond_others=0.25))
    found, judged = checks(features, truth, ModelPredictions(p, p >= 0.5), performance)
    assert judged["slices_as_promised"].verdict is Verdict.PASS
    assert judged["slices_as_others"].verdict is Verdict.FAIL
    assert judged["slices_as_others"].group == "town=x"
    assert found.by_loss[0].slice.label == "town=x"


def test_a_margin_above_the_harm_passes():
    wide = Performance(slices=Slices(beyond_promise=5.0, beyond_others=5.0))
    _, judged = checks(*made(1, wrong=0.6), wide)
    assert {check.verdict for check in judged.values()} == {Verdict.PASS}


def test_the_rows_that_are_measured_had_no_part_in_the_search():
    features, truth, who = made(2, wrong=0.6)
    found, _ = checks(features, truth, who)
    best = found.by_loss[0]
    inside = found.test_half & best.slice.inside
    assert 0.45 < found.test_half.mean() < 0.55
    outside = found.test_half & ~best.slice.inside
    gap = found.losses.loss[inside].mean() - found.losses.loss[outside].mean()
    assert best.excess.value == pytest.approx(gap)


def test_slices_are_corrected_for_and_are_not_much_the_same_rows_twice():
    found, _ = checks(*made(3, wrong=0.5))
    assert [one.p for one in found.by_loss] == pytest.approx(
        holm([one.excess.p for one in found.by_loss])
    )
    held = [one.slice.inside for one in found.by_loss]
    assert len(held) <= 10
    for i, one in enumerate(held):
        for other in held[:i]:
            assert 2 * (one & other).sum() <= min(one.sum(), other.sum())


@pytest.mark.parametrize("rows", [8, 150])
def test_few_rows_are_unknown(rows):
    _, judged = checks(*made(0, rows=rows))
    assert {check.verdict for check in judged.values()} == {Verdict.UNKNOWN}
    assert all(check.accepted and check.remedy for check in judged.values())


def test_a_column_of_names_or_of_one_value_makes_no_slice():
    _, truth, who = made(0)
    features = pd.DataFrame({"id": [f"p{i}" for i in range(len(truth))], "one": 1, "none": np.nan})
    assert code_columns(features, 100) == []
    _, judged = checks(features, truth, who)
    assert judged["slices_as_promised"].verdict is Verdict.UNKNOWN
    assert "No column has two values" in judged["slices_as_promised"].why


def test_columns_of_every_kind_are_coded():
    rng = np.random.default_rng(0)
    rows = 600
    features = pd.DataFrame(
        {
            "spike": np.where(rng.random(rows) < 0.7, 0.0, rng.exponential(size=rows)),
            "infinite": np.where(rng.random(rows) < 0.3, np.inf, rng.normal(size=rows)),
            "gaps": np.where(rng.random(rows) < 0.3, np.nan, rng.normal(size=rows)),
            "day": pd.Timestamp("2024-01-01") + pd.to_timedelta(rng.integers(0, 99, rows), "D"),
            "flag": pd.Series(rng.choice([True, False, None], rows), dtype=object),
            "kind": pd.Categorical(rng.choice(list("ab"), rows), ["a", "b", "never"]),
            "few": rng.integers(0, 3, rows),
        }
    )
    made_of = {column.name: column for column in code_columns(features, 60)}
    assert list(made_of) == list(features)
    assert set(made_of["kind"].labels) == {"a", "b"}
    assert "(missing)" in made_of["gaps"].labels
    assert "(missing)" in made_of["flag"].labels
    assert set(made_of["few"].labels) == {"0", "1", "2"}
    assert made_of["day"].labels[0].startswith("<2024-01-")
    for column in made_of.values():
        assert np.bincount(column.codes[column.codes >= 0]).min() >= 60


def test_bins_say_which_numbers_they_hold():
    (column,) = code_columns(pd.DataFrame({"n": np.arange(1000)}), 100)
    assert column.labels == ("<200", "200-400", "400-600", "600-800", ">=800")
    assert [column.labels[column.codes[i]] for i in (199, 200, 799, 800)] == [
        "<200", "200-400", "600-800", ">=800",
    ]  # fmt: skip


def test_the_gate_tells_of_slices_by_feature_and_by_group():
    features, truth, who = made(1, wrong=0.6)
    frame = pd.DataFrame(
        {
            "row": np.arange(len(truth)),
            "truth": truth,
            "probability": who.probability,
            "decision": who.decision,
            "sex": np.where(np.arange(len(truth)) % 2, "f", "m"),
        }
    )
    report = judge_performance(frame, Performance(), subject="m", prevalence=0.3, features=features)
    sheets = {sheet.title: sheet for sheet in report.sheets}
    assert any("job=c" in str(row[0]) for row in sheets["Weakest slices"].rows)
    row = sheets["Slices worse than promised"].rows[0]
    named = dict(zip(sheets["Slices worse than promised"].columns, row, strict=True))
    assert named["log loss"] > named["promised"]
    assert named["low"] < named["roc_auc"] < named["high"]
    assert named["p"] < 0.05
    alone = judge_performance(frame, Performance(), subject="m", prevalence=0.3)
    assert any(check.name == "slices_as_promised" for check in alone.checks)  # by sex
