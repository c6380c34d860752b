"""Check 4, on answers whose law is known."""

import numpy as np
import pytest

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.learning_curve import (
    MAX_GROWTH,
    LearningCurve,
    _fit_laws,
    check_learning_curve,
    curve_figure,
    fit_learning_curve,
)
from assay.gates.feasibility.score_estimates import ScoreEstimates
from assay.gates.report import Verdict

SIZES = np.geomspace(500, 32_000, 7)


def curve(a=0.9, b=-1.0, c=0.5, noise=0.0005, seed=0, name="roc_auc", sign=1.0):
    """Of 40,000 rows, four fifths of which are learned from."""
    rng = np.random.default_rng(seed)
    shared = np.full((7, 7), (2 * noise) ** 2) + np.eye(7) * noise**2
    scores = rng.multivariate_normal(a + b * SIZES**-c, shared)
    law = _fit_laws(SIZES, scores, shared, seed)
    return LearningCurve(
        name, sign, SIZES, ScoreEstimates(sign * scores, shared, 0.01), law, current_rows=32_000.0
    )


@pytest.fixture
def forty_thousand(people, use_case):
    found = FeasibilityData.from_rows(people(400), use_case(), 0)
    whole = found.all_rows.__class__(
        **{**vars(found.all_rows), "truth": np.arange(40_000) % 2 == 0}
    )
    return FeasibilityData(**{**vars(found), "all_rows": whole})


def test_a_target_beyond_the_asymptote_fails_softly(forty_thousand):
    check = check_learning_curve(forty_thousand, curve(), 0.95)
    assert check.verdict is Verdict.FAIL
    assert not check.hard
    assert check.interval.low < 0.9 < check.interval.high < 0.95


def test_a_target_that_is_had_passes(forty_thousand):
    assert check_learning_curve(forty_thousand, curve(), 0.88).verdict is Verdict.PASS


def test_a_target_between_says_how_many_rows_and_they_would_do(forty_thousand):
    # 0.9 - n^-0.5 is 0.8965 at 81,633 training rows, which 102,041 rows give: 62,041 more.
    check = check_learning_curve(forty_thousand, curve(noise=1e-7), 0.8965)
    assert check.verdict is Verdict.CAUTION
    told = float(check.remedy.split()[2].replace(",", ""))
    assert told == pytest.approx(62_041, rel=0.05)


def test_losses_are_judged_the_other_way(forty_thousand):
    falling = curve(a=-0.1, b=-1.0, name="brier", sign=-1.0)
    failed = check_learning_curve(forty_thousand, falling, 0.05)
    assert failed.verdict is Verdict.FAIL
    assert failed.statistic.startswith("lowest ")  # of a loss no number of rows "exceeds" it
    assert check_learning_curve(forty_thousand, falling, 0.2).verdict is Verdict.PASS


def test_no_number_is_told_beyond_sixteen_times_the_rows(forty_thousand):
    check = check_learning_curve(forty_thousand, curve(noise=1e-7), 0.8999)
    assert f"{MAX_GROWTH} times the rows would not do" in check.remedy
    assert "Add about" not in check.remedy


def test_a_curve_that_shows_nothing_is_unknown_and_gives_no_number(forty_thousand):
    check = check_learning_curve(forty_thousand, curve(noise=0.03), 0.91)
    assert check.verdict is Verdict.UNKNOWN
    assert check.estimate is None


def test_the_asymptote_is_covered_by_its_interval_as_often_as_it_says():
    hits = 0
    for seed in range(60):
        _, low, high = curve(seed=seed).asymptote
        hits += low <= 0.9 <= high
    assert hits >= 52  # Binomial(60, .95): fewer has probability .006


def test_the_figure_draws_the_law_beyond_the_data_without_marks():
    found = curve()
    figure = curve_figure(found, 0.95)
    measured, fitted = figure.series
    assert (figure.kind, len(measured.points)) == ("curve", 7)
    assert len(fitted.points) > 30
    assert fitted.points[-1].x == pytest.approx(MAX_GROWTH * 32_000)
    assert figure.reference == 0.95
    assert figure.band[0] < 0.9 < figure.band[1]
    assert all(p.low < p.value < p.high for p in measured.points)
    assert found.asymptote[0] == pytest.approx(0.9, abs=0.003)
    assert f"tends to {found.asymptote[0]:.3g} (" in figure.alt


def test_a_learner_s_curve_rises_with_nested_rows(people, use_case):
    found = FeasibilityData.from_rows(people(1500), use_case(), 0)
    traced = fit_learning_curve(found, "roc_auc")
    assert traced.estimates.values[-1] > traced.estimates.values[0]
    assert traced.sizes[-1] == 1200


def test_too_few_rows_have_no_curve(people, use_case):
    assert (
        fit_learning_curve(FeasibilityData.from_rows(people(200), use_case(), 0), "roc_auc") is None
    )


@pytest.mark.slow
def test_the_rows_of_today_are_all_rows_not_those_that_are_kept(people, use_case, monkeypatch):
    monkeypatch.setattr("assay.gates.feasibility.all_rows.MAX_KEPT_CELLS", 7 * 1200)
    found = FeasibilityData.from_rows(people(4000), use_case(), 0)
    assert len(found.truth) == 1200
    assert fit_learning_curve(found, "roc_auc").current_rows == pytest.approx(4000 * 0.8)
