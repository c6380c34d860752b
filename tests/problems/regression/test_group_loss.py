"""Candidates of amounts whose worst-off group is to be estimated better."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.errors import ConfigError, DataError
from assay.learning.scoring_model import ScoringModel
from assay.problems.binary.problem import PROBLEM as BINARY
from assay.problems.fit_to_question import check_fits_question
from assay.problems.multiclass.problem import PROBLEM as MULTICLASS
from assay.problems.regression.problem import PROBLEM
from tests.problems.learning_examples import (
    LOGISTIC,
    RIDGE,
    harm_case,
    make_use_case,
    nowhere,
    pay_case,
    teach,
)

GRID = "fairlearn.reductions.GridSearch"


def staff(rows=1_500, seed=0, *, alike=False):
    """Pay rises with hours for most people, and falls for the few women: one line fits not both."""
    source = np.random.default_rng(seed)
    hours = source.normal(size=rows)
    sex = np.where(np.arange(rows) % 10 == 0, "Female", "Male")
    slope = np.where((sex == "Female") & (not alike), -1.0, 2.0)
    noise = np.where(sex == "Female", 1.5, 0.5) if alike else 0.5
    return pd.DataFrame(
        {
            "person": np.arange(rows),
            "sex": sex,
            "hours": hours,
            "pay": 10 + slope * hours + source.normal(size=rows) * noise,
            "harm": "none",
        }
    )


def weighed(strength=1.0, **changes):
    mitigate = {"method": GRID, "by": "sex", "constraint": "bounded_group_loss"}
    mitigate |= {"strength": strength, "max_iter": 8}
    return pay_case({"estimator": RIDGE, "mitigate": mitigate}, **changes)


def group_rmse(answers):
    frame = answers.to_pandas()
    squared = (frame["prediction"] - frame["truth"]) ** 2
    return np.sqrt(squared.groupby(frame["sex"]).mean())


@pytest.fixture(scope="module")
def plain():
    return teach(PROBLEM, staff(), pay_case())


@pytest.fixture(scope="module")
def full():
    return teach(PROBLEM, staff(), weighed())


def test_the_group_that_is_worst_off_is_estimated_better_on_rows_that_nobody_saw(plain, full):
    for before, after in (
        (plain.predictions, full.predictions),
        (plain.held_out, full.held_out),
    ):
        assert group_rmse(before).idxmax() == "Female"
        assert group_rmse(after)["Female"] < 0.75 * group_rmse(before)["Female"]
        assert group_rmse(after).max() < group_rmse(before).max()


def test_half_the_strength_takes_less_from_the_others(plain, full):
    half = teach(PROBLEM, staff(), weighed(0.3))
    women = [group_rmse(one.held_out)["Female"] for one in (full, half, plain)]
    men = [group_rmse(one.held_out)["Male"] for one in (plain, half, full)]
    assert women == sorted(women)
    assert men == sorted(men)
    assert women[0] < women[1] < women[2]


def test_losses_of_each_group_before_and_after_are_kept(plain, full):
    said = full.technical["group_loss"]
    for when, made in (("before", plain), ("after", full)):
        own = group_rmse(made.held_out)
        assert {name: one[when] ** 0.5 for name, one in said.items()} == pytest.approx(dict(own))
    assert full.technical["fits"] == 8 * 4
    assert full.metadata["mitigate"]["constraint"] == "bounded_group_loss"


def test_it_is_one_of_fairlearns_own_regressors_and_needs_no_group(full):
    from fairlearn.reductions import BoundedGroupLoss, GridSearch, SquareLoss

    model = ScoringModel.load(full.model, full.signature)
    assert (model.group_columns, full.signature["groups"]) == ([], None)
    pipeline = model.fitted.pipeline
    test = set(full.predictions.to_pandas()["row"])
    learning = staff()[[row not in test for row in range(len(staff()))]]
    matrix = pipeline.named_steps["prepare"].transform(learning)
    pay = learning["pay"].to_numpy()
    loss = BoundedGroupLoss(SquareLoss(pay.min(), pay.max()))
    grid = GridSearch(pipeline.named_steps["model"], loss, grid_size=8)
    grid.fit(matrix, pay, sensitive_features=learning["sex"].to_numpy())
    own = pipeline.named_steps["model"].predict(matrix)
    assert any(np.allclose(own, one.predict(matrix)) for one in grid.predictors_)


def test_the_same_inputs_give_the_same_bytes(full):
    again = teach(PROBLEM, staff(), weighed())
    assert again.model == full.model
    assert again.held_out == full.held_out


def test_where_no_weights_help_it_is_refused_with_what_they_would_do():
    """Women's pay is harder to tell, not told otherwise: no line fits them better."""
    with pytest.raises(DataError) as refused:
        teach(PROBLEM, staff(alike=True), weighed())
    assert refused.value.what.startswith("no weights of the groups surely help Female")
    assert "the others: Male" in refused.value.what
    assert refused.value.where == "candidates.0.mitigate"
    assert "help nobody" in str(refused.value.remedy)


def test_names_and_units_change_no_choice(full):
    renamed = staff().assign(sex=staff()["sex"].map({"Female": "a", "Male": "z"}))
    made = teach(PROBLEM, renamed.assign(pay=staff()["pay"] * 1000), weighed())
    own, other = full.predictions.to_pandas(), made.predictions.to_pandas()
    assert other["prediction"].to_numpy() / 1000 == pytest.approx(own["prediction"].to_numpy())


@pytest.mark.parametrize(
    ("sex", "what"),
    [("Male", "all training rows are of one group of 'sex', Male"), ("few", "few of 'sex' has 3")],
)
def test_too_few_of_a_group_is_an_error_that_says_where(sex, what):
    frame = staff(400)
    frame["sex"] = np.where((frame["person"] < 3) & (sex == "few"), "few", "Male")
    with pytest.raises(DataError) as refused:
        teach(PROBLEM, frame, weighed())
    assert what in refused.value.what
    assert refused.value.where == "candidates.0.mitigate.by"


def test_each_question_takes_its_own_constraints():
    wrong = {"method": GRID, "by": "sex", "constraint": "demographic_parity"}
    group_loss = wrong | {"constraint": "bounded_group_loss"}
    yes_no = {"column": "harm", "positive": "none"}
    for problem, case in (
        (PROBLEM, pay_case({"estimator": RIDGE, "mitigate": wrong})),
        (BINARY, make_use_case(yes_no, {"estimator": LOGISTIC, "mitigate": group_loss})),
    ):
        with pytest.raises(ConfigError) as refused:
            check_fits_question(problem, case, nowhere)
        assert refused.value.where == "candidates.0.mitigate.constraint"
    check_fits_question(PROBLEM, pay_case({"estimator": RIDGE, "mitigate": group_loss}), nowhere)
    case = harm_case({"estimator": LOGISTIC, "mitigate": wrong})
    with pytest.raises(ConfigError, match="GridSearch is no mitigation"):
        check_fits_question(MULTICLASS, case, nowhere)
