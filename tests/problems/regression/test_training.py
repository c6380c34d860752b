from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import Ridge

from assay.errors import ConfigError, DataError
from assay.learning.scoring_model import ScoringModel
from assay.problems.regression.metrics import compute_metric
from assay.problems.regression.problem import PROBLEM
from assay.problems.regression.training import check_candidates
from tests.problems.learning_examples import (
    make_people,
    nowhere,
    pay_case,
    quiet,
    store_rows,
    teach,
)

BOOSTED = {
    "estimator": "sklearn.ensemble.HistGradientBoostingRegressor",
    "params": {"max_iter": 15, "max_leaf_nodes": 7},
}


@pytest.fixture(scope="module")
def boosted():
    return teach(PROBLEM, make_people(), pay_case(BOOSTED))


def test_answers_are_the_promised_columns(boosted):
    number, text = pa.float64(), pa.string()
    kinds = [pa.int64(), number, number, number, number, text]
    names = ["row", "truth", "prediction", "low", "high", "sex"]
    for answers in (boosted.predictions, boosted.held_out):
        assert answers.schema == pa.schema(list(zip(names, kinds, strict=True)))
        assert np.isfinite(answers.to_pandas()[names[1:5]]).all(axis=None)
    people = make_people()
    test = boosted.predictions.to_pandas()
    assert (people["pay"].to_numpy()[test["row"]] == test["truth"]).all()
    both = sorted([*test["row"], *boosted.held_out.to_pandas()["row"]])
    assert both == list(range(len(people)))


def test_the_same_inputs_give_the_same_bytes(boosted):
    again = teach(PROBLEM, make_people(), pay_case(BOOSTED))
    assert again.model == boosted.model
    assert again.predictions == boosted.predictions
    assert again.held_out == boosted.held_out
    assert (again.metadata, again.signature) == (boosted.metadata, boosted.signature)


def test_what_is_loaded_answers_as_what_was_trained(boosted):
    model = ScoringModel.load(boosted.model, boosted.signature)
    test = boosted.predictions.to_pandas()
    answers = model.predict(make_people().iloc[test["row"]])
    assert list(answers.columns) == [one["name"] for one in boosted.signature["outputs"]]
    for name in ("prediction", "low", "high"):
        assert answers[name].to_numpy() == pytest.approx(test[name].to_numpy(), rel=1e-12)
    assert len(model.predict(make_people().iloc[:0])) == 0
    unknown = make_people().iloc[:3].assign(job="astronaut", hours=np.nan)
    assert np.isfinite(model.predict(unknown)).all(axis=None)


def test_the_signature_and_what_is_said_of_the_candidate(boosted):
    assert boosted.signature["problem"] == "regression"
    assert boosted.signature["outputs"][0] == {
        "name": "prediction",
        "type": "number",
        "means": "expected pay, in dollars an hour",
    }
    training = make_people()["pay"].to_numpy()[boosted.held_out.to_pandas()["row"]]
    assert boosted.outcomes["outcomes"]["mean"] == pytest.approx(training.mean())
    assert boosted.outcomes["outcomes"]["rows"] == len(training)
    held = boosted.held_out.to_pandas()
    mae = compute_metric("mae", held["truth"].to_numpy(), held["prediction"].to_numpy())
    assert boosted.metadata["cross_validated"] == pytest.approx(mae, rel=0.01)
    assert boosted.metadata["threshold"] is None


def test_the_unit_changes_nothing_but_the_unit(boosted):
    cents = make_people()
    cents["pay"] *= 128  # a power of two, so that no sum is rounded otherwise
    scaled = teach(PROBLEM, cents, pay_case(BOOSTED))
    for name in ("prediction", "low", "high"):
        plain = boosted.held_out.to_pandas()[name].to_numpy()
        assert scaled.held_out.to_pandas()[name].to_numpy() == pytest.approx(128 * plain, rel=1e-6)


@pytest.mark.parametrize("log", [False, True])
def test_intervals_hold_what_they_promise_and_miss_on_both_sides(log):
    people = make_people(4_000)
    made = teach(PROBLEM, people, pay_case(target={"log": log}, performance={"coverage": 0.8}))
    held = made.held_out.to_pandas()
    hit = held["truth"].between(held["low"], held["high"])
    assert hit.mean() == pytest.approx(0.8, abs=0.01)
    assert (held["truth"] < held["low"]).mean() == pytest.approx(0.1, abs=0.01)
    hours = people["hours"].to_numpy()[held["row"]]
    for part in (hours < 35, hours > 45):  # the spread differs fivefold between them
        assert hit[part].mean() == pytest.approx(0.8, abs=0.04)
    test = made.predictions.to_pandas()
    assert test["truth"].between(test["low"], test["high"]).mean() == pytest.approx(0.8, abs=0.045)


def test_logarithms_come_back_as_means_and_not_as_medians():
    made = teach(PROBLEM, make_people(4_000), pay_case(target={"log": True}))
    held = made.held_out.to_pandas()
    assert held["prediction"].mean() == pytest.approx(held["truth"].mean(), rel=0.01)
    model = ScoringModel.load(made.model, made.signature).fitted
    assert model.rule.smearing > 1.05
    assert (held["low"] > 0).all()


