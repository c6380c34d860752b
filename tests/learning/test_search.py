from __future__ import annotations

from types import SimpleNamespace

import joblib
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from assay.errors import ConfigError
from assay.learning import search
from assay.learning.estimators import make_estimator
from assay.learning.folds import make_folds
from assay.learning.search import LearningProblem, parameter_combinations, search_parameters

LOGISTIC = "sklearn.linear_model.LogisticRegression"
RNG = np.random.default_rng(0)
ROWS = pd.DataFrame(RNG.normal(size=(240, 3)), columns=list("abc"))
TRUTH = (ROWS.a + RNG.normal(size=240) > 0).to_numpy()


def searched(case, say=lambda *_: None):
    candidate = case.candidates[0]
    problem = LearningProblem(
        ROWS, TRUTH, make_folds(TRUTH, pd.Series(range(240)), case), candidate, case
    )
    pipeline = Pipeline([("prepare", StandardScaler()), ("model", make_estimator(candidate, case))])
    return search_parameters(pipeline, problem, say, lambda path: ".".join(map(str, path)))


def test_the_best_mean_wins_and_all_that_was_tried_is_told(use_case):
    found = searched(use_case({"estimator": LOGISTIC, "search": {"C": [1e-6, 1.0]}}))
    assert [entry["params"] for entry in found.trials] == [{"C": 1e-6}, {"C": 1.0}]
    assert found.chosen_index == int(np.argmax([entry["mean"] for entry in found.trials]))
    assert found.params == found.trials[found.chosen_index]["params"]
    assert found.trials[1]["mean"] == pytest.approx(np.mean(found.trials[1]["scores"]))
    assert len(found.trials[1]["scores"]) == 3
    assert not np.isnan(found.scores).any()


def test_no_row_is_judged_by_a_model_that_was_fitted_to_it(use_case):
    memory = {"estimator": "sklearn.tree.DecisionTreeClassifier", "calibrate": "none"}
    case = use_case(memory)
    noise = np.random.default_rng(1).random(240) < 0.5
    made = make_folds(noise, pd.Series(range(240)), case)
    problem = LearningProblem(ROWS, noise, made, case.candidates[0], case)
    pipeline = Pipeline([("model", make_estimator(case.candidates[0], case))])
    found = search_parameters(pipeline, problem, lambda *_: None)
    assert roc_auc_score(noise, found.scores) < 0.65


def test_losses_are_made_small(use_case):
    candidate = {"estimator": LOGISTIC, "search": {"C": [1e-6, 1.0]}, "calibrate": "none"}
    found = searched(use_case(candidate, performance={"choose_by": "log_loss"}))
    means = [entry["mean"] for entry in found.trials]
    assert found.chosen_index == int(np.argmin(means))
    assert means[0] != means[1]


def test_of_equal_combinations_the_first_is_taken(use_case):
    found = searched(use_case({"estimator": LOGISTIC, "search": {"verbose": [0, 0, 0]}}))
    assert found.chosen_index == 0


@pytest.mark.slow
def test_more_processes_find_the_same(use_case):
    candidate = {"estimator": LOGISTIC, "search": {"C": [0.1, 1.0]}}
    alone = searched(use_case(candidate, search={"jobs": 1}))
    beside = searched(use_case(candidate, search={"jobs": 2}))
    assert alone.trials == beside.trials
    assert (alone.scores == beside.scores).all()
    assert (alone.probability == beside.probability).all()


def test_progress_counts_every_fit(use_case):
    seen = []
    searched(
        use_case({"estimator": LOGISTIC, "search": {"C": [0.1, 1.0]}}),
        lambda done, total, text: seen.append((done, total, text)),
    )
    assert [(done, total) for done, total, _ in seen] == [(i, 6) for i in range(1, 7)]
    assert seen[0][2] == "C=0.1"


def test_a_combination_that_fails_is_recorded_and_the_others_go_on(use_case):
    found = searched(use_case({"estimator": LOGISTIC, "search": {"C": [-1.0, 1.0]}}))
    assert "'C' parameter" in found.trials[0]["error"]
    assert found.trials[0]["mean"] is None
    assert found.params == {"C": 1.0}


def test_a_wide_table_is_not_copied_into_a_process_for_each_core(monkeypatch):
    monkeypatch.setattr(joblib, "cpu_count", lambda: 8)
    for columns, jobs in ((1_000, 8), (1_001, 1)):
        rows = pd.DataFrame(np.zeros((2, columns)))
        assert search._default_jobs(SimpleNamespace(rows=rows)) == jobs


@pytest.mark.parametrize("jobs", [1, 2])
def test_when_all_fail_the_error_names_candidate_params_and_what_was_said(use_case, jobs):
    candidate = {"estimator": LOGISTIC, "name": "mine", "search": {"C": [-1.0, -2.0]}}
    with pytest.raises(ConfigError, match=r"mine could not be fitted with C=-1.0: .*'C' par") as e:
        searched(use_case(candidate, search={"jobs": jobs}))
    assert e.value.where == "candidates.0"
    assert "all 2 combinations" in e.value.remedy


def test_an_estimators_warnings_are_kept_with_what_was_tried(use_case):
    found = searched(use_case({"estimator": LOGISTIC, "params": {"max_iter": 1}}))
    assert any("failed to converge" in text for text in found.trials[0]["warnings"])


def test_random_draws_are_seeded_and_never_more_than_there_are(use_case):
    candidate = {"estimator": LOGISTIC, "search": {"C": [0.1, 1, 10], "tol": [1e-4, 1e-3]}}

    def drawn(draws, seed):
        case = use_case(candidate, search={"method": "random", "draws": draws}, seed=seed)
        return parameter_combinations(case.candidates[0], case)

    assert drawn(3, 1) == drawn(3, 1) != drawn(3, 2)
    assert len(drawn(3, 1)) == 3
    assert len(drawn(50, 1)) == 6


def test_what_was_found_comes_back_from_what_is_kept_of_it(use_case, people, table, say):
    from assay.bucket import canonical_json
    from assay.learning.search import SearchOutcome
    from assay.learning.split import mark_test_rows
    from assay.learning.train import search_candidate

    rows, case = table(people()), use_case()
    found = search_candidate(rows, mark_test_rows(rows, case), case.candidates[0], case, say=say)
    kept = canonical_json.load(canonical_json.dump(found.as_json()))
    again = SearchOutcome.restore(kept, found.frame(), case.candidates[0], case)
    assert again.as_json() == found.as_json()
    assert again.params == found.params
    assert (again.scores == found.scores).all()
