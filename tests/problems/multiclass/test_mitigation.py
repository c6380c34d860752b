"""Candidates of several classes whose groups are to be decided more alike."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import ConfigError, DataError
from assay.learning.mitigation.reweighing import reweighing_weights
from assay.learning.scoring_model import ScoringModel
from assay.problems.fit_to_question import check_fits_question
from assay.problems.multiclass.class_thresholds import decide_with_thresholds
from assay.problems.multiclass.problem import PROBLEM
from assay.problems.problem_type import HeldOutAnswers
from tests.problems.learning_examples import (
    HARM,
    LOGISTIC,
    harm_case,
    make_people,
    nowhere,
    pay_case,
    teach,
)

CHANCES = [f"probability_{name}" for name in HARM]


def unequal(rows=3_000):
    """Men are harmed more often than women, and the features tell the sexes apart."""
    frame = make_people(rows)
    harmed = (frame["sex"] == "Male") & (np.arange(rows) % 3 == 0) & (frame["harm"] == "none")
    return frame.assign(harm=frame["harm"].where(~harmed, "minor"), his=frame["sex"] == "Male")


def mitigated(method, strength=1.0, **changes):
    mitigate = {"method": method, "by": "sex", "strength": strength}
    return harm_case({"estimator": LOGISTIC, "mitigate": mitigate}, **changes)


def widest_gap(answers):
    frame = answers.to_pandas()
    rates = pd.crosstab(frame["sex"], frame["decision"], normalize="index")
    return float((rates.loc["Male"] - rates.loc["Female"]).abs().max())


@pytest.fixture(scope="module")
def plain():
    return teach(PROBLEM, unequal(), harm_case())


@pytest.fixture(scope="module")
def by_thresholds():
    return teach(PROBLEM, unequal(), mitigated("assay.class_thresholds"))


def test_thresholds_close_the_gap_on_rows_that_nobody_saw_and_half_of_it_on_request(
    plain, by_thresholds
):
    half = teach(PROBLEM, unequal(), mitigated("assay.class_thresholds", 0.5))
    before, after = widest_gap(plain.predictions), widest_gap(by_thresholds.predictions)
    assert before > 0.25
    assert after < 0.1
    assert after < widest_gap(half.predictions) < before
    held = [widest_gap(one.held_out) for one in (plain, half, by_thresholds)]
    assert held == sorted(held, reverse=True)


def test_probabilities_and_sets_stay_what_they_are(plain, by_thresholds):
    for ours, theirs in (
        (by_thresholds.predictions, plain.predictions),
        (by_thresholds.held_out, plain.held_out),
    ):
        assert ours.select([*CHANCES, "set", "truth"]) == theirs.select([*CHANCES, "set", "truth"])
    assert by_thresholds.predictions["decision"] != plain.predictions["decision"]


def test_a_model_with_thresholds_asks_for_the_group_and_decides_new_ones_as_before(
    plain, by_thresholds
):
    model = ScoringModel.load(by_thresholds.model, by_thresholds.signature)
    before = ScoringModel.load(plain.model, plain.signature)
    assert by_thresholds.signature["groups"] == [{"name": "sex", "bins": []}]
    assert model.group_columns == ["sex"]
    frame = unequal().iloc[by_thresholds.predictions.to_pandas()["row"]]
    asked = model.predict(frame)
    assert asked["decision"].tolist() == by_thresholds.predictions["decision"].to_pylist()
    unknown = model.predict(frame.assign(sex="not said"))
    assert unknown["decision"].tolist() == before.predict(frame)["decision"].tolist()
    with pytest.raises(DataError, match="sex"):
        model.predict(frame.drop(columns="sex"))
    assert model.predict(frame.iloc[:0]).empty


def test_rows_are_decided_by_their_own_group_however_many_come_at_once(by_thresholds, monkeypatch):
    model = ScoringModel.load(by_thresholds.model, by_thresholds.signature)
    whole = model.predict(unequal())
    monkeypatch.setattr("assay.learning.scoring_model._ROWS_AT_ONCE", 700)
    pd.testing.assert_frame_equal(model.predict(unequal()), whole)


def test_answers_out_of_fold_are_by_thresholds_that_were_learnt_from_other_rows(by_thresholds):
    held = by_thresholds.held_out.to_pandas()
    learnt = ScoringModel.load(by_thresholds.model, by_thresholds.signature).fitted
    own = decide_with_thresholds(
        learnt.thresholds, held[CHANCES].to_numpy(), learnt.costs, held["sex"].to_numpy(object)
    )
    differ = np.array(HARM)[own] != held["decision"]
    assert 0 < differ.mean() < 0.1


def test_the_same_inputs_give_the_same_bytes(by_thresholds):
    again = teach(PROBLEM, unequal(), mitigated("assay.class_thresholds"))
    assert again.model == by_thresholds.model
    assert again.held_out == by_thresholds.held_out


def test_what_is_said_of_the_candidate(by_thresholds):
    asked = by_thresholds.metadata["mitigate"]
    assert (asked["method"], asked["by"]) == ("assay.class_thresholds", ["sex"])
    assert by_thresholds.metadata["candidate"] == "LogisticRegression + class_thresholds"
    assert by_thresholds.technical["groups_without_rule"] == []


def test_dear_errors_still_decide(by_thresholds):
    costs = {"cost_matrix": {"killed": {"none": 30.0, "minor": 10.0}}, "choose_by": "cost"}
    dear = teach(PROBLEM, unequal(), mitigated("assay.class_thresholds", performance=costs))
    decided = dear.predictions.to_pandas()["decision"]
    before = by_thresholds.predictions.to_pandas()["decision"]
    assert (decided == "killed").sum() > 2 * (before == "killed").sum()
    assert widest_gap(dear.predictions) < 0.1


def test_reweighing_makes_group_and_class_independent_and_narrows_the_gap(plain):
    frame = unequal()
    truth = pd.Series(frame["harm"]).map(HARM.index).to_numpy()
    weights = reweighing_weights(frame["sex"].to_numpy(), truth, outcomes=3)
    counted = frame.assign(weight=weights)
    cells = counted.pivot_table("weight", "sex", "harm", aggfunc="sum")
    shares = cells.div(cells.sum(axis=1), axis=0)
    assert shares.loc["Male"].to_numpy() == pytest.approx(shares.loc["Female"].to_numpy())
    # Kamiran & Calders: P(g) P(c) / P(g, c).
    here = (frame["sex"] == "Male") & (frame["harm"] == "killed")
    expected = (frame["sex"] == "Male").mean() * (frame["harm"] == "killed").mean() / here.mean()
    assert weights[here] == pytest.approx(expected)
    made = teach(PROBLEM, frame, mitigated("assay.reweighing"))
    assert widest_gap(made.predictions) < 0.7 * widest_gap(plain.predictions)
    assert widest_gap(made.held_out) < 0.7 * widest_gap(plain.held_out)
    assert made.signature["groups"] is None


def test_the_units_of_sampling_weights_change_no_decision():
    frame = unequal(1_200).assign(w=np.random.default_rng(4).uniform(0.5, 3, 1_200))
    for method in ("assay.class_thresholds", "assay.reweighing"):
        found = []
        for unit in (1.0, 1000.0):
            case = mitigated(method, data={"weight": {"column": "w", "kind": "sampling"}})
            found.append(teach(PROBLEM, frame.assign(w=frame["w"] * unit), case))
        decided = [made.predictions.to_pandas()["decision"] for made in found]
        assert (decided[0] == decided[1]).all()


def test_pictures_set_the_gap_against_what_decisions_cost(plain, by_thresholds):
    """Scores of probabilities are the same at every strength."""
    rule = {"metric": "selection_rate", "by": "sex", "tolerance": 0.1, "because": "b"}
    case = mitigated("assay.class_thresholds", fairness=[rule])
    known = [
        HeldOutAnswers(name, made.held_out.to_pandas(), made.metadata | {"tested": 600})
        for name, made in (("plain", plain), ("thresholds", by_thresholds))
    ]
    found = PROBLEM.rank_candidates(known, case)
    assert [one["title"] for one in found.order] == ["thresholds", "plain"]
    (figure,) = found.report.figures
    assert (figure.axis, PROBLEM.trade_off_metric(case)) == ("cost", "cost")
    cost = {point.label: point.value for point in figure.series[0].points}
    errors = [(one.held_out["truth"] != one.held_out["decision"]).mean() for one in known]
    assert cost == pytest.approx({"plain": errors[0], "thresholds": errors[1]})
    assert cost["plain"] < cost["thresholds"]
    assert PROBLEM.trade_off_metric(harm_case(fairness=[rule])) == "log_loss"


@pytest.mark.parametrize("method", ["assay.class_thresholds", "assay.reweighing"])
def test_one_group_alone_is_an_error_that_says_where(method):
    frame = unequal(400).assign(sex="Female")
    with pytest.raises(DataError) as refused:
        teach(PROBLEM, frame, mitigated(method))
    assert "fewer than two groups of 'sex'" in refused.value.what
    assert refused.value.where == "candidates.0.mitigate.by"


def test_a_class_that_a_group_never_holds_is_no_error():
    frame = unequal(1_500)
    frame = frame[(frame["sex"] == "Male") | (frame["harm"] != "killed")]
    frame = frame.assign(person=np.arange(len(frame)))
    for method in ("assay.class_thresholds", "assay.reweighing"):
        made = teach(PROBLEM, frame, mitigated(method))
        assert np.isfinite(made.predictions.to_pandas()[CHANCES].to_numpy()).all()


def test_methods_of_another_question_are_refused_with_those_that_there_are():
    mitigate = {
        "method": "fairlearn.postprocessing.ThresholdOptimizer",
        "by": "sex",
        "constraint": "demographic_parity",
    }
    for make in (harm_case, pay_case):
        from assay.problems.lookup import problem_type

        case = make({"estimator": LOGISTIC, "mitigate": mitigate})
        with pytest.raises(ConfigError) as refused:
            check_fits_question(problem_type(case.data.target), case, nowhere)
        assert refused.value.where == "candidates.0.mitigate.method"
    assert "assay.class_thresholds" in PROBLEM.mitigations
