"""Settings of another question are refused, with the place and what fits instead."""

import pytest

from assay.config.loaded_use_case import parse_use_case
from assay.errors import ConfigError
from assay.problems.fit_to_question import check_fits_question
from assay.problems.lookup import named_problem_type, problem_type
from assay.problems.regression.problem import Regression

TARGETS = {
    "binary": "{column: y, positive: 1}",
    "multiclass": "{column: y, classes: [none, minor, killed], ordered: true}",
    "regression": "{column: y, unit: dollars}",
}


def check(kind, more=""):
    text = (
        "question: q\ndecision: d\nharm: h\nowner: o\nname: x\n"
        f"data: {{source: a.csv, target: {TARGETS[kind]}, sensitive: {{sex: {{}}}}}}\n"
        f"candidates: [{{estimator: a.B}}]\n{more}"
    )
    loaded = parse_use_case({"file": "x.yaml", "text": text, "set": []})
    problem = problem_type(loaded.use_case.data.target)
    assert problem.name == kind
    check_fits_question(problem, loaded.use_case, loaded.text.locate)


@pytest.mark.parametrize("kind", TARGETS)
def test_the_defaults_fit_every_question(kind):
    check(kind)


@pytest.mark.parametrize(
    ("kind", "setting", "said", "remedy"),
    [
        ("binary", "performance: {choose_by: mae}", "mae is no metric", "yes or no"),
        ("binary", "feasibility: {reach: {r2: 0.3}}", "r2 is no metric", ""),
        ("binary", "drift: {metrics: [rmse]}", "rmse is no metric that can be estimated", ""),
        ("binary", "performance: {unit_cost: {too_low: 2}}", "unit_cost has no", "cost"),
        ("regression", "performance: {at_least: {roc_auc: 0.8}}", "roc_auc is no metric", ""),
        ("regression", "performance: {cost: {false_positive: 2}}", "cost has no", "unit_cost"),
        ("regression", "performance: {abstain: {coverage: 0.9}}", "abstain has no", "coverage"),
        ("multiclass", "performance: {choose_by: f1}", "f1 is no metric", "macro_f1"),
        ("multiclass", "performance: {cost_matrix: {kiled: {none: 2}}}", "no class", "killed"),
        ("multiclass", "performance: {cost_matrix: {none: {none: 2}}}", "costs nothing", ""),
    ],
)
def test_a_setting_of_another_question_is_named_with_its_line(kind, setting, said, remedy):
    with pytest.raises(ConfigError) as refused:
        check(kind, setting)
    assert said in refused.value.what
    assert remedy in f"{refused.value.what} {refused.value.remedy}"
    assert refused.value.where == "x.yaml:8"


RULE = "fairness: [{{metric: {metric}, by: sex, because: b, {limit}}}]"


@pytest.mark.parametrize(
    ("kind", "metric", "limit", "said"),
    [
        ("regression", "selection_rate", "tolerance: 0.1", "no fairness metric"),
        ("binary", "mean_error", "tolerance: 0.1", "no fairness metric"),
        ("binary", "selection_rate", "tolerance: 1.5", "allows every difference"),
        ("multiclass", "selection_rate", "tolerance: 0.1, classes: [dead]", "'dead' is no class"),
        ("regression", "mean_error", "tolerance: 1.5, classes: [a]", "'a' is no class"),
    ],
)
def test_a_rule_of_another_question_is_refused(kind, metric, limit, said):
    with pytest.raises(ConfigError, match=said):
        check(kind, RULE.format(metric=metric, limit=limit))


def test_a_tolerance_of_amounts_is_in_their_unit():
    check("regression", RULE.format(metric="mean_error", limit="tolerance: 1.5"))


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_shadow_deployment_is_refused_with_its_line_for_a_type_that_has_none(kind, monkeypatch):
    check(kind, "promotion: {shadow: 2}")
    problem = type(named_problem_type(kind))
    monkeypatch.setattr(problem, "has_shadow", False)
    with pytest.raises(ConfigError, match="shadow deployment of questions that ask") as refused:
        check(kind, "promotion: {shadow: 2}")
    assert refused.value.what.endswith("is not built yet")
    assert refused.value.where == "x.yaml:8"


def test_a_schedule_of_looks_is_refused_for_a_type_that_has_none(monkeypatch):
    check("regression", "schedule: {monitor: 1d}")
    monkeypatch.setattr(Regression, "has_monitoring", False)
    with pytest.raises(ConfigError, match="monitoring of questions that ask how much") as refused:
        check("regression", "schedule: {monitor: 1d}")
    assert refused.value.where == "x.yaml:8"


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_living_model_of_any_question_has_its_schedule(kind):
    times = "schedule: {train: 7d, score: 1d, monitor: 1d, retrain: 30d}"
    check(kind, f"{times}\nlabels: {{source: labels.csv}}")