def test_where_too_low_costs_more_the_quantile_that_costs_least_is_answered():
    cost = {"unit_cost": {"too_low": 4.0, "too_high": 1.0}, "choose_by": "cost"}
    people = make_people(1_500)
    dear = teach(PROBLEM, people, pay_case(performance=cost)).held_out.to_pandas()
    plain = teach(PROBLEM, people, pay_case()).held_out.to_pandas()
    assert (dear["truth"] <= dear["prediction"]).mean() == pytest.approx(0.8, abs=0.01)

    def paid(answers):
        unit_cost = pay_case(performance=cost).performance.unit_cost
        truth, prediction = answers["truth"].to_numpy(), answers["prediction"].to_numpy()
        return compute_metric("cost", truth, prediction, unit_cost=unit_cost)

    assert paid(dear) < 0.9 * paid(plain)
    assert (dear["low"] == plain["low"]).all()


def test_rows_of_one_group_are_either_tested_or_learnt_from():
    people = make_people()
    people["house"] = np.arange(len(people)) // 4
    case = pay_case(split={"by": "group", "column": "house"})
    made = teach(PROBLEM, people, case)
    test = set(people["house"].to_numpy()[made.predictions.to_pandas()["row"]])
    held = set(people["house"].to_numpy()[made.held_out.to_pandas()["row"]])
    assert not test & held


def test_by_time_only_rows_that_a_fold_held_out_are_answered():
    case = pay_case(split={"by": "time", "column": "since"})
    made = teach(PROBLEM, make_people(), case)
    since = make_people()["since"].to_numpy()
    held = since[made.held_out.to_pandas()["row"]]
    assert len(held) < len(since) - len(made.predictions)
    assert held.max() < since[made.predictions.to_pandas()["row"]].min()


def test_text_of_many_values_is_encoded_by_its_mean_amount():
    people = make_people(900)
    people["firm"] = [f"firm {number % 90}" for number in range(900)]
    people["pay"] += (np.arange(900) % 90) * 2.0
    held = teach(PROBLEM, people, pay_case()).held_out.to_pandas()
    assert compute_metric("r2", held["truth"].to_numpy(), held["prediction"].to_numpy()) > 0.9


@pytest.mark.parametrize(
    ("candidate", "what", "remedy"),
    [
        (
            {"estimator": "sklearn.ensemble.RandomForestClassifier"},
            "not a regressor",
            "name sklearn.ensemble.RandomForestRegressor",
        ),
        ({"estimator": "sklearn.svm.LinearSVC"}, "not a regressor", "HistGradientBoosting"),
        (
            {"estimator": "sklearn.linear_model.Ridge", "calibrate": "isotonic"},
            "an amount has none",
            "Leave it out",
        ),
    ],
)
def test_a_candidate_that_does_not_answer_how_much_is_refused(candidate, what, remedy):
    with pytest.raises(ConfigError, match=what) as refused:
        check_candidates(pay_case(candidate), nowhere)
    assert remedy in str(refused.value.remedy)
    assert str(refused.value.where).startswith("candidates.0.")
    check_candidates(pay_case(BOOSTED), nowhere)


def test_a_fit_whose_amounts_leave_all_bounds_fails_with_its_reason():
    case = pay_case({"estimator": "tests.problems.regression.test_training.Wild"})
    with pytest.raises(ConfigError, match=r"it predicts amounts beyond 1e\+30"):
        teach(PROBLEM, make_people(), case)


def test_too_few_rows_for_the_coverage_are_refused():
    case = pay_case(performance={"coverage": 0.999})
    with pytest.raises(DataError, match="needs 1,999 training rows"):
        teach(PROBLEM, make_people(), case)


def test_a_sensitive_column_with_the_name_of_an_answer_is_refused():
    people = make_people().rename(columns={"sex": "low"})
    case = pay_case(data={"sensitive": {"low": {}}})
    with pytest.raises(DataError, match="cannot be called 'low'"):
        teach(PROBLEM, people, case)
    with pytest.raises(DataError, match="cannot be called 'low'") as refused:
        PROBLEM.check_candidates(case, nowhere)  # before any work is done
    assert refused.value.where == "data.sensitive.low"


@pytest.mark.parametrize("name", ["mae", "r2", "pinball_loss", "median_absolute_error"])
def test_the_better_parameters_are_chosen_by_any_metric(name):
    worse_first = {"estimator": "sklearn.linear_model.Ridge", "search": {"alpha": [1e9, 1.0]}}
    case = pay_case(worse_first, performance={"choose_by": name})
    rows = store_rows(make_people(300))
    test = PROBLEM.split_rows(rows, case).test
    found = PROBLEM.search_candidate(
        rows, test, case.candidates[0], case, say=quiet, locate=nowhere
    ).as_json()
    assert found["chosen"] == 1
    assert found["tried"][1]["mean"] == pytest.approx(np.mean(found["tried"][1]["scores"]))


class Wild(Ridge):
    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.full(len(rows), 1e200)
