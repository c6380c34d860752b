"""What the desk makes of the facts: who waits, what failed, with its run and report."""

from datetime import timedelta

from assay.config.operations import Operations
from assay.deployments.desk.desk import BucketFacts, ServerFacts, build_desk
from assay.deployments.desk.server_runs import ServerRuns
from assay.deployments.desk.use_case_state import AnsweredRun
from assay.deployments.todo import SetupFiles
from tests.deployments.conftest import case
from tests.deployments.desk.made import (
    HOUR,
    NOON,
    REPORT,
    RUN,
    desk,
    due_run,
    failed_run,
    item,
    state,
)

MINUTE = timedelta(minutes=1)


def test_the_list_is_shared_out_and_nothing_is_lost():
    kinds = ("integrity", "retrain", "deadline", "failed", "approval", "silent")
    made = desk(*(item(kind) for kind in kinds))
    assert [one.kind for one in made.waiting] == ["integrity", "retrain", "approval"]
    assert [one.kind for one in made.silent] == ["deadline", "silent"]
    assert len(made.failures) == 1
    assert [one.kind for one in made.items] == list(kinds)


def test_what_a_journal_and_the_server_tell_of_one_run_is_one_line_with_both_links():
    made = desk(item(what="entry 2 was rejected"), failed=[failed_run(ended=NOON - HOUR)])
    (failure,) = made.failures
    assert (failure.reason, failure.run, failure.report) == ("guests@2 was rejected", RUN, REPORT)
    assert failure.title == "train guests, 2026-03-01 10:58"


def test_a_run_of_another_time_or_use_case_is_another_line():
    other = failed_run(began=NOON - 9 * HOUR, ended=NOON - 8 * HOUR)
    assert len(desk(item(), failed=[other]).failures) == 2
    assert len(desk(item(), failed=[failed_run("income")]).failures) == 2


def test_an_item_of_the_server_carries_its_run_already():
    made = desk(item(subject="train/guests", run=RUN), failed=[failed_run()])
    (failure,) = made.failures
    assert (failure.run, failure.report, failure.use_case) == (RUN, REPORT, "guests")


def test_a_run_that_a_later_one_settled_stays_visible():
    (failure,) = desk(failed=[failed_run(settled=True, count=3)]).failures
    assert (failure.settled, failure.count, failure.command) == (True, 3, "")
    assert (failure.reason, failure.owner) == ("guests@2 was rejected", "the hotel")


def test_a_run_that_met_an_answer_of_before_leads_to_the_report_of_that():
    """An unchanged question is not answered again, and its journal gets no new entry."""
    reason = "performance: ROC AUC is no better"
    old = AnsweredRun("rejected", NOON - 99 * HOUR, "guests@2 was rejected", REPORT, reason)
    again = failed_run(reason=f"{reason} than the dummy's", ended=NOON)
    (failure,) = desk(states=[state(runs=(old,))], failed=[again]).failures
    assert (failure.report, failure.reason) == (REPORT, "guests@2 was rejected")
    other = failed_run(reason="fairness: too unfair", ended=NOON)
    (failure,) = desk(states=[state(runs=(old,))], failed=[other]).failures
    assert failure.report == ""


def test_runs_of_one_minute_have_each_its_own_answer():
    rejected, stopped = "performance: no better", "feasibility: no signal"
    runs = (
        AnsweredRun("rejected", NOON - 2 * MINUTE, "guests@2 was rejected", "2" * 64, rejected),
        AnsweredRun("stopped", NOON - MINUTE, "guests stopped", "3" * 64, stopped),
        AnsweredRun("registered", NOON, "guests@3 registered", "4" * 64),
    )
    times = {"began": NOON - 2 * MINUTE, "ended": NOON}
    failed = [
        failed_run(reason=rejected, url="r/1", **times),
        failed_run(reason=stopped, url="r/2", **times),
        failed_run(flow="score", reason="no such column", state="Failed", url="r/3", **times),
    ]
    found = {
        one.run: (one.reason, one.report)
        for one in desk(states=[state(runs=runs)], failed=failed).failures
    }
    assert found == {
        "r/1": ("guests@2 was rejected", "2" * 64),
        "r/2": ("guests stopped", "3" * 64),
        "r/3": ("ended Failed: no such column", ""),
    }


def test_a_crash_has_no_report():
    crashed = failed_run(state="Crashed", reason="no sign of life")
    (failure,) = desk(failed=[crashed]).failures
    assert failure.report == ""
    assert failure.reason == "ended Crashed: no sign of life"


def test_an_approval_leads_to_the_run_that_asks():
    asks = due_run("Paused", reference="guests@2", url="asks")
    (waiting,) = desk(item("approval", "guests@2"), present=[asks]).waiting
    assert waiting.run == "asks"
    (waiting,) = desk(item("approval", "guests@3"), present=[asks]).waiting
    assert waiting.run == ""


def test_without_a_server_the_next_runs_are_those_of_the_files():
    cases = [case("guests", "schedule: {score: 10m, train: '0 5 * * *'}\n")]
    made = desk(cases=cases, server=False)
    first = made.upcoming[0]
    assert (first.flow, first.use_case, first.url) == ("score", "guests", "")
    assert first.moment == NOON + timedelta(minutes=10)
    # train of the use case and maintain of the bucket are due at night.
    assert [run.flow for run in made.upcoming[1:]] == ["maintain", "train"]
    assert desk(cases=cases, upcoming=[]).upcoming == ()


def test_as_json_it_has_plain_values_and_moments_in_utc():
    made = desk(item(), states=[state(champion_since=NOON)], upcoming=[due_run()])
    told = made.as_json()
    assert told["failed"][0]["since"] == "2026-03-01T11:00:00+00:00"
    assert told["use_cases"][0]["champion_since"] == "2026-03-01T12:00:00+00:00"
    assert told["use_cases"][0]["runs"][0]["report"] == REPORT
    assert told["next_runs"][0]["flow"] == "score"


def test_a_paused_use_case_is_not_called_silent():
    made = desk(item("paused", "guests"), item("silent", "rooms"))
    assert [one.subject for one in made.silent] == ["rooms"]
    facts = BucketFacts(
        NOON, [item("paused", "guests")], [state()], SetupFiles([], [], Operations())
    )
    silent = [item("silent", "score/guests"), item("silent", "score/rooms")]
    made = build_desk(facts, ServerFacts(silent, ServerRuns()), "s", "")
    assert [one.subject for one in made.silent] == ["score/rooms"]
