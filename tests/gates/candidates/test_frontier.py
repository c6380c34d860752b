from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from assay.gates.candidates.assessment import OutOfFoldPredictions, assess_candidate
from assay.gates.candidates.display import trade_off_score
from assay.gates.candidates.frontier import rank_candidates
from assay.gates.candidates.on_test_rows import add_test_results as with_test
from assay.gates.fairness.gate import audit_fairness
from assay.gates.report import Verdict
from assay.gates.statistics.proportions import newcombe_limits

RULE = {"metric": "selection_rate", "by": ["sex"], "tolerance": 0.1, "because": "agreed"}


def answers(title, gap, *, wrong=0.1, auc=0.9, rows=20_000, tested=5_000, seed=0):
    """A candidate whose women are selected less often by `gap`, and who errs so often."""
    rng = np.random.default_rng(seed)
    sex = np.array(["Female", "Male"])[np.arange(rows) % 2]
    decision = np.arange(rows) // 2 % 100 < np.where(sex == "Male", 40, 40 - 100 * gap)
    truth = decision ^ (rng.random(rows) < wrong)
    held_out = {"row": np.arange(rows), "truth": truth, "probability": decision * 0.8 + 0.1}
    held_out |= {"decision": decision, "sex": sex, "unmitigated": truth}
    return OutOfFoldPredictions(title, pd.DataFrame(held_out), auc, tested)


@pytest.fixture
def case(use_case):
    def make(*rules, **changes):
        asked = {"data": {"sensitive": {"sex": {"reference": "Male"}}}, **changes}
        return use_case(fairness=list(rules or [RULE]), **asked)

    return make


def order(found):
    return [one["title"] for one in found.order]


def test_a_fair_candidate_comes_before_a_better_one_that_is_not(case):
    found = rank_candidates([answers("sharp", 0.2, auc=0.95), answers("fair", 0.02)], case())
    assert order(found) == ["fair", "sharp"]
    assert [one["likely"] for one in found.order] == ["pass", "fail"]
    assert "likely to fail" in found.order[1]["because"]
    assert "after fair, for which pass is foreseen" in found.order[1]["because"]


def test_of_fair_candidates_the_use_cases_measure_decides_and_of_equals_what_they_cost(case):
    dear, cheap = answers("dear", 0.02, wrong=0.2), answers("cheap", 0.04, wrong=0.1)
    sharp = answers("sharp", 0.03, wrong=0.3, auc=0.91)
    found = rank_candidates([dear, cheap, sharp], case())
    assert order(found) == ["sharp", "cheap", "dear"]
    assert "whose roc_auc is 0.9100 against 0.9000" in found.order[1]["because"]
    assert "at the same roc_auc" in found.order[2]["because"]
    lower = case(performance={"choose_by": "brier"})
    assert order(rank_candidates([dear, cheap, sharp], lower)) == ["cheap", "dear", "sharp"]


def test_full_equals_keep_the_use_cases_order(case):
    assert order(rank_candidates([answers("b", 0.02), answers("a", 0.02)], case())) == ["b", "a"]


def test_without_rules_the_measure_alone_decides(use_case):
    found = rank_candidates([answers("a", 0.3), answers("b", 0.0, auc=0.91)], use_case())
    assert order(found) == ["b", "a"]
    assert found.report.verdict is Verdict.PASS
    assert not found.report.figures
    assert not found.report.checks
    assert "fairness" not in found.order[0]["because"]


def test_where_none_is_foreseen_to_pass_the_likeliest_to_keep_the_limit_comes_first(case):
    weak, strong = answers("weak", 0.12, wrong=0.1), answers("strong", 0.09, wrong=0.2)
    few = [replace(one, test_rows=500) for one in (weak, strong)]
    found = rank_candidates(few, case())
    assert [one["likely"] for one in found.order] == ["unknown", "unknown"]
    assert order(found) == ["strong", "weak"]
    assert (
        "before weak, whose chance to keep all limits is 0.00 against 0.9"
        in (found.order[0]["because"])
    )


def test_of_those_as_likely_to_keep_the_limit_the_cheapest_comes_first(case):
    dear, cheap = answers("dear", 0.06, wrong=0.2), answers("cheap", 0.07, wrong=0.1)
    few = [replace(one, test_rows=300) for one in (dear, cheap)]
    found = rank_candidates(few, case())
    assert [one["likely"] for one in found.order] == ["unknown", "unknown"]
    assert order(found) == ["cheap", "dear"]
    assert "at the same roc_auc" in found.order[0]["because"]


@pytest.mark.slow
def test_the_chance_to_keep_a_limit_is_as_often_right_as_it_says(case):
    """Over true gaps spread evenly, of those said to be .2 to .8 likely so many keep it."""
    rng, said, kept = np.random.default_rng(3), [], []
    for gap in rng.uniform(0.05, 0.15, 60):
        sex = np.array(["Female", "Male"])[np.arange(2_000) % 2]
        decision = rng.random(2_000) < np.where(sex == "Male", 0.4, 0.4 - gap)
        frame = pd.DataFrame({"row": np.arange(2_000), "truth": decision, "sex": sex})
        frame = frame.assign(probability=decision * 0.8 + 0.1, decision=decision, unmitigated=1 > 0)
        found = assess_candidate(OutOfFoldPredictions("a", frame, 0.9, 500), case())
        said.append(found.chance_within)
        kept.append(gap <= 0.1)
    assert np.mean(said) == pytest.approx(np.mean(kept), abs=0.1)
    assert np.corrcoef(said, kept)[0, 1] > 0.6


