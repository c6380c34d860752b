"""Rows enough to learn from: a stop for few outcomes, an advice for the rest."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.penalised_model import (
    STRENGTHS,
    fit_penalised_model,
    logistic_strengths,
)
from assay.gates.feasibility.sample_size import (
    check_sample_size,
    riley_criteria,
)
from assay.gates.report import Verdict
from tests.gates.feasibility.made import made_people, made_use_case


def test_riley_s_worked_example():
    # Riley et al., BMJ 368 (2020) m441, figure 4's example: 24 parameters, R2 0.288, share 0.174.
    needs = list(riley_criteria(24, 0.288, 0.174).values())
    assert needs[0] == pytest.approx(623, abs=1)
    assert needs[1] == pytest.approx(662, abs=1)
    assert needs[2] == pytest.approx(221, abs=1)


def test_nothing_explained_needs_infinitely_many_rows():
    assert math.isinf(max(riley_criteria(5, 0.0, 0.5).values()))


@given(st.integers(1, 200), st.floats(0.01, 0.4), st.floats(0.2, 0.8))
def test_more_parameters_never_need_fewer_rows(parameters, r2, share):
    few, many = (max(riley_criteria(p, r2, share).values()) for p in (parameters, parameters + 1))
    assert many >= few


def data(frame, **changes):
    return FeasibilityData.from_rows(frame, made_use_case(**changes), 0)


def loans(rows=1000, columns=47, seed=0):
    """A ROC AUC of about .79 spread over many columns, as in the German credit data."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, columns))
    odds = x @ rng.normal(0, 0.22, columns) - 1
    outcome = np.where(rng.random(rows) < 1 / (1 + np.exp(-odds)), "yes", "no")
    frame = pd.DataFrame(x, columns=[f"x{i}" for i in range(columns)])
    frame["person"] = [f"p{i}" for i in range(rows)]
    return frame.assign(sex=np.where(x[:, 0] > 0, "F", "M"), outcome=outcome)


@pytest.mark.slow
def test_a_thousand_rows_of_many_columns_are_an_advice_and_no_stop():
    check, sheet, needed = check_sample_size(data(loans()))
    assert check.verdict is Verdict.CAUTION
    assert "Riley's criteria ask for" in check.why
    assert "The 95 % interval of one row's risk is" in check.why
    assert sheet.rows[0][1] < sheet.rows[0][2]
    assert needed == max(row[1] for row in sheet.rows)


def test_leaving_columns_out_lifts_no_stop():
    frame = made_people(300)
    frame["outcome"] = np.where(np.arange(300) % 10 == 0, "yes", "no")
    short = data(frame, data={"exclude": ["push", "kind", "noise"]})
    assert check_sample_size(short)[0].verdict is Verdict.FAIL


def test_few_of_the_rarer_outcome_are_a_stop_that_the_use_case_can_lift():
    frame = made_people(300)
    frame["outcome"] = np.where(np.arange(300) % 10 == 0, "yes", "no")
    check, _, _ = check_sample_size(data(frame))
    assert (check.verdict, check.estimate, check.threshold) == (Verdict.FAIL, 30, 50)
    assert check.why == "The rarer outcome has 30 rows; feasibility.events asks for 50."
    assert "feasibility: {events: 30}" in check.remedy
    lifted, _, _ = check_sample_size(data(frame, feasibility={"events": 30}))
    assert lifted.verdict is not Verdict.FAIL


def test_plenty_of_rows_pass():
    check, _, _ = check_sample_size(data(made_people(3000)))
    assert check.verdict is Verdict.PASS, check.why
    assert check.remedy == ""


def test_effective_parameters_are_the_trace_that_scikit_learns_penalty_gives():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 6))
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    y = rng.random(400) < 1 / (1 + np.exp(-x[:, 0]))
    for c in (0.01, 0.1, 1e6):
        found = fit_penalised_model(x, y, strengths=[c], rows=400, share=y.mean(), seed=0)
        p = LogisticRegression(C=c, tol=1e-8).fit(x, y).predict_proba(x)[:, 1]
        w = p * (1 - p)
        centred = x - w @ x / w.sum()
        information = centred.T @ (centred * w[:, None])
        trace = np.trace(np.linalg.solve(information + np.eye(6) / c, information))
        assert found.effective_parameters == pytest.approx(trace, rel=1e-2)
    assert found.effective_parameters == pytest.approx(6, abs=1e-3)


def test_intervals_of_a_row_s_risk_hold_it():
    rng = np.random.default_rng(0)
    covered = []
    for _ in range(30):
        x = rng.normal(size=(300, 4))
        x = (x - x.mean(axis=0)) / x.std(axis=0)
        truth = 1 / (1 + np.exp(-(x @ [1, 0.5, 0, 0])))
        y = rng.random(300) < truth
        found = fit_penalised_model(x, y, strengths=[1e6], rows=300, share=y.mean(), seed=0)
        widths = found.risk_widths
        told = LogisticRegression(C=1e6).fit(x, y).predict_proba(x)[:, 1]
        covered.append((np.abs(told - truth) <= 0.6 * widths).mean())  # intervals are lopsided
    assert np.mean(covered) > 0.93


def test_the_model_has_the_strengths_of_the_use_case_s_own_logistic_regressions():
    path = "sklearn.linear_model.LogisticRegression"
    searched = {"estimator": path, "search": {"C": [0.5, 2.0]}}
    assert logistic_strengths(made_use_case()) == STRENGTHS
    assert logistic_strengths(made_use_case(candidates=[{"estimator": path}])) == (1.0,)
    assert logistic_strengths(made_use_case(candidates=[searched])) == (0.5, 2.0)
