"""Past days are made up for in order, once, and without an alarm."""

import re
from datetime import date
from pathlib import Path

import pytest
from prefect.states import Completed

import assay.flows.backfill
from assay.errors import ConfigError
from assay.flows.backfill import backfill
from assay.production.backfill.backfill_plan import BackfillRequest, LookStep, plan_backfill
from assay.production.monitoring.outcome import MonitorOutcome
from assay.util import clock
from tests.flows.test_score import Place

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 6)
SCHEDULE = {"score": "0 6 * * *", "monitor": "0 7 * * 1"}


@pytest.fixture
def week(tmp_path, monkeypatch):
    """A place where the batches of a week wait, one of them beyond what is asked for; and the
    looks that were asked for.
    """
    place = Place(tmp_path, schedule=SCHEDULE)
    for day in (6, 3, 2, 4, 5, 9):
        place.come(f"people-2026-03-0{day}.csv", seed=day)
    place.looks = []

    def look(**asked):
        place.looks.append(asked)
        found = MonitorOutcome(use_case="jobs", model="jobs@1", verdict="retrain", look=1)
        return Completed(name="Retrain", data=found)

    monkeypatch.setattr(assay.flows.backfill, "monitor", look)
    return place


def run(place, **how):
    asked = {"first": FIRST, "last": LAST} | how
    config = str(place.folder / "jobs.yaml")
    state = backfill(config=config, store=place.store, return_state=True, **asked)
    return state, state.result(raise_on_failure=False)


def plan(place, now="2026-03-20", **how):
    asked = BackfillRequest(**({"first": FIRST, "last": LAST} | how))
    return plan_backfill(place.bucket, place.written, asked, clock.parse_timestamp(now))


def scored(place):
    return [
        (s.as_of, int(re.search(r"0(\d)\.csv", s.name)[1])) for s in place.ledger.scored_batches
    ]


@pytest.mark.slow
def test_each_day_is_scored_as_of_its_own_moment_and_in_order(week):
    state, outcome = run(week)
    assert state.name == "Backfilled"
    assert scored(week) == [(f"2026-03-0{day}T06:00:00+00:00", day) for day in (2, 3, 4, 5, 6)]
    assert [batch.fate for batch in outcome.batches] == ["scored"] * 5
    # Monday's look, and one for the rest of the week, a week later.
    assert [look["as_of"][:16] for look in week.looks] == ["2026-03-02T07:00", "2026-03-09T07:00"]
    assert all(look["quiet"] for look in week.looks)
    state, outcome = run(week, look=False)
    assert (state.name, outcome.batches) == ("Backfilled", ())


@pytest.mark.slow
def test_what_a_killed_one_left_is_done_and_nothing_twice(week, monkeypatch):
    score, calls = assay.flows.backfill.score, []

    def killed(**asked):
        calls.append(asked)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return score(**asked)

    monkeypatch.setattr(assay.flows.backfill, "score", killed)
    with pytest.raises(KeyboardInterrupt):
        run(week)
    assert [day for _, day in scored(week)] == [2, 3]
    left = plan(week)
    assert (left.batches, left.known) == (3, 2)
    monkeypatch.setattr(assay.flows.backfill, "score", score)
    run(week)
    assert [day for _, day in scored(week)] == [2, 3, 4, 5, 6]
    assert len(list((week.folder / "out").iterdir())) == 5


@pytest.mark.slow
def test_a_day_that_was_scored_without_its_look_gets_it(week):
    run(week, look=False)
    assert week.looks == []
    assert [step.as_of.day for step in plan(week).steps if isinstance(step, LookStep)] == [2, 9]


@pytest.mark.slow
def test_it_is_bounded_and_says_what_is_left(week):
    _, outcome = run(week, most=2)
    assert (len(outcome.batches), outcome.left) == (2, 3)
    assert "3 batches left" in outcome.sentence
    assert plan(week, most=2).left == 1


@pytest.mark.slow
def test_a_delivered_file_is_never_replaced(week):
    (week.folder / "out").mkdir()
    kept = week.folder / "out/people-2026-03-03.csv"
    kept.write_text("somebody acts on this\n")
    state, outcome = run(week)
    assert kept.read_text() == "somebody acts on this\n"
    assert (state.name, state.is_failed()) == ("Incomplete", True)  # which no alert is about
    assert [Path(batch.name).name for batch in outcome.failed] == [kept.name]
    assert [day for _, day in scored(week)] == [2, 4, 5, 6]
    assert run(week, alarms=True)[0].name == "Refused"


def test_looks_that_are_still_to_come_are_left_to_the_monitor(week):
    found = plan(week, now="2026-03-08")
    assert (found.looks, found.looks_left) == (1, 1)


def test_the_champion_of_the_day_is_none_before_there_was_one(week):
    assert plan(week, champion="then").without_champion == 5
    assert plan(week).without_champion == 0


@pytest.mark.parametrize(
    ("days", "why"), [((LAST, FIRST), "is after"), ((FIRST, date(2026, 3, 21)), "still to come")]
)
def test_days_that_cannot_be_made_up_for_are_refused(week, days, why):
    with pytest.raises(ConfigError, match=why):
        plan(week, first=days[0], last=days[1])


def test_the_rows_of_a_query_have_no_day(tmp_path):
    source = {"sql": "select 1", "connection": "sqlite:///x.db"}
    place = Place(tmp_path)
    place.sections["score"] = {"source": source}
    from tests.production.small import use_case

    place.written = use_case(tmp_path, **place.sections)
    with pytest.raises(ConfigError, match="a query have no day"):
        plan(place)
