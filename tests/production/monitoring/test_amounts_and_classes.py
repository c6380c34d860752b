"""Looks at champions that answer how much or which of several."""

import numpy as np
import pytest

from assay.errors import DataError
from assay.production.monitoring.windows import build_reference, build_window
from tests.production.amounts_and_classes import AmountsLiving, amounts, classes, harm, pay
from tests.production.made import table_rows, written


def looked(living, rows, *, labelled=True):
    living.serve(rows, 1)
    if labelled:
        living.label(rows, 2)
    return living.look(3)


def verdicts(look):
    return {check.name: check.verdict.value for check in look["said"].checks}


def test_the_reference_holds_answers_and_amounts_in_the_targets_unit():
    living = amounts()
    held = build_reference(living.bucket, living.about(0).version, living.case)
    table = table_rows(living.bucket, held).to_pandas()
    assert list(table) == ["hours", "place", "sex", "prediction", "low", "high", "truth"]
    rows = pay(0, 0)
    np.testing.assert_array_equal(table["prediction"], rows["said_prediction"])
    np.testing.assert_array_equal(table["truth"], rows["pay"])


def test_labelled_rows_stand_beside_their_own_outcomes():
    """Also where labels came for some rows only, and in another order."""
    for living, make in ((amounts(), pay), (classes(), harm)):
        rows = make(10_000, 1)
        living.serve(rows, 1)
        told = rows[rows["person"] % 2 == 0].sample(frac=1, random_state=0)
        living.label(told, 2)
        ahead = living.about(3)
        against = build_reference(living.bucket, ahead.version, living.case)
        window = build_window(living.bucket, ahead, living.case, against)
        assert window.labelled is not None
        table = table_rows(living.bucket, window.labelled).to_pandas()
        kept = rows[rows["person"] % 2 == 0]
        assert table["truth"].tolist() == kept[living.case.data.target.column].tolist()
        assert table.iloc[:, 0].tolist() == kept.iloc[:, 1].tolist()
        assert window.label_counts["new"] == len(told)


def test_amounts_as_good_as_tested_are_healthy():
    look = looked(amounts(), pay(10_000, 1))
    assert look["verdict"] == "healthy"
    rows = pay(10_000, 1)
    realised = (rows["pay"] - rows["said_prediction"]).abs().mean()
    assert look["figures"]["realised MAE"] == pytest.approx(realised, abs=1e-5)
    assert look["figures"]["expected MAE"] == pytest.approx(realised, rel=0.1)


@pytest.fixture(scope="module")
def grown():
    """A look at errors that nearly doubled."""
    return looked(amounts(), pay(10_000, 1, noise=1.9))


def test_errors_that_grew_where_features_did_not_call_for_a_retraining(grown):
    assert grown["verdict"] == "retrain"
    assert verdicts(grown)["realised[mae]"] == "fail"
    assert verdicts(grown)["expected[mae]"] == "pass"
    assert "MAE is" in grown["reasons"][0]


def test_more_of_the_rows_with_large_errors_is_expected_before_labels_come():
    narrow = {"margin": 0.15, "metrics": ["mae", "rmse"]}
    look = looked(amounts(drift=narrow), pay(10_000, 1, noisy=0.95), labelled=False)
    held = pay(10_000, 1, noisy=0.95)
    due = (held["pay"] - held["said_prediction"]).abs().mean()
    assert look["figures"]["expected MAE"] == pytest.approx(due, rel=0.1)
    assert verdicts(look)["expected[mae]"] == "fail"
    assert look["verdict"] == "retrain"


def test_the_unit_of_amounts_changes_no_verdict(grown):
    """A hundred times as many cents."""
    cents = looked(amounts(scale=100.0), pay(10_000, 1, noise=1.9, scale=100.0))
    assert verdicts(grown) == verdicts(cents)
    now, then = cents["figures"]["realised MAE"], grown["figures"]["realised MAE"]
    assert now == pytest.approx(100 * then, rel=1e-4)


def test_classes_as_good_as_tested_are_healthy():
    look = looked(classes(), harm(10_000, 1))
    assert look["verdict"] == "healthy"
    rows = harm(10_000, 1)
    hits = (rows["harm"] == rows["said_decision"]).mean()
    assert look["figures"]["realised accuracy"] == pytest.approx(hits, abs=1e-5)
    assert look["figures"]["expected accuracy"] == pytest.approx(hits, abs=0.03)


def test_classes_that_come_true_otherwise_call_for_a_retraining():
    look = looked(classes(), harm(10_000, 1, swapped=0.7))
    assert look["verdict"] == "retrain"
    assert verdicts(look)["realised[accuracy]"] == "fail"
    assert verdicts(look)["expected[accuracy]"] == "pass"


