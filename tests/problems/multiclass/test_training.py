from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

from assay.errors import ConfigError, DataError
from assay.learning.scoring_model import ScoringModel
from assay.problems.multiclass.problem import PROBLEM
from assay.problems.multiclass.training import check_candidates
from tests.problems.learning_examples import (
    HARM,
    LOGISTIC,
    harm_case,
    make_people,
    nowhere,
    quiet,
    store_rows,
    teach,
)

CHANCES = [f"probability_{name}" for name in HARM]


@pytest.fixture(scope="module")
def logistic():
    return teach(PROBLEM, make_people(), harm_case())


def test_answers_are_the_promised_columns(logistic):
    number, text = pa.float64(), pa.string()
    names = ["row", "truth", "decision", *CHANCES, "set", "sex"]
    kinds = [pa.int64(), text, text, number, number, number, text, text]
    for answers in (logistic.predictions, logistic.held_out):
        assert answers.schema == pa.schema(list(zip(names, kinds, strict=True)))
        frame = answers.to_pandas()
        assert frame[CHANCES].sum(axis=1).to_numpy() == pytest.approx(1.0, abs=1e-12)
        assert (np.array(HARM)[frame[CHANCES].to_numpy().argmax(axis=1)] == frame["decision"]).all()
        assert (frame["set"] != "").all()
    test = logistic.predictions.to_pandas()
    assert (make_people()["harm"].to_numpy()[test["row"]] == test["truth"]).all()


def test_the_same_inputs_give_the_same_bytes(logistic):
    again = teach(PROBLEM, make_people(), harm_case())
    assert again.model == logistic.model
    assert again.predictions == logistic.predictions
    assert again.held_out == logistic.held_out
    assert (again.metadata, again.signature) == (logistic.metadata, logistic.signature)


def test_what_is_loaded_answers_as_what_was_trained(logistic):
    model = ScoringModel.load(logistic.model, logistic.signature)
    test = logistic.predictions.to_pandas()
    answers = model.predict(make_people().iloc[test["row"]])
    assert list(answers.columns) == [one["name"] for one in logistic.signature["outputs"]]
    assert answers[CHANCES].to_numpy() == pytest.approx(test[CHANCES].to_numpy(), rel=1e-12)
    assert answers["set"].tolist() == test["set"].tolist()
    assert answers["decision"].tolist() == test["decision"].tolist()
    assert len(model.predict(make_people().iloc[:0])) == 0


def test_the_signature_and_what_is_said_of_the_candidate(logistic):
    assert logistic.signature["problem"] == "multiclass"
    assert logistic.signature["classes"] == HARM
    training = make_people()["harm"][logistic.held_out.to_pandas()["row"]]
    shares = training.value_counts(normalize=True)
    said = logistic.outcomes["outcomes"]
    assert said["shares"] == pytest.approx({name: shares[name] for name in HARM})
    assert said["rows"] == len(training)
    assert logistic.metadata["choose_by"] == "log_loss"
    assert 0.5 < logistic.metadata["cross_validated"] < np.log(3)


@pytest.mark.parametrize("method", ["sigmoid", "isotonic"])
def test_calibration_is_scikit_learns_own_of_the_same_folds(method):
    """CalibratedClassifierCV fits and calibrates by itself; the folds are handed to it."""
    from sklearn.calibration import CalibratedClassifierCV

    from assay.problems.multiclass.training import _make_problem

    case, rows = harm_case({"estimator": LOGISTIC, "calibrate": method}), store_rows(make_people())
    made = teach(PROBLEM, make_people(), case)
    model = ScoringModel.load(made.model, made.signature)
    test = PROBLEM.split_rows(rows, case).test
    problem = _make_problem(rows, test, case.candidates[0], case)
    pipeline = model.fitted.classifier.estimator.estimator
    own = CalibratedClassifierCV(pipeline, method=method, ensemble=False, cv=problem.folds)
    expected = own.fit(problem.rows, problem.truth).predict_proba(problem.rows)
    found = model.fitted.answer(problem.rows)[CHANCES].to_numpy()
    assert found == pytest.approx(expected, abs=1e-9)


def test_probabilities_can_be_the_estimators_own():
    case = harm_case({"estimator": LOGISTIC, "calibrate": "none"})
    made = teach(PROBLEM, make_people(), case)
    model = ScoringModel.load(made.model, made.signature).fitted
    rows = model.classifier[:-1].feature_names_in_
    assert "hours" in rows
    test = made.predictions.to_pandas()
    answers = ScoringModel.load(made.model, made.signature).predict(make_people())
    assert answers[CHANCES].to_numpy()[test["row"]] == pytest.approx(test[CHANCES].to_numpy())


def test_costs_decide_and_change_no_probability(logistic):
    costs = {"cost_matrix": {"killed": {"none": 30.0, "minor": 10.0}}, "choose_by": "cost"}
    dear = teach(PROBLEM, make_people(), harm_case(performance=costs)).held_out.to_pandas()
    plain = logistic.held_out.to_pandas()
    assert (dear[CHANCES] == plain[CHANCES]).all(axis=None)
    assert (dear["set"] == plain["set"]).all()
    assert (dear["decision"] == "killed").sum() > 2 * (plain["decision"] == "killed").sum()


