"""A yes or no that leaves rows to a person, from training to its reports."""

from __future__ import annotations

import functools
from unittest import mock

import pytest

from assay.gates.report import Verdict
from assay.learning.abstention import AbstainRule
from assay.learning.scoring_model import ScoringModel
from assay.learning.timing import measure_timing
from assay.problems.binary.problem import PROBLEM
from assay.problems.problem_type import TestRows as KnownRows
from tests.problems.learning_examples import LOGISTIC, make_people, make_use_case, teach


def make_case(**abstain):
    performance = {"abstain": abstain} if abstain else {}
    target = {"column": "harm", "positive": "none"}
    return make_use_case(target, {"estimator": LOGISTIC}, performance=performance)


def learn(case):
    brief = functools.partial(measure_timing, budget=0.02)
    with mock.patch("assay.learning.train.measure_timing", brief):
        return teach(PROBLEM, make_people(1500), case)


@pytest.fixture(scope="module")
def abstaining():
    case = make_case(coverage=0.9)
    return case, learn(case)


@pytest.fixture(scope="module")
def plain():
    return learn(make_case())


def test_without_abstain_no_output_knows_of_it(plain, abstaining):
    assert "abstain" not in plain.signature
    assert "abstain" not in plain.outcomes
    assert [one["name"] for one in plain.signature["outputs"]] == ["probability", "decision"]
    assert "abstain" not in make_case().performance.model_dump(mode="json")
    assert "abstain" not in make_case().performance.decision_settings()
    assert plain.model == abstaining[1].model  # the rule stands beside the model


def test_the_served_model_answers_as_the_predictions_say(abstaining):
    _, trained = abstaining
    served = ScoringModel.load(trained.model, trained.signature)
    tested = trained.predictions.to_pandas()
    answers = served.predict(make_people(1500).iloc[tested["row"]])
    assert answers["answer"].tolist() == tested["answer"].tolist()
    assert list(answers.columns) == [one["name"] for one in trained.signature["outputs"]]
    assert ((answers["answer"] == "person") == (answers["why"] != "")).all()
    assert set(answers["answer"]) == {"yes", "no", "person"}


def test_the_reports_tell_who_is_left_to_a_person(abstaining):
    case, trained = abstaining
    answers = trained.predictions.to_pandas()
    about = trained.metadata | trained.outcomes
    performance = PROBLEM.judge_performance(answers, case, about, KnownRows(), subject="model")
    held = {c.name: c for c in performance.checks if c.name.startswith("held_outcomes")}
    assert set(held) == {"held_outcomes_yes", "held_outcomes_no", "held_outcomes_by_group"}
    assert held["held_outcomes_yes"].verdict is not Verdict.FAIL
    assert "are left to a person" in performance.summary
    fairness = PROBLEM.audit_fairness(answers, case, subject="model")
    assert "waiting_for_a_person" in {check.name for check in fairness.checks}
    assert fairness.sheets[-1].title == "Who waits for a person"


def test_rows_are_no_slices_by_who_decides_them(abstaining):
    case, trained = abstaining
    answers, about = trained.predictions.to_pandas(), trained.metadata | trained.outcomes
    report = PROBLEM.judge_performance(answers, case, about, KnownRows(), subject="model")
    assert not any("answer" in str(cell) for s in report.sheets for r in s.rows for cell in r)


def test_a_rule_does_not_depend_on_the_test_rows(abstaining):
    case, trained = abstaining
    rule = AbstainRule.from_json(trained.signature["abstain"])
    held = trained.held_out.to_pandas()
    yes = held.loc[held["truth"], "probability"]
    assert (yes >= rule.yes_from).mean() == pytest.approx(0.9, abs=0.01)
    no = held.loc[~held["truth"], "probability"]
    assert (no <= rule.no_to).mean() == pytest.approx(0.9, abs=0.01)
    assert case.performance.abstain.gap == 0.1


def test_the_card_says_which_rows_are_left_to_a_person(abstaining):
    case, _ = abstaining
    assert (
        "0.9 of each outcome"
        in PROBLEM.answer_facts(case, case.candidates[0])["Left to a person"][0]
    )
    band = make_case(no_below=0.25, yes_above=0.75)
    assert "0.25 to 0.75" in PROBLEM.answer_facts(band, band.candidates[0])["Left to a person"][0]
    assert "Left to a person" not in PROBLEM.answer_facts(make_case(), case.candidates[0])
