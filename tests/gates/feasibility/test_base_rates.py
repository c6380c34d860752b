"""Groups before any training: published base rates, and shares of the population."""

import itertools

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.gates.feasibility.base_rates import base_rate_sheets, representation_checks
from assay.gates.report import Verdict, overall_verdict


def test_adults_base_rates_are_the_published_ones():
    # Adult as shipped: 48,842 rows.
    sex = pd.Series(["Male"] * 32650 + ["Female"] * 16192, name="sex", dtype="str")
    truth = pd.Series(
        itertools.chain(*([True] * k + [False] * n for k, n in ((9918, 22732), (1769, 14423))))
    )
    features = pd.DataFrame({"a": [1.0, None] * 24421, "b": 1})
    (sheet,) = base_rate_sheets(sex.to_frame(), truth, features=features)
    male, female = (dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows)
    assert female["gap"] == pytest.approx(-0.19452, abs=5e-6)
    assert female["base rate"] / male["base rate"] == pytest.approx(0.35966, abs=5e-6)
    assert female["gap low"] < -0.19 < female["gap high"]
    assert (male["gap"], male["gap low"], male["missing"]) == (0, None, 0.25)
    assert male["share"] + female["share"] == 1


def stated(female, rows=1000, **population):
    """The representation checks of a column `sex` that holds so many women."""
    labels = pd.DataFrame({"sex": ["Female"] * female + ["Male"] * (rows - female)}, dtype="str")
    return representation_checks(labels, {"sex": Sensitive(population=population)})


@pytest.mark.parametrize(
    ("female", "rows", "verdict"),
    [(510, 1000, "pass"), (300, 1000, "fail"), (900, 1000, "fail"), (5, 12, "unknown")],
)
def test_rows_are_held_against_the_people_they_stand_for(female, rows, verdict):
    (check,) = stated(female, rows, Female=0.51)
    assert check.verdict == verdict
    assert check.estimate == pytest.approx(female / rows / 0.51)
    assert check.interval.low < check.estimate < check.interval.high
    assert not check.hard
    assert overall_verdict([check]) is not Verdict.FAIL


def test_a_misspelt_group_of_the_population_is_pointed_out():
    (check,) = stated(500, Femal=0.51)
    assert (check.verdict, check.estimate) == (Verdict.FAIL, 0)
    assert "mean 'Female'" in check.remedy


def test_the_right_shares_are_seldom_doubted():
    drawn = np.random.default_rng(0).binomial(2000, 0.3, 100).tolist()
    verdicts = [c.verdict for k in drawn for c in stated(k, 2000, Female=0.3, Male=0.7)]
    assert verdicts.count(Verdict.FAIL) == 0
    assert verdicts.count(Verdict.PASS) > 190


def test_shares_of_the_population_are_shown_beside_those_of_the_rows():
    labels = pd.DataFrame({"sex": ["Female", "Male"]}, dtype="str")
    declared = {"sex": Sensitive(population={"Female": 0.51})}
    (sheet,) = base_rate_sheets(labels, pd.Series([True, False]), sensitive=declared)
    assert [row[-1] for row in sheet.rows] == [0.51, None]
    with pytest.raises(ValueError, match="more than 1"):
        Sensitive(population={"Female": 0.6, "Male": 0.5})


def test_two_stated_groups_share_the_level():
    assert [c.interval.level for c in stated(500, Female=0.5, Male=0.5)] == [0.975, 0.975]