def test_sets_hold_each_class_as_often_as_promised():
    case = harm_case(performance={"coverage": 0.8})
    made = teach(PROBLEM, make_people(3_000), case)
    held = made.held_out.to_pandas()
    hit = pd.Series([t in s.split("|") for t, s in zip(held["truth"], held["set"], strict=True)])
    for name in HARM:
        assert hit[held["truth"] == name].mean() == pytest.approx(0.8, abs=0.015)
    test = made.predictions.to_pandas()
    hit = pd.Series([t in s.split("|") for t, s in zip(test["truth"], test["set"], strict=True)])
    assert hit.mean() == pytest.approx(0.8, abs=0.05)


def test_classes_may_have_any_name(logistic):
    names = {"none": "1", "minor": "x y", "killed": "true"}
    people = make_people()
    people["harm"] = people["harm"].map(names)
    made = teach(PROBLEM, people, harm_case(target={"classes": list(names.values())}))
    plain, other = logistic.held_out.to_pandas(), made.held_out.to_pandas()
    assert (plain["decision"].map(names) == other["decision"]).all()
    assert plain["probability_killed"].tolist() == other["probability_true"].tolist()


def test_rows_of_one_house_stay_on_one_side():
    people = make_people()
    people["house"] = np.arange(len(people)) // 4
    made = teach(PROBLEM, people, harm_case(split={"by": "group", "column": "house"}))
    houses = people["house"].to_numpy()
    test, held = (set(houses[one.to_pandas()["row"]]) for one in (made.predictions, made.held_out))
    assert not test & held


@pytest.mark.parametrize(
    ("candidate", "what", "remedy"),
    [
        ({"estimator": "sklearn.linear_model.Ridge"}, "not a classifier", "which of several"),
        (
            {"estimator": "sklearn.svm.LinearSVC", "calibrate": "none"},
            "no probabilities of its own",
            "sigmoid",
        ),
        (
            {"estimator": "tests.problems.multiclass.test_training.TwoOnly"},
            "tells two classes apart",
            "HistGradientBoostingClassifier",
        ),
    ],
)
def test_a_candidate_that_does_not_answer_which_is_refused(candidate, what, remedy):
    with pytest.raises(ConfigError, match=what) as refused:
        check_candidates(harm_case(candidate), nowhere)
    assert remedy in str(refused.value.remedy)
    check_candidates(harm_case({"estimator": "sklearn.svm.LinearSVC"}), nowhere)


@pytest.mark.parametrize("name", ["Careless", "Narrow"])
def test_probabilities_that_are_none_fail_the_fit_with_their_reason(name):
    path = f"tests.problems.multiclass.test_training.{name}"
    said = {"Careless": "do not sum to 1", "Narrow": "gives 2 scores a row for 3 classes"}
    case, rows = harm_case({"estimator": path, "calibrate": "none"}), store_rows(make_people())
    test = PROBLEM.split_rows(rows, case).test
    with pytest.raises(ConfigError, match=said[name]):
        PROBLEM.search_candidate(rows, test, case.candidates[0], case, say=quiet, locate=nowhere)


def test_an_answer_whose_probabilities_are_none_is_not_a_number(logistic):
    model = ScoringModel.load(logistic.model, logistic.signature).fitted

    class Odd:
        def predict_proba(self, rows):
            return np.array([[0.2, 0.3, 0.5], [0.5, 0.5, 0.5], [np.nan, 0.5, 0.5], [-1, 1, 1]])

    model.classifier = Odd()
    answers = model.answer(pd.DataFrame(index=[3, 4, 5, 6]))
    assert answers[CHANCES].isna().all(axis=1).tolist() == [False, True, True, True]
    assert answers.index.tolist() == [3, 4, 5, 6]


def test_a_class_with_fewer_rows_than_folds_is_refused():
    people = make_people()
    killed = people.index[people["harm"] == "killed"]
    rows = store_rows(people)
    test = PROBLEM.split_rows(rows, harm_case()).test
    spare = [one for one in killed if not test[one]][2:]
    people.loc[spare, "harm"] = "none"
    with pytest.raises(DataError, match="3 rows of each class in training; 'killed' has 2"):
        teach(PROBLEM, people, harm_case())


def test_a_sensitive_column_with_the_name_of_an_answer_is_refused():
    people = make_people().rename(columns={"sex": "set"})
    case = harm_case(data={"sensitive": {"set": {}}})
    with pytest.raises(DataError, match="cannot be called 'set'"):
        teach(PROBLEM, people, case)
    with pytest.raises(DataError, match="cannot be called 'set'") as refused:
        PROBLEM.check_candidates(case, nowhere)  # before any work is done
    assert refused.value.where == "data.sensitive.set"


def test_a_rule_of_all_classes_together_that_names_one_is_refused():
    rule = {"metric": "accuracy_score", "by": ["sex"], "tolerance": 0.1, "because": "agreed"}
    check_candidates(harm_case(fairness=[rule]), nowhere)
    with pytest.raises(ConfigError, match="accuracy_score is of all classes together") as refused:
        check_candidates(harm_case(fairness=[{**rule, "classes": ["none"]}]), nowhere)
    assert refused.value.where == "fairness.0.classes"


class TwoOnly(LogisticRegression):
    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags


class Careless(LogisticRegression):
    def predict_proba(self, rows):
        return super().predict_proba(rows) * 1.1


class Narrow(LogisticRegression):
    def predict_proba(self, rows):
        return super().predict_proba(rows)[:, :2]
