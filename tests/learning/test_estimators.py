from __future__ import annotations

import sys

import pytest

from assay.errors import ConfigError
from assay.learning.estimators import check_candidates, import_object, make_estimator

LOGISTIC = "sklearn.linear_model.LogisticRegression"
FOREST = "sklearn.ensemble.RandomForestClassifier"


def place(path):
    return ".".join(map(str, path))


def made(use_case, **candidate):
    case = use_case(candidate)
    return make_estimator(case.candidates[0], case, place)


def test_params_are_set_and_randomness_is_seeded(use_case):
    forest = made(use_case, estimator=FOREST, params={"n_estimators": 3})
    assert (forest.n_estimators, forest.random_state) == (3, 7)


@pytest.mark.parametrize(
    "where", [{"params": {"random_state": 1}}, {"search": {"random_state": [1]}}]
)
def test_a_seed_of_the_users_own_is_left_alone(use_case, where):
    assert made(use_case, estimator=FOREST, **where).random_state != 7


@pytest.mark.parametrize(
    ("candidate", "where", "said", "remedy"),
    [
        ({"estimator": "sklearn.linear_model.LogisticRegresion"}, "estimator", "has no", LOGISTIC),
        ({"estimator": "sklearn.linear_modle.Ridge"}, "estimator", "no module", "linear_model"),
        ({"estimator": "skleanr.svm.SVC"}, "estimator", "no module 'skleanr'", "sklearn"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "estimator", "not a classifier", "yes or no"),
        ({"estimator": "os.path.join"}, "estimator", "not an estimator", "class"),
        (
            {"estimator": LOGISTIC, "params": {"max_itr": 5}},
            "params.max_itr",
            "no param",
            "max_iter",
        ),
        ({"estimator": LOGISTIC, "search": {"c": [1]}}, "search.c", "no parameter 'c'", "C"),
        (
            {"estimator": "sklearn.svm.LinearSVC", "calibrate": "none"},
            "calibrate",
            "no probabilities",
            "sigmoid",
        ),
        (
            {"estimator": LOGISTIC, "preprocess": {"hours": "pasthrough"}},
            "preprocess.hours",
            "no transformer",
            "passthrough",
        ),
        (
            {
                "estimator": LOGISTIC,
                "preprocess": {"hours": "sklearn.preprocessing.StandardScalar"},
            },
            "preprocess.hours",
            "has no",
            "StandardScaler",
        ),
    ],
)
def test_a_wrong_word_is_named_with_its_place_and_the_nearest_right_one(
    use_case, candidate, where, said, remedy
):
    case = use_case({"estimator": LOGISTIC, "name": "fine"}, candidate)
    with pytest.raises(ConfigError, match=said) as raised:
        check_candidates(case, place)
    assert raised.value.where == f"candidates.1.{where}"
    assert remedy in raised.value.remedy


OWN = """
from sklearn.linear_model import LogisticRegression
class Mine(LogisticRegression):
    pass
"""


def test_a_module_beside_the_working_directory_is_found(use_case, tmp_path, monkeypatch):
    (tmp_path / "own_estimators_1.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    assert type(made(use_case, estimator="own_estimators_1.Mine")).__name__ == "Mine"


def test_what_a_candidate_depends_on_must_be_there(use_case, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "weights.csv").write_text("1")
    (tmp_path / "own_helper.py").write_text("")
    (tmp_path / "tables").mkdir()
    here = ["weights.csv", "own_helper", "tables", "sklearn.tree"]
    candidate = {"estimator": "sklearn.linear_model.LogisticRegression"}
    check_candidates(use_case({**candidate, "depends": here}))
    with pytest.raises(ConfigError, match=r"no module, file or folder 'weight\.csv'") as caught:
        check_candidates(use_case({**candidate, "depends": [*here, "weight.csv"]}), place)
    assert caught.value.where == "candidates.0.depends.4"


def test_a_module_that_breaks_or_lacks_another_says_so(tmp_path, monkeypatch):
    (tmp_path / "own_estimators_2.py").write_text("1 / 0")
    (tmp_path / "own_estimators_3.py").write_text("import no_such_thing_at_all")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        import_object("own_estimators_2.X", ())
    with pytest.raises(ConfigError, match="needs the module 'no_such_thing_at_all'"):
        import_object("own_estimators_3.X", ())


@pytest.mark.parametrize(
    "method",
    [
        {"method": "fairlearn.reductions.ExponentiatedGradient", "constraint": "equalized_odds"},
        {"method": "fairlearn.reductions.GridSearch", "constraint": "demographic_parity"},
        {"method": "assay.reweighing"},
    ],
)
def test_what_trains_on_weighted_rows_asks_for_an_estimator_that_takes_weights(use_case, method):
    neighbours = "sklearn.neighbors.KNeighborsClassifier"
    mitigate = {"by": "sex", **method}
    case = use_case({"estimator": FOREST}, {"estimator": neighbours, "mitigate": mitigate})
    with pytest.raises(ConfigError, match="takes no sample_weight") as raised:
        check_candidates(case, place)
    assert raised.value.where == "candidates.1.mitigate.method"
    assert "ThresholdOptimizer" in raised.value.remedy
    check_candidates(use_case({"estimator": FOREST, "mitigate": mitigate}), place)


def test_each_strength_is_checked_at_the_place_where_all_are_written(use_case):
    thresholds = {
        "method": "fairlearn.postprocessing.ThresholdOptimizer",
        "by": "sex",
        "constraint": "demographic_parity",
        "strength": [0.5, 1.0],
    }
    case = use_case({"estimator": FOREST}, {"estimator": LOGISTIC + "s", "mitigate": thresholds})
    with pytest.raises(ConfigError) as raised:
        check_candidates(case, place)
    assert raised.value.where == "candidates.1.estimator"
