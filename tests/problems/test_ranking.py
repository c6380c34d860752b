"""Fairness first, then the score: the order of candidates, without a look at the test rows."""

from dataclasses import replace

import pandas as pd
import pytest

from assay.config.loaded_use_case import parse_use_case
from assay.gates.report import Check, Interval, Report, Verdict
from assay.problems.lookup import problem_type
from assay.problems.problem_type import HeldOutAnswers
from assay.problems.ranking import rank_candidates


def use_case(fairness="", metric="mae"):
    text = (
        "question: q\ndecision: d\nharm: h\nowner: o\nname: wages\n"
        "data: {source: a.csv, target: {column: y, unit: dollars}, sensitive: {sex: {}}}\n"
        f"candidates: [{{estimator: a.B}}]\nperformance: {{choose_by: {metric}}}\n{fairness}"
    )
    return parse_use_case({"file": "x.yaml", "text": text, "set": []}).use_case


RULE = "fairness: [{metric: mean_error, by: sex, because: b, tolerance: 1.0}]"


class Audited:
    """A problem type whose audit finds the gap that each candidate's rows carry."""

    def audit_fairness(self, answers, case, *, subject, units=None, declarations=()):
        gap = float(answers["gap"].iloc[0])
        verdict = Verdict.PASS if abs(gap) < 0.9 else Verdict.FAIL
        check = Check(
            name="mean_error[sex=f]",
            claim="c",
            verdict=verdict,
            statistic="mean_error, group minus reference",
            estimate=gap,
            interval=Interval(low=gap - 0.01, high=gap + 0.01),
            threshold=1.0,
            group="sex=f",
            rows=len(answers),
        )
        return Report(
            gate="fairness", subject=subject, verdict=verdict, summary="", checks=(check,)
        )


def answers(title, score, gap=0.0):
    frame = pd.DataFrame({"gap": [gap] * 500})
    return HeldOutAnswers(title, frame, {"cross_validated": score, "tested": 500})


def order(found):
    return [one["title"] for one in found.order]


@pytest.mark.parametrize(("metric", "first"), [("mae", "low"), ("r2", "high")])
def test_without_rules_the_better_score_comes_first(metric, first):
    some = [answers("high", 0.9), answers("low", 0.2)]
    found = rank_candidates(Audited(), some, use_case(metric=metric))
    assert order(found)[0] == first
    assert f"whose {metric} is" in found.order[0]["because"]
    assert not found.report.checks


def test_a_candidate_foreseen_to_keep_the_limits_comes_before_a_better_score():
    some = [answers("better", 0.2, gap=3.0), answers("fair", 0.9, gap=0.1)]
    found = rank_candidates(Audited(), some, use_case(RULE))
    assert order(found) == ["fair", "better"]
    assert [one["likely"] for one in found.order] == ["pass", "fail"]
    assert "for which fail is foreseen" in found.order[0]["because"]
    (figure,) = found.report.figures
    assert {p.label: round(p.x, 3) for p in figure.series[0].points} == {"fair": 0.1, "better": 3.0}


def test_of_equal_candidates_the_use_case_decides():
    one = answers("one", 0.5)
    found = rank_candidates(Audited(), [one, replace(one, title="two")], use_case())
    assert order(found) == ["one", "two"]
    assert "in the use case's order" in found.order[1]["because"]


def test_every_type_names_a_score_to_set_against_the_gaps():
    assert problem_type(use_case().data.target).trade_off_metric(use_case(metric="rmse")) == "rmse"
