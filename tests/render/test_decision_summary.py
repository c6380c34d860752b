"""The first screen: what became of a model, why, by which numbers, and what is to be done."""

from __future__ import annotations

import itertools

import pytest
from deciding import check, fairness, gap, gate, performance, score

from assay.gates.report import Interval, Measurement, Report, Sheet, Verdict
from assay.render.deciding_numbers import HOW_FAIR, HOW_GOOD, HOW_SURE
from assay.render.decision_summary import (
    DecisionSummary,
    ModelDecision,
    summarize_decision,
)

FAR = gap("sex=Female", -0.2, Verdict.FAIL)
NEAR = gap("sex=Female", -0.05, Verdict.PASS)
UNSURE = gap("sex=Female", -0.098, Verdict.UNKNOWN)


def summarize(*reports: Report, outcome: str = "registered", **more: object) -> DecisionSummary:
    decision = ModelDecision("income@2", outcome, **more)  # type: ignore[arg-type]
    return summarize_decision(reports, decision)


def texts(summary: DecisionSummary) -> str:
    numbers = itertools.chain.from_iterable(
        (n.question, n.value, n.against, n.limit, n.meaning) for n in summary.numbers
    )
    return "\n".join((summary.sentence, *numbers, summary.next_step))


def number(summary: DecisionSummary, question: str):
    (found,) = [n for n in summary.numbers if n.question == question]
    return found


def test_every_summary_answers_the_same_three_questions_in_order():
    for reports in ([], [gate("validation")], [performance(), fairness(NEAR)]):
        questions = [n.question for n in summarize(*reports).numbers]
        assert questions == [HOW_GOOD, HOW_FAIR, HOW_SURE]


# --- the state and the sentence -----------------------------------------------------------------


def test_a_champion_is_good_and_nothing_waits():
    summary = summarize(performance(), fairness(NEAR), champion=True)
    assert summary.state == "good"
    assert summary.sentence == "income@2 is champion: every gate passed."
    assert summary.next_step == "Nothing waits for you."


def test_cautions_of_a_champion_are_counted_and_the_first_is_said():
    doubt = check("rule", Verdict.CAUTION, why="7 values break the rule", remedy="Mend them.")
    summary = summarize(
        gate("validation", doubt, verdict=Verdict.CAUTION), performance(), champion=True
    )
    assert summary.state == "good"
    assert summary.sentence == "income@2 is champion: no gate failed, with 1 caution to weigh."
    assert summary.next_step.endswith("7 values break the rule. Mend them.")
    assert number(summary, HOW_SURE).against == "cautions: 1 in validation"


def test_a_gate_that_cannot_tell_makes_the_model_wait_for_a_person():
    summary = summarize(performance(), fairness(UNSURE), command="assay promote income@2 --approve")
    assert summary.state == "waiting"
    assert summary.sentence == (
        "income@2 waits for a person, because fairness cannot tell: Selection rate of sex=Female "
        "has a gap of -0.098 [-0.118, -0.078]; at most 0.1 either way is accepted."
    )
    assert "assay promote income@2 --approve" in summary.next_step


def test_what_a_person_approved_waits_no_longer():
    summary = summarize(performance(), fairness(UNSURE), champion=True)
    assert summary.state == "good"
    assert "a person accepted that fairness cannot tell" in summary.sentence


def test_a_model_that_passed_and_awaits_its_promotion_says_why():
    waits = "it awaits a person who promotes it: promotion.later is approval"
    summary = summarize(performance(), fairness(NEAR), waits=waits)
    assert summary.state == "waiting"
    assert summary.sentence == (
        "income@2 waits for a person to promote it: promotion.later is approval."
    )


def test_a_model_that_a_person_refused_says_who_and_why_and_waits_no_longer():
    summary = summarize(performance(), fairness(NEAR), refusal="ada: too near the limit.")
    assert (summary.state, summary.label) == ("refused", "refused")
    assert summary.sentence == "income@2 was refused as champion by ada: too near the limit."
    assert summary.next_step.startswith("Nothing waits for you.")


def test_a_rejected_model_names_the_gate_the_number_the_limit_and_the_remedy():
    summary = summarize(performance(), fairness(FAR), outcome="rejected")
    assert summary.state == "refused"
    assert "because fairness failed" in summary.sentence
    assert "-0.200 [-0.220, -0.180]; at most 0.1 either way is accepted" in summary.sentence
    assert summary.next_step == "Mitigate sex=Female. Then run it again."


def test_a_failed_check_brings_its_limit_into_the_sentence_once():
    low = check("at_least[roc_auc]", Verdict.FAIL, why="ROC AUC is 0.81", estimate=0.81,
                threshold=0.85)  # fmt: skip
    said = summarize(performance(low, verdict=Verdict.FAIL), outcome="rejected").sentence
    assert said.endswith("ROC AUC is 0.81; the limit is 0.85.")
    named = low.model_copy(update={"why": "ROC AUC is 0.81, below 0.85"})
    said = summarize(performance(named, verdict=Verdict.FAIL), outcome="rejected").sentence
    assert said.count("0.85") == 1


