"""Rows that count unequally: in learning and in the gates, whatever is asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from fairlearn.metrics import MetricFrame
from sklearn import metrics as sk

from assay.config.gates import UnitCost
from assay.errors import ConfigError, DataError
from assay.gates.statistics.cluster_errors import find_clusters
from assay.learning.estimators import no_location
from assay.problems.fit_to_question import check_fits_question
from assay.problems.multiclass.answers import ClassAnswers
from assay.problems.multiclass.conformal import learn_limits
from assay.problems.multiclass.problem import PROBLEM as MULTICLASS
from assay.problems.multiclass.scores import estimate_score as class_score
from assay.problems.regression.fairness import audit_fairness
from assay.problems.regression.problem import PROBLEM as REGRESSION
from assay.problems.regression.scores import estimate_score as amount_score
from tests.problems.learning_examples import harm_case, make_people, pay_case, teach

COST = UnitCost(too_low=2, too_high=1)


def weights_of(rows, seed=0):
    return np.exp(0.5 * np.random.default_rng(seed).normal(size=rows))


def amounts(rows=500, seed=0):
    rng = np.random.default_rng(seed)
    weights = weights_of(rows, seed + 1)
    truth = rng.normal(20, 5, rows)
    return truth, truth + rng.normal(size=rows) * (1 + 0.5 * (weights > 1)), weights


def classes(rows=600, seed=0):
    rng = np.random.default_rng(seed)
    weights = weights_of(rows, seed + 1)
    truth = rng.integers(0, 3, rows)
    score = rng.normal(size=(rows, 3)) + 1.5 * np.eye(3)[truth] * (1 - 0.5 * (weights > 1))[:, None]
    probability = np.exp(score) / np.exp(score).sum(axis=1, keepdims=True)
    who = ClassAnswers(("a", "b", "c"), probability.argmax(axis=1), probability)
    return truth, who, weights


@pytest.mark.parametrize("metric", ["mae", "rmse", "r2", "median_absolute_error", "mean_error"])
def test_scores_of_amounts_are_scikit_learns_with_the_error_of_drawing_rows(metric):
    truth, predicted, weights = amounts()
    functions = {
        "mae": sk.mean_absolute_error,
        "rmse": sk.root_mean_squared_error,
        "r2": sk.r2_score,
        "median_absolute_error": sk.median_absolute_error,
        "mean_error": lambda t, p, sample_weight: np.average(p - t, weights=sample_weight),
    }
    found = amount_score(metric, truth, predicted, COST, clusters=find_clusters(None, "", weights))
    assert found.value == pytest.approx(
        functions[metric](truth, predicted, sample_weight=weights), abs=1e-12
    )
    rng = np.random.default_rng(0)
    drawn = [
        functions[metric](truth[i], predicted[i], sample_weight=weights[i])
        for i in (rng.integers(0, len(truth), len(truth)) for _ in range(300))
    ]
    width = found.interval.high - found.interval.low
    assert width == pytest.approx(3.92 * np.std(drawn), rel=0.3)


@pytest.mark.parametrize(
    "metric",
    ["accuracy", "balanced_accuracy", "macro_f1", "weighted_f1", "quadratic_kappa", "roc_auc_ovr",
     "roc_auc_ovo", "log_loss"],
)  # fmt: skip
def test_scores_of_classes_are_scikit_learns_with_the_error_of_drawing_rows(metric):
    from assay.problems.multiclass.metrics import compute_metric

    truth, who, weights = classes()
    costs = 1 - np.eye(3)

    def exact(i):
        return compute_metric(
            metric, truth[i], who.probability[i], who.decision[i], costs=costs, weights=weights[i]
        )

    found = class_score(metric, truth, who, costs, find_clusters(None, "", weights))
    everyone = np.arange(len(truth))
    assert found.value == pytest.approx(exact(everyone), abs=1e-12)
    rng = np.random.default_rng(0)
    drawn = [exact(rng.integers(0, len(truth), len(truth))) for _ in range(150)]
    width = found.interval.high - found.interval.low
    assert width == pytest.approx(3.92 * np.std(drawn), rel=0.3)


def test_pairs_of_classes_weigh_as_repeated_rows_do():
    from assay.problems.multiclass.metrics import compute_metric

    truth, who, _ = classes(120)
    times = np.random.default_rng(0).integers(1, 4, 120)
    i = np.repeat(np.arange(120), times)
    one, other = (
        compute_metric("roc_auc_ovo", truth[at], who.probability[at], who.decision[at], weights=w)
        for at, w in ((np.arange(120), times.astype(float)), (i, None))
    )
    assert one == pytest.approx(other, abs=1e-12)


def test_groups_of_amounts_are_fairlearns_with_sample_weight():
    truth, predicted, weights = amounts()
    sex = np.where(np.arange(len(truth)) % 3, "M", "F")
    frame = pd.DataFrame({"truth": truth, "prediction": predicted, "sex": sex})
    case = pay_case(data={"sensitive": {"sex": {"reference": "M"}}})
    told = audit_fairness(
        frame, (), case.data.sensitive, case.data.target, subject="m", weights=weights
    )
    expected = MetricFrame(
        metrics=sk.mean_absolute_error,
        y_true=truth,
        y_pred=predicted,
        sensitive_features=sex,
        sample_params={"sample_weight": weights},
    ).by_group
    sheet = next(sheet for sheet in told.sheets if sheet.title == "All metrics by sex")
    found = {row[1]: row[3] for row in sheet.rows if row[0] == "mean_absolute_error"}
    assert found == pytest.approx(expected.to_dict())
    shown = next(sheet for sheet in told.sheets if sheet.title == "By sex")
    assert shown.columns[1:3] == ("rows", "effective rows")


# --- learning -----------------------------------------------------------------------------------


def weighted(people, values, name="w"):
    return people.assign(**{name: values})


CASES = {
    "amounts": (pay_case, REGRESSION, {"estimator": "sklearn.linear_model.Ridge"}),
    "classes": (harm_case, MULTICLASS, {"estimator": "sklearn.linear_model.LogisticRegression"}),
}


def learn(kind, people, *, weight="w"):
    make_case, problem, candidate = CASES[kind]
    case = make_case(candidate, data={"weight": weight} if weight else {})
    return teach(problem, people, case), case


@pytest.mark.parametrize("kind", CASES)
def test_the_unit_of_sampling_weights_changes_no_byte(kind):
    people, values = make_people(), weights_of(600)
    one, _ = learn(kind, weighted(people, values))
    other, _ = learn(kind, weighted(people, values * 57.3))
    assert one.model == other.model
    assert one.predictions.equals(other.predictions)
    assert one.held_out.equals(other.held_out)
    assert one.metadata == other.metadata
    plain, _ = learn(kind, weighted(people, values), weight=None)
    assert plain.model != one.model


@pytest.mark.parametrize("kind", CASES)
def test_the_weights_stand_beside_the_answers_and_are_no_feature(kind):
    people, values = make_people(), weights_of(600)
    found, _ = learn(kind, weighted(people, values))
    assert "w" not in [one["name"] for one in found.signature["inputs"]]
    rows = found.predictions["row"].to_numpy()
    ratio = found.predictions["weight"].to_numpy() / values[rows]
    assert ratio == pytest.approx(ratio[0], rel=1e-6)
    learning = found.held_out["row"].to_numpy()
    assert values[learning].mean() * ratio[0] == pytest.approx(1, rel=1e-6)
    plain, _ = learn(kind, people.assign(w=1.0), weight=None)
    assert "weight" not in plain.predictions.column_names


def test_a_set_of_weighted_rows_holds_the_weighted_share_of_outcomes():
    rng, shares = np.random.default_rng(0), []
    for _ in range(60):
        weights = np.exp(rng.normal(size=800))
        own = np.clip(rng.random(800) * (1 + (weights > 2)) / 2, 0, 1)  # p of the true class
        probability = np.column_stack([own, 1 - own])
        truth = np.zeros(800, dtype=int)
        limit = learn_limits(probability[:400], truth[:400], 0.9, weights[:400])[0]
        inside = 1 - own[400:] <= limit
        shares.append(np.average(inside, weights=weights[400:]))
    assert np.mean(shares) == pytest.approx(0.9, abs=0.015)


# --- what is refused ----------------------------------------------------------------------------


def test_an_estimator_without_weights_is_refused_by_name():
    case = harm_case({"estimator": "sklearn.neighbors.KNeighborsClassifier"}, data={"weight": "w"})
    with pytest.raises(ConfigError, match="KNeighborsClassifier takes no sample_weight"):
        MULTICLASS.check_candidates(case, no_location)


def test_a_group_column_has_the_name_of_the_weights_only_where_there_are_none():
    groups = {"sensitive": {"weight": {}}}
    REGRESSION.check_candidates(pay_case(data=groups), no_location)
    with pytest.raises(DataError, match="a sensitive column cannot be called 'weight'"):
        REGRESSION.check_candidates(pay_case(data={**groups, "weight": "w"}), no_location)


@pytest.mark.parametrize("column", ["pay", "sex", "person"])
def test_a_column_is_not_the_weight_and_something_else(column):
    with pytest.raises(ConfigError, match="cannot be the weight of the rows and"):
        check_fits_question(REGRESSION, pay_case(data={"weight": column}))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ([1.0, np.nan], "300 of 600 rows have no weight in 'w' .table rows 2, 4, 6, 8, 10 and 295"),
        ([1.0, -1.0], "300 of 600 rows have a negative weight"),
        ([1.0, np.inf], "300 of 600 rows have an infinite weight"),
        (["a", "b"], "holds no numbers, but text"),
        ([0.0, 0.0], "every weight in 'w' is 0"),
    ],
)
def test_what_is_no_weight_is_refused_with_counts_and_rows(values, said):
    people = weighted(make_people(), np.resize(np.array(values), 600))
    with pytest.raises(DataError, match=said):
        learn("amounts", people)


# --- rows that stand for several ------------------------------------------------------------------


def comparable(report):
    return [(c.name, c.verdict, c.estimate, c.interval, c.rows) for c in report.checks]


@pytest.mark.parametrize("kind", ["amounts", "classes"])
def test_a_frequency_of_two_is_the_row_twice_in_every_gate(kind):
    from assay.problems.problem_type import TestRows

    times = np.random.default_rng(0).integers(1, 4, 400)
    i = np.repeat(np.arange(400), times)
    sex = np.where(np.arange(400) % 2, "M", "F")
    if kind == "amounts":
        truth, predicted, _ = amounts(400)
        frame = pd.DataFrame(
            {
                "row": np.arange(400),
                "truth": truth,
                "prediction": predicted,
                "low": predicted - 2,
                "high": predicted + 2,
                "sex": sex,
            }
        )
        problem, make_case = REGRESSION, pay_case
        about = {"outcomes": {"mean": 20.0, "median": 20.0, "quantile": 20.0, "rows": 10}}
    else:
        truth, who, _ = classes(400)
        names = np.array(["none", "minor", "killed"])
        frame = pd.DataFrame(
            {"row": np.arange(400), "truth": names[truth], "decision": names[who.decision]}
        )
        for code, name in enumerate(names):
            frame[f"probability_{name}"] = who.probability[:, code]
        frame["set"], frame["sex"] = "none|minor|killed", sex
        problem, make_case = MULTICLASS, harm_case
        about = {"outcomes": {"shares": dict.fromkeys(names, 1 / 3), "rows": 10}}
    counted = make_case(data={"weight": {"column": "n", "kind": "frequency"}})
    plain, repeated = make_case(), frame.iloc[i].reset_index(drop=True)
    weighed = frame.assign(weight=times.astype(float))
    one, other = (
        problem.judge_performance(rows, case, about, TestRows(), subject="m")
        for rows, case in ((weighed, counted), (repeated, plain))
    )
    assert comparable(one) == comparable(other)
    one, other = (
        problem.audit_fairness(rows, case, subject="m")
        for rows, case in ((weighed, counted), (repeated, plain))
    )
    assert [sheet.rows for sheet in one.sheets] == [sheet.rows for sheet in other.sheets]


def test_feasibility_says_that_it_counts_rows():
    from assay.gates.report import Report, Verdict
    from assay.problems.weighted_rows import FEASIBILITY_NOTE, note_unweighted

    report = Report(gate="feasibility", subject="s", verdict=Verdict.PASS, summary="", checks=())
    noted = note_unweighted(report, pay_case(data={"weight": "w"}), FEASIBILITY_NOTE)
    assert noted.notes == (FEASIBILITY_NOTE,)
    assert note_unweighted(report, pay_case(), FEASIBILITY_NOTE) is report


def test_new_rows_need_no_weight_and_are_known_without_it():
    from assay.dataset.row_identity import identity_columns
    from assay.production.scoring.batch_reader import column_specs

    case = pay_case(data={"weight": "w", "identity": []})
    assert identity_columns(["hours", "w", "pay"], case) == ["hours"]
    named = [{"name": name, "type": "number"} for name in ("hours", "w", "pay")]
    assert [spec["required"] for spec in column_specs(named, case).values()] == [True, False, False]
    assert "w" not in case.feature_columns(["hours", "w", "pay"])
