"""The desk as lines for a terminal or a pipe, after the list of what waits for a person."""

from __future__ import annotations

from collections.abc import Iterator

from assay.deployments.desk.cost import describe_cost
from assay.deployments.desk.desk import Desk, Failure
from assay.deployments.desk.trend import describe_performance
from assay.deployments.desk.use_case_state import UseCaseState
from assay.util import clock
from assay.util.relative_time import describe_age, describe_span

MOST_CASES = 100
_MOST_RUNS = 10


def case_lines(desk: Desk) -> Iterator[str]:
    """A line for each use case, at most `MOST_CASES`, and how many more there are."""
    for state in desk.states[:MOST_CASES]:
        yield f"{state.name}: {'; '.join(_case_facts(state, desk))}"
    left = len(desk.states) - MOST_CASES
    if left > 0:
        yield f"and {left:,} more: see --json"


def _case_facts(state: UseCaseState, desk: Desk) -> Iterator[str]:
    if state.problem:
        yield state.problem
        return
    now, run = desk.as_of, state.last_run
    if state.champion:
        since = state.champion_since or now
        age = describe_span((now - since).total_seconds()) or "less than a minute"
        yield f"champion {state.champion} for {age}"
    else:
        yield "no champion"
    if state.look:
        yield f"last look {state.look.verdict} {describe_age(state.look.at, now)}"
    if state.performance:
        yield describe_performance(state.performance)
    if state.scored_at:
        late = state.deadline.late if state.deadline else None
        said = f", {describe_span(late) or 'less than a minute'} late" if late else ""
        yield f"scored {describe_age(state.scored_at, now)}{said}"
    if run:
        yield f"last run {run.kind} {describe_age(run.at, now)}"
    cost, detail = describe_cost(state.cost)
    if cost:
        yield f"cost {cost} ({detail})"


def failure_lines(desk: Desk) -> Iterator[str]:
    """What failed in the last week and is no item of the list, with its run on the dashboard."""
    for one in desk.failures:
        if not one.command:
            yield from _describe_failure(one, desk)


def _describe_failure(one: Failure, desk: Desk) -> Iterator[str]:
    when = f" ({describe_age(one.since, desk.as_of)})" if one.since else ""
    often = f", {one.count} times" if one.count > 1 else ""
    settled = "; it ran well since" if one.settled else ""
    yield f"{one.title}: {one.reason}{when}{often}{settled}"
    if one.run:
        yield f"  {one.run}"


def run_lines(desk: Desk) -> Iterator[str]:
    """What runs or waits, and what comes next."""
    for run in desk.present[:_MOST_RUNS]:
        age = describe_age(run.moment, desk.as_of)
        yield f"{run.flow} {run.use_case}: {run.state}, {age}"
    for run in desk.upcoming[:_MOST_RUNS]:
        due = clock.display_timestamp(run.moment)
        yield f"{run.flow} {run.use_case}: {due} UTC, {describe_age(run.moment, desk.as_of)}"
    left = len(desk.present[_MOST_RUNS:]) + len(desk.upcoming[_MOST_RUNS:]) + desk.upcoming_left_out
    if left:
        yield f"and {left:,} more"
