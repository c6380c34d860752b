"""Settings of another question are refused, with the place and what fits instead."""

import pytest

from assay.config.loaded_use_case import parse_use_case
from assay.errors import ConfigError
from assay.problems.fit_to_question import check_fits_question
from assay.problems.lookup import problem_type

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


@pytest.mark.parametrize(
    ("kind", "section", "said"),
    [
        ("regression", "schedule: {monitor: 1d}", "monitoring of questions that ask how much"),
        ("multiclass", "schedule: {monitor: 1d}", "monitoring of questions that ask which of"),
        ("regression", "promotion: {shadow: 2}", "shadow deployment of questions that ask how"),
        ("multiclass", "promotion: {shadow: 2}", "shadow deployment of questions that ask which"),
    ],
)
def test_what_a_type_has_not_got_yet_is_refused_with_its_line(kind, section, said):
    with pytest.raises(ConfigError, match=said) as refused:
        check(kind, section)
    assert refused.value.where == "x.yaml:8"
    assert refused.value.what.endswith("is not built yet")
    check("binary", section)


@pytest.mark.parametrize("kind", ["multiclass", "regression"])
def test_a_schedule_of_what_every_type_has_is_none_to_refuse(kind):
    check(kind, "schedule: {train: 7d, score: 1d, retrain: 30d}\nlabels: {source: labels.csv}")