def test_a_stopped_run_gives_the_reason_and_the_remedy_and_no_number_of_a_model():
    reach = check("reach[roc_auc]", Verdict.FAIL, statistic="roc_auc of a quick learner",
                  estimate=0.62, interval=Interval(low=0.6, high=0.64), threshold=0.85,
                  why="A quick learner has roc_auc of 0.62", remedy="Add columns.",
                  rows=4000)  # fmt: skip
    summary = summarize(
        gate("validation"),
        gate("feasibility", reach, verdict=Verdict.FAIL),
        outcome="stopped",
    )
    assert summary.state == "stopped"
    assert "stopped at feasibility, before any model was trained" in summary.sentence
    assert "0.62; the limit is 0.85" in summary.sentence
    assert summary.next_step == "Add columns. Then run it again."
    assert number(summary, HOW_GOOD).limit == "0.850"
    assert number(summary, HOW_FAIR).value == "Not judged: no model was trained."
    assert number(summary, HOW_SURE).value == "4,000 rows of data"
    assert summary.figure is not None
    assert summary.figure.reference == 0.85


def test_a_challenger_that_does_not_beat_the_champion_says_so():
    level = check("beats_champion", Verdict.UNKNOWN, estimate=0.001, hard=False, accepted=True)
    summary = summarize(performance(level, champion=0.928), fairness(NEAR), against="income@1")
    assert "does not surely beat income@1, which stays champion" in summary.sentence


# --- the numbers --------------------------------------------------------------------------------


def test_the_score_stands_with_its_interval_beside_dummy_and_champion():
    gain = check("beats_champion", estimate=0.008, interval=Interval(low=0.001, high=0.015))
    good = number(summarize(performance(gain, champion=0.921), against="income@1"), HOW_GOOD)
    assert good.value == "ROC AUC 0.929 [0.923, 0.934]"
    assert good.against == "dummy 0.500; champion income@1 0.921 (gain 0.0080 [0.0010, 0.0150])"
    assert good.limit == "better than the dummy by more than 0.05"
    assert good.verdict is Verdict.PASS


@pytest.mark.parametrize(
    ("others", "unit", "meaning"),
    [
        ({"recall": 0.534, "precision": 0.817}, "",
         "Of 100 rows whose true answer is yes it finds 53; of 100 that it calls yes, 82 are."),
        ({"recall": 0.0, "precision": 0.0}, "",
         "It finds none of the rows whose true answer is yes."),
        ({"accuracy": 0.3446}, "", "It names the right class for 34 of 100 rows."),
        ({"mae": 6.4597}, "dollars an hour", "It is off by 6.46 dollars an hour on average."),
    ],
)  # fmt: skip
def test_each_type_of_question_is_told_in_words_of_everyday(others, unit, meaning):
    assert number(summarize(performance(others=others), unit=unit), HOW_GOOD).meaning == meaning


def test_almost_none_is_not_none_and_almost_all_not_all():
    told = performance(others={"recall": 0.002, "precision": 0.998})
    assert number(summarize(told), HOW_GOOD).meaning == (
        "Of 100 rows whose true answer is yes it finds less than 1; of 100 that it calls yes, "
        "more than 99 are."
    )


def test_an_amount_carries_its_unit_in_score_limit_and_gap():
    report = performance(metric="mae", value=6.46, dummy=7.61)
    apart = gap("gender=female", -0.0986, Verdict.PASS, metric="mean_error", limit=0.75)
    summary = summarize(report, fairness(apart), unit="dollars an hour")
    assert number(summary, HOW_GOOD).value == ("MAE 6.460 dollars an hour [6.454, 6.465]")
    assert number(summary, HOW_GOOD).limit.endswith("0.05 dollars an hour")
    assert number(summary, HOW_FAIR).limit == "at most 0.75 dollars an hour either way"


def test_the_worst_gap_is_said_and_not_the_largest():
    large = gap("race=B", -0.299, Verdict.PASS, limit=0.3)
    summary = summarize(performance(), fairness(large, NEAR, UNSURE), outcome="registered")
    fair = number(summary, HOW_FAIR)
    assert fair.value.startswith("Selection rate of sex=Female: gap -0.098")
    assert fair.against == "the reference group; the widest of 3 held to a limit"
    assert fair.verdict is Verdict.UNKNOWN
    assert fair.meaning == (
        "In sex=Female, of 100 rows, 10 fewer are answered yes than in the reference group."
    )


def test_of_gaps_that_pass_the_nearest_to_its_limit_is_said():
    close = gap("age=old", 0.09, Verdict.PASS)
    wide = gap("race=B", 0.2, Verdict.PASS, metric="accuracy_score", limit=0.5)
    fair = number(summarize(fairness(NEAR, wide, close)), HOW_FAIR)
    assert "age=old" in fair.value


def test_without_a_limit_nothing_is_called_fair():
    fair = number(summarize(performance(), fairness()), HOW_FAIR)
    assert fair.value == "Not judged: no limit is set, so no gap was compared with one."
    assert fair.verdict is None