def test_a_single_candidate_is_first_of_one(case):
    assert (
        rank_candidates([answers("only", 0.02)], case())
        .order[0]["because"]
        .startswith("1 of 1; likely")
    )


def test_what_is_foreseen_is_what_most_tests_say(case):
    """Of many tests of the same people, at least as many agree as were promised."""
    rng, seen = np.random.default_rng(1), set()
    for gap in (0.02, 0.05, 0.06, 0.1, 0.14, 0.16, 0.2):
        likely = assess_candidate(
            answers("a", gap, rows=8_000, tested=2_000), case()
        ).foreseen_verdict
        women, men = rng.binomial(1_000, [[0.4 - gap], [0.4]], (2, 4_000))
        low, high = newcombe_limits(women, 1_000, men, 1_000, 0.9)
        passes = (low >= -0.1) & (high <= 0.1)
        low, high = newcombe_limits(women, 1_000, men, 1_000, 0.95)
        fails = (low > 0.1) | (high < -0.1)
        agree = {Verdict.PASS: passes, Verdict.FAIL: fails}.get(likely, ~passes & ~fails)
        assert agree.mean() >= (0.8 if likely is not Verdict.UNKNOWN else 0.2), (gap, likely)
        seen.add(likely)
    assert seen == {Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN}


def test_nothing_is_foreseen_of_a_test_too_small_to_tell(case):
    likely = [
        assess_candidate(answers("a", 0.06, tested=n), case()).foreseen_verdict
        for n in (5_000, 100)
    ]
    assert likely == [Verdict.PASS, Verdict.UNKNOWN]


def test_when_nobody_is_likely_to_pass_it_is_a_caution_that_says_what_to_do(case):
    found = rank_candidates([answers("a", 0.3), answers("b", 0.2)], case())
    assert found.report.verdict is Verdict.CAUTION
    (check,) = found.report.checks
    assert check.verdict is Verdict.FAIL
    assert "mitigate" in check.remedy
    # A gate's `unknown` would keep a model from being promoted, and this is none.
    unsure = rank_candidates([answers("a", 0.1)], case()).report
    assert (unsure.checks[0].verdict, unsure.verdict) == (Verdict.UNKNOWN, Verdict.CAUTION)


def test_a_point_that_another_beats_in_both_is_dominated(case):
    good, worse = answers("good", 0.02, wrong=0.1), answers("worse", 0.05, wrong=0.2)
    other = answers("other", 0.08, wrong=0.05)
    report = rank_candidates([good, worse, other], case()).report
    (prices,) = [sheet for sheet in report.sheets if "costs" in sheet.title]
    assert {row[0]: row[-1] for row in prices.rows} == {"good": "", "worse": "good", "other": ""}
    (figure,) = report.figures
    marked = {s.name: [p.label for p in s.points] for s in figure.series}
    assert marked["out of fold, dominated"] == ["worse"]
    assert sorted(marked["out of fold"]) == ["good", "other"]


def test_the_figure_sets_accuracy_against_the_gap_with_intervals_and_the_limit(case):
    (figure,) = rank_candidates([answers("a", 0.02), answers("b", 0.2)], case()).report.figures
    assert (figure.kind, figure.axis, figure.x_band) == ("scatter", "accuracy", (0.0, 0.1))
    points = [point for series in figure.series for point in series.points]
    for point in points:
        assert point.low < point.value < point.high
        assert point.x_low < point.x < point.x_high
    assert {point.label: point.x for point in points} == pytest.approx({"a": 0.02, "b": 0.2})
    dear = case(performance={"cost": {"false_positive": 1.0, "false_negative": 3.0}})
    assert rank_candidates([answers("a", 0.02)], dear).report.figures[0].axis == "cost a row"


def test_candidates_that_were_judged_on_fewer_rows_are_named(case):
    report = rank_candidates([answers("a", 0.02), answers("few", 0.02, rows=900)], case()).report
    assert any("few (900)" in note for note in report.notes)


def test_the_same_answers_give_the_same_report(case):
    both = [answers("a", 0.02), answers("b", 0.2)]
    assert rank_candidates(both, case()) == rank_candidates(both, case())


# --- after the test ---------------------------------------------------------------------------


def test_the_test_rows_are_set_beside_what_was_foretold(case):
    from assay.gates.performance import gate

    use_case, one, other = case(), answers("a", 0.02), answers("b", 0.2)
    report = rank_candidates([one, other], use_case).report
    frame = one.held_out.sample(2_000, random_state=1)
    gates = [
        gate.judge_performance(frame, use_case.performance, subject="a", prevalence=0.4),
        audit_fairness(frame, use_case.fairness, use_case.data.sensitive, subject="a"),
    ]
    complete = with_test(report, {"a": gates}, "a", trade_off_score(use_case.performance.cost))
    (series,) = [s for s in complete.figures[0].series if s.name == "on the test rows"]
    (point,) = series.points
    assert point.value == pytest.approx((frame.truth == frame.decision).mean())
    rates = frame.groupby("sex").decision.mean()
    assert point.x == pytest.approx(abs(rates["Female"] - rates["Male"]))
    assert "Chosen: a." in complete.summary
    assert complete.sheets[-1].rows[0][-1] == "yes"
    refused = with_test(report, {"a": gates}, None, trade_off_score(use_case.performance.cost))
    assert "None of those tried passed" in refused.summary
    assert refused.sheets[-1].rows[0][-1] == "no"