def test_a_class_that_is_found_less_in_one_group_calls_for_a_retraining_by_its_name():
    rule = {"metric": "true_positive_rate", "by": "sex", "tolerance": 0.3, "because": "law"}
    assert looked(classes(fairness=[rule]), harm(10_000, 1))["verdict"] == "healthy"
    rows = harm(10_000, 1)
    women = (rows["sex"] == "f") & (rows["said_decision"] == "killed")
    missed = rows.assign(said_decision=rows["said_decision"].where(~women, "none"))
    look = looked(classes(fairness=[rule]), missed)
    failed = [name for name, verdict in verdicts(look).items() if verdict == "fail"]
    assert any(name.endswith("class=killed]") for name in failed)
    assert not any(name.endswith("class=minor]") for name in failed)
    (worst,) = (note for note in look["said"].notes if note.startswith("Furthest apart"))
    assert "killed" in worst
    assert "sex=f" in worst


def limit(metric, **more):
    return {"metric": metric, "by": "sex", "tolerance": 1.0, "because": "the board"} | more


def test_groups_that_are_estimated_alike_are_healthy():
    look = looked(amounts(fairness=[limit("mean_error")]), pay(10_000, 1))
    assert look["verdict"] == "healthy"
    assert verdicts(look)["mean_error[sex=f]"] == "pass"


def test_a_group_that_is_paid_less_than_before_is_estimated_too_high_and_named():
    rows = pay(10_000, 1)
    rows.loc[rows["sex"] == "f", "pay"] -= 2.5
    look = looked(amounts(fairness=[limit("mean_error")]), rows)
    assert look["verdict"] == "retrain"
    check = next(c for c in look["said"].checks if c.name == "mean_error[sex=f]")
    error = (rows["said_prediction"] - rows["pay"]).groupby(rows["sex"]).mean()
    assert check.verdict == "fail"
    assert check.estimate == pytest.approx(error["f"] - error["m"], abs=1e-6)
    assert look["figures"]["largest gap"] == pytest.approx(check.estimate, abs=1e-5)
    assert f"sex=f is estimated {error['f']:.3f} dollars too high on average" in check.why
    assert any(check.why in reason for reason in look["reasons"])


def test_a_gap_that_was_there_when_the_model_was_registered_is_no_news(monkeypatch):
    rows = pay(10_000, 1)
    rows.loc[rows["sex"] == "f", "pay"] -= 2.5
    found = "assay.production.monitoring.judgement._failed_fairness_checks"
    monkeypatch.setattr(found, lambda *_: ["mean_error[sex=f]"])
    look = looked(amounts(fairness=[limit("mean_error")]), rows)
    assert verdicts(look)["mean_error[sex=f]"] == "caution"


def test_intervals_that_hold_fewer_amounts_of_one_group_call_for_a_retraining():
    rules = [limit("interval_coverage", tolerance=0.15)]
    assert looked(amounts(fairness=rules), pay(10_000, 1))["verdict"] == "healthy"
    rows = pay(10_000, 1)
    amount = rows["pay"].where(rows["sex"] == "m", 3 * rows["pay"] - 2 * rows["said_prediction"])
    look = looked(amounts(fairness=rules), rows.assign(pay=amount))
    assert verdicts(look)["interval_coverage[sex=f]"] == "fail"


def unequal_pay(start, seed, shops):
    """Women in shops earn 4 dollars more than the model says, and always did; shops open late."""
    rows = pay(start, seed, noise=0.5, noisy=shops, rows=2000)
    rng = np.random.default_rng(seed + 100)
    in_shops = rows["place"] == "shop"
    rows.loc[in_shops & (rows["sex"] == "f"), "pay"] += 4
    late = np.where(in_shops, rng.random(len(rows)) < 0.9, rng.random(len(rows)) < 0.1)
    return rows.assign(opens=np.where(late, "late", "early"))


@pytest.mark.parametrize(("shops", "paid", "verdict"), [(0.9, 0, "caution"), (0.1, 3, "fail")])
def test_a_gap_that_other_rows_bring_is_no_reason_to_train_anew(shops, paid, verdict):
    living = amounts(fairness=[limit("mean_error", tolerance=1.5)], rows=unequal_pay(0, 0, 0.1))
    rows = unequal_pay(10_000, 1, shops)
    rows.loc[rows["sex"] == "f", "pay"] += paid
    look = looked(living, rows)
    check = next(c for c in look["said"].checks if c.name == "mean_error[sex=f]")
    assert check.verdict == verdict
    assert ("dollars of it comes of the mix of place" in check.why) == (verdict == "caution")


def test_a_champion_of_another_question_is_named():
    living = amounts()
    data = {"target": {"column": "pay", "positive": 1}, "identity": ["person"]}
    other = AmountsLiving(written("pay", data), living.bucket)
    with pytest.raises(DataError, match="pay@1 have no column 'probability'"):
        build_reference(other.bucket, other.about(0).version, other.case)


@pytest.mark.parametrize("kind", ["amounts", "classes"])
def test_a_look_leaves_what_labels_lacked_for_the_looks_to_come(kind):
    living, rows = (
        (amounts(), pay(10_000, 1)) if kind == "amounts" else (classes(), harm(10_000, 1))
    )
    lacks = looked(living, rows)["lacks"]
    metric = {"amounts": "realised[mae]", "classes": "realised[accuracy]"}[kind]
    assert abs(lacks[metric]["value"]) < 0.1
    assert 0 < lacks[metric]["variance"] < 0.1**2