def test_rows_that_belong_together_count_for_fewer():
    alike = check("independence", estimate=2.0, rows=9851)
    sure = number(summarize(performance(alike)), HOW_SURE)
    assert sure.value == "9,851 test rows, worth about 2,463 independent ones"


def test_rows_of_unequal_weight_count_for_fewer_before_they_belong_together():
    worth = Measurement(kind="effective_rows", metric="test_rows", value=400.0)
    alike = check("independence", estimate=2.0, rows=9851)
    for checks, shown in (((), "400"), ((alike,), "100")):
        report = performance(*checks)
        weighted = report.model_copy(update={"measurements": (*report.measurements, worth)})
        sure = number(summarize(weighted), HOW_SURE)
        assert sure.value == f"9,851 test rows, worth about {shown} independent ones"


def test_what_is_unknown_stands_before_what_is_to_be_weighed():
    doubt = check("rule", Verdict.CAUTION)
    sure = number(
        summarize(gate("validation", doubt, verdict=Verdict.CAUTION), fairness(UNSURE)), HOW_SURE
    )
    assert sure.against == "unknown: 1 in fairness; cautions: 1 in validation"
    assert sure.verdict is Verdict.UNKNOWN


def test_a_report_without_measurements_is_read_by_what_it_shows():
    new = performance()
    shown = Sheet(title="Scores", columns=("score", "model", "low", "high", "dummy"),
                  rows=(("roc_auc", 0.929, 0.923, 0.934, 0.5),))  # fmt: skip
    old = new.model_copy(update={"measurements": (), "sheets": (shown,)})
    now, then = (number(summarize(report), HOW_GOOD) for report in (new, old))
    assert (then.value, then.against, then.limit) == (now.value, now.against, now.limit)


# --- the picture --------------------------------------------------------------------------------


def test_the_picture_shows_the_score_beside_its_rivals():
    figure = summarize(performance(champion=0.921), against="income@1").figure
    assert figure is not None
    marks = {p.label: p.value for p in figure.series[0].points}
    assert marks == {"this model": 0.929, "champion income@1": 0.921, "dummy": 0.5}


@pytest.mark.parametrize(("metric", "limit"), [("roc_auc", 0.55), ("log_loss", 0.45)])
def test_the_picture_draws_the_line_from_which_the_score_is_accepted(
    metric: str, limit: float
) -> None:
    figure = summarize(performance(metric=metric, dummy=0.5)).figure
    assert figure is not None
    assert figure.reference == pytest.approx(limit)  # the dummy's, and the margin of 0.05


def test_where_fairness_decides_the_picture_shows_the_gaps_and_what_is_allowed():
    figure = summarize(performance(), fairness(FAR, NEAR), outcome="rejected").figure
    assert figure is not None
    assert figure.band == (-0.1, 0.1)
    assert figure.series[0].points[0].value == -0.2


# --- strange reports ----------------------------------------------------------------------------

STRANGE_GAPS = [
    gap("g", 0.0, Verdict.FAIL, kind="ratio", limit=0.8),
    gap("g", 0.3, Verdict.PASS, limit=0.0),
    gap("g", 1e300, Verdict.UNKNOWN, kind="ratio", limit=0.8),
    (check("one_group", Verdict.UNKNOWN, why="All rows are of one group"), NEAR[1]),
]


@pytest.mark.parametrize("outcome", ["registered", "rejected", "stopped"])
@pytest.mark.parametrize(
    "reports",
    [
        *[[performance(), fairness(strange)] for strange in STRANGE_GAPS],
        [gate("performance")],
        [gate("fairness", check("odd", Verdict.UNKNOWN))],
        [performance(value=0.0, metric="r2", others={"mae": 0.0})],
        [performance(check("beats_champion", estimate=None))],
        [performance(check("independence", estimate=1e9))],
    ],
)
def test_no_summary_shows_a_number_that_is_none(reports: list[Report], outcome: str):
    said = texts(summarize(*reports, outcome=outcome)).casefold()
    assert not {"nan", "inf", "none"} & set(said.replace(",", " ").split())


def test_the_order_of_reports_and_measurements_changes_no_number():
    reports = [performance(champion=0.9), fairness(NEAR, FAR), gate("validation")]
    flipped = [
        r.model_copy(update={"measurements": tuple(reversed(r.measurements)),
                             "checks": tuple(reversed(r.checks))})
        for r in reversed(reports)
    ]  # fmt: skip
    first, second = (summarize(*given, outcome="rejected") for given in (reports, flipped))
    assert first.numbers == second.numbers
    assert first.sentence == second.sentence


def test_a_measurement_without_a_value_is_no_headline():
    report = gate("performance").model_copy(
        update={"measurements": (score("roc_auc", None, headline=True),)}
    )
    assert number(summarize(report), HOW_GOOD).value == "performance in a sentence."


def test_measurements_of_unknown_kinds_are_no_kinds():
    with pytest.raises(ValueError, match="kind"):
        Measurement(kind="rival", metric="roc_auc", value=0.5)  # type: ignore[arg-type]
