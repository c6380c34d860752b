"""What every method promises, on people whom a model tells apart by something beside their sex."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import ConfigError, DataError
from assay.learning.model_codec import load_model
from assay.learning.scoring_model import ScoringModel
from assay.learning.split import mark_test_rows

LOGISTIC = {"estimator": "sklearn.linear_model.LogisticRegression", "search": {"C": [0.1, 1.0]}}
THRESHOLDS = {
    "method": "fairlearn.postprocessing.ThresholdOptimizer",
    "constraint": "demographic_parity",
}
GRADIENT = {
    "method": "fairlearn.reductions.ExponentiatedGradient",
    "constraint": "demographic_parity",
    "max_iter": 6,
}
GRID = {"method": "fairlearn.reductions.GridSearch", "constraint": "demographic_parity"}
REWEIGHING = {"method": "assay.reweighing"}
METHODS = pytest.mark.parametrize(
    "method", [THRESHOLDS, GRADIENT, GRID, REWEIGHING], ids=lambda m: m["method"].rpartition(".")[2]
)


def unequal(people, rows=3000):
    """The model may not see sex, but height tells it nearly as much, and men earn much more."""
    frame = people(rows)[["person", "sex", "hours", "income"]]
    rng, male = np.random.default_rng(5), frame.sex == "Male"
    frame["height"] = rng.normal(size=rows) / 2 + male
    chance = 1 / (1 + np.exp(1.5 - 2 * male - 0.1 * (frame.hours.fillna(40) - 40)))
    return frame.assign(income=np.where(rng.random(rows) < chance, ">50K", "<=50K"))


@pytest.fixture(autouse=True)
def untimed(monkeypatch):
    """What the models take to answer is of no interest here, and takes a second to find out."""
    monkeypatch.setattr("assay.learning.train.measure_timing", lambda *_: {})


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def made(people, use_case, table, say, teach, kept):
    """The model, its use case and its rows; made once for each way to ask."""

    def make(mitigate, frame=None, **changes):
        key = str((mitigate, changes)) if frame is None else None
        if key not in kept or key is None:
            rows = unequal(people) if frame is None else frame
            asked = {"mitigate": {"by": "sex", **mitigate}} if mitigate else {}
            case = use_case({**LOGISTIC, **asked}, **changes)
            stored = table(rows)
            found = teach(stored, mark_test_rows(stored, case), case, say)
            if key is None:
                return found
            kept[key] = found
        return kept[key]

    return make


def gap(predictions):
    rates = predictions.to_pandas().groupby("sex").decision.mean()
    return abs(rates["Female"] - rates["Male"])


@METHODS
def test_it_narrows_the_gap_on_rows_it_never_saw(made, method):
    plain, fair = gap(made(None).predictions), gap(made(method).predictions)
    assert plain > 0.3
    assert fair < 0.6 * plain


@METHODS
def test_half_the_strength_leaves_more_of_the_gap(made, method):
    half = gap(made({**method, "strength": 0.5}).predictions)
    full, none = gap(made(method).predictions), gap(made(None).predictions)
    assert full <= half < none
    assert full < half or method is GRID  # whose few points may serve both


@METHODS
def test_the_answers_out_of_fold_foretell_the_test_rows(made, method):
    found = made(method)
    assert gap(found.held_out) == pytest.approx(gap(found.predictions), abs=0.1)
    before = found.held_out.to_pandas()
    plain = made(None).held_out.to_pandas().set_index("row").decision
    assert (before.set_index("row").unmitigated == plain[before.row]).all()


@METHODS
def test_the_signature_asks_for_the_group_only_where_it_is_needed(made, method, people):
    found = made(method)
    served = ScoringModel(load_model(found.model), found.signature)
    needs = method is THRESHOLDS
    assert found.signature["groups"] == ([{"name": "sex", "bins": []}] if needs else None)
    assert ("sex" in served.columns) == needs
    rows = unequal(people).iloc[found.predictions["row"].to_numpy()]
    answers = served.predict(rows[served.columns])
    assert (answers.decision.to_numpy() == found.predictions["decision"].to_numpy(False)).all()
    one = served.predict(rows.iloc[[5]])
    assert one.decision.iloc[0] == answers.decision.iloc[5]


@METHODS
def test_the_probability_stays_calibrated(made, method):
    found = made(method).predictions.to_pandas()
    assert found.probability.mean() == pytest.approx(found.truth.mean(), abs=0.05)
    if method is not REWEIGHING:
        assert (found.probability == made(None).predictions.to_pandas().probability).all()


@METHODS
def test_dear_misses_mean_that_more_are_said_yes_to(made, method):
    dear = {"cost": {"false_positive": 1.0, "false_negative": 4.0}}
    even, found = made(method).predictions, made(method, performance=dear).predictions
    assert found.to_pandas().decision.mean() > even.to_pandas().decision.mean() + 0.1


@METHODS
def test_no_row_is_answered_out_of_fold_by_a_model_that_learnt_from_it(
    method, people, use_case, table, say, teach
):
    frame = people(600).assign(weight=np.arange(600) * 7919 % 600)
    frame["income"] = np.random.default_rng(3).choice([">50K", "<=50K"], 600)
    rows = table(frame)
    tree = {"estimator": "sklearn.tree.DecisionTreeClassifier", "calibrate": "none"}
    case = use_case({**tree, "mitigate": {"by": "sex", **method}})
    found = teach(rows, mark_test_rows(rows, case), case, say).held_out.to_pandas()
    assert len(found) > 100
    assert (found.truth == found.decision).mean() < 0.62


@METHODS
def test_people_of_one_group_are_refused(made, method, people):
    with pytest.raises(DataError, match=r"one group of 'sex'|fewer than two groups of 'sex'"):
        made(method, unequal(people, 600).assign(sex="Female"))


@METHODS
def test_missing_and_unseen_groups_are_groups_and_get_an_answer(made, method, people):
    frame = unequal(people, 1500)
    frame.loc[frame.index % 7 == 0, "sex"] = None
    found = made(method, frame)
    assert "(missing)" in found.predictions["sex"].to_pylist()
    served = ScoringModel(load_model(found.model), found.signature)
    assert len(served.predict(frame.head(9).assign(sex="Other"))) == 9


@METHODS
def test_groups_may_be_the_intersection_of_several_columns(
    method, people, use_case, table, say, teach
):
    frame = unequal(people, 2000).assign(home=np.arange(2000) % 2).astype({"home": "str"})
    rows = table(frame)
    asked = {**method, "by": ["sex", "home"], **({"max_iter": 8} if method is GRID else {})}
    case = use_case({**LOGISTIC, "mitigate": asked}, data={"sensitive": {"sex": {}, "home": {}}})
    found = teach(rows, mark_test_rows(rows, case), case, say)
    if method is THRESHOLDS:
        assert set(load_model(found.model).rules) == {
            f"{sex} & {home}" for sex in ("Female", "Male") for home in "01"
        }
    served = ScoringModel(load_model(found.model), found.signature)
    assert served.predict(frame.head(20)).decision.dtype == bool


@pytest.mark.slow
@pytest.mark.parametrize(
    "split", [{"by": "time", "column": "since"}, {"by": "group", "column": "house"}]
)
@METHODS
def test_it_trains_by_time_and_by_group(method, split, people, use_case, table, say, teach):
    rows = table(people().assign(house=np.arange(600) // 4))
    case = use_case({**LOGISTIC, "mitigate": {"by": "sex", **method}}, split=split)
    found = teach(rows, mark_test_rows(rows, case), case, say)
    assert 0 < found.held_out.num_rows <= 600 - found.predictions.num_rows
    assert not pd.Series(found.held_out["row"]).isin(found.predictions["row"].to_pylist()).any()


def test_a_grid_too_coarse_for_its_groups_is_refused_with_the_size_that_it_takes(made, people):
    frame = unequal(people, 1500)
    frame["sex"] = np.array(list("abcde"))[np.arange(1500) % 5]
    with pytest.raises(DataError, match="takes 16 fits at the least, but max_iter is 10") as caught:
        made(GRID, frame)
    assert "Set max_iter to 16" in str(caught.value.remedy)


def test_a_reduction_stops_at_max_iter_and_says_whether_it_converged(made):
    short = made({**GRADIENT, "max_iter": 1}).technical
    assert not short["converged"]
    assert short["fits"] <= 9
    assert made({**GRADIENT, "max_iter": 30}).technical["converged"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "constraint",
    [
        "true_positive_rate_parity",
        "false_positive_rate_parity",
        "error_rate_parity",
        "equalized_odds",
    ],
)
@pytest.mark.parametrize("method", [GRADIENT, GRID])
def test_the_reductions_know_every_parity(made, method, constraint):
    found = made({**method, "constraint": constraint, "max_iter": 5 if method is GRID else 3})
    assert found.technical["bound"] == 0.01
    assert 0 < found.predictions.to_pandas().decision.mean() < 1


def test_an_estimator_that_fails_on_weighted_rows_is_named(
    people, use_case, table, say, teach, monkeypatch
):
    from sklearn.linear_model import LogisticRegression

    fit = LogisticRegression.fit

    def picky(self, rows, truth, sample_weight=None):
        if sample_weight is not None:
            raise ValueError("no weights today")
        return fit(self, rows, truth)

    monkeypatch.setattr(LogisticRegression, "fit", picky)
    rows = table(people())
    for method in (GRADIENT, GRID, REWEIGHING):
        case = use_case({"estimator": LOGISTIC["estimator"], "mitigate": {"by": "sex", **method}})
        with pytest.raises(ConfigError, match="no weights today"):
            teach(rows, mark_test_rows(rows, case), case, say)
