"""The desk as lines."""

from assay.deployments.desk.text import MOST_CASES, case_lines, failure_lines, run_lines
from assay.deployments.desk.use_case_state import LastLook, PerformanceTrend
from assay.production.scoring.deadline import DeadlineRecord
from tests.deployments.desk.made import HOUR, NOON, RUN, desk, due_run, failed_run, item, state


def test_a_use_case_is_one_line_with_what_is_known():
    told = state(
        champion="guests@1",
        champion_since=NOON - 50 * HOUR,
        look=LastLook("watch", NOON - 3 * HOUR, "x"),
        performance=PerformanceTrend("ROC AUC", (0.91,), (0.87,)),
        scored_at=NOON - 5 * HOUR,
        deadline=DeadlineRecord(NOON - 6 * HOUR, (), NOON - 5 * HOUR, 3600.0),
    )
    first, second = case_lines(desk(states=[told, state("new", runs=())]))
    assert first.split("; ") == [
        "guests: champion guests@1 for 2 days",
        "last look watch 3 hours ago",
        "ROC AUC 0.87, 0.91 expected",
        "scored 5 hours ago, 1 hour late",
        "last run rejected 1 hour ago",
    ]
    assert second == "new: no champion"


def test_lines_are_bounded_and_the_rest_is_counted():
    states = [state(f"case{number}") for number in range(MOST_CASES + 3)]
    *_, last = case_lines(desk(states=states))
    assert last == "and 3 more: see --json"
    runs = [due_run(use_case=str(number)) for number in range(14)]
    *_, last = run_lines(desk(upcoming=runs))
    assert last == "and 4 more"


def test_a_failure_that_is_no_item_is_told_with_its_run():
    made = desk(item(), failed=[failed_run("income", settled=True, count=2)])
    what, run = failure_lines(made)
    assert what.startswith("train income, 2026-03-01 10:58: ended Rejected: no better than the ")
    assert what.endswith(" (1 hour ago), 2 times; it ran well since")
    assert run == f"  {RUN}"


def test_what_runs_and_what_comes_is_told_with_its_time():
    made = desk(present=[due_run("Paused", moment=NOON - HOUR)], upcoming=[due_run()])
    assert list(run_lines(made)) == [
        "score guests: Paused, 1 hour ago",
        "score guests: 2026-03-01 13:00 UTC, in 1 hour",
    ]
