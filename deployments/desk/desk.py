"""The desk: everything that its page and `assay todo` show, of what bucket and server tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import Any

from assay.config.due_moments import next_moment
from assay.deployments.deployment_plan import plan_deployments
from assay.deployments.desk.server_runs import DueRun, FailedRun, ServerRuns
from assay.deployments.desk.use_case_state import AnsweredRun, UseCaseState
from assay.deployments.todo import SetupFiles, merge_items
from assay.production.todo_item import TodoItem
from assay.util import clock

SILENT_KINDS = frozenset({"silent", "deadline"})
_MOST_UPCOMING = 30


@dataclass(frozen=True, slots=True)
class BucketFacts:
    """What bucket and files tell. `as_of`: when they were read."""

    as_of: datetime
    items: Sequence[TodoItem]
    states: Sequence[UseCaseState]
    files: SetupFiles


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What the server tells."""

    items: Sequence[TodoItem]
    runs: ServerRuns


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that failed: a run that the server knows, an item of the list, or both of one."""

    title: str
    reason: str
    since: datetime | None
    use_case: str
    owner: str = ""
    command: str = ""
    run: str = ""
    report: str = ""
    count: int = 1
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that the desk shows. `server_problem` says why the server was not asked; "" if it
    was.

    `waiting`, `failures` and `silent` share out the to-do list. Upcoming runs are the server's, and
    without it those that the files' schedules give, without a run to link.
    """

    as_of: datetime
    store: str
    items: Sequence[TodoItem]
    waiting: Sequence[TodoItem]
    failures: Sequence[Failure]
    silent: Sequence[TodoItem]
    states: Sequence[UseCaseState]
    present: Sequence[DueRun]
    upcoming: Sequence[DueRun]
    upcoming_left_out: int
    server_problem: str

    def as_json(self) -> dict[str, Any]:
        """What `assay todo --json` adds to the list."""
        return {
            "failed": [_plain(one) for one in self.failures],
            "use_cases": [_plain(one) for one in self.states],
            "runs": [_plain(one) for one in self.present],
            "next_runs": [_plain(one) for one in self.upcoming],
        }


def build_desk(
    bucket_facts: BucketFacts, server_facts: ServerFacts | None, store: str, server_problem: str
) -> Desk:
    """Put the desk together from what bucket and server tell."""
    server = server_facts or ServerFacts((), ServerRuns())
    states = {state.name: state for state in bucket_facts.states}
    items = [
        _with_run(item, server.runs, states)
        for item in merge_items(bucket_facts.items, server.items)
    ]
    runs, left_out = server.runs.upcoming, server.runs.left_out
    if server_facts is None:
        planned = sorted(_planned_runs(bucket_facts), key=lambda run: run.moment)
        runs, left_out = planned[:_MOST_UPCOMING], max(len(planned) - _MOST_UPCOMING, 0)
    return Desk(
        bucket_facts.as_of,
        store,
        items,
        [i for i in items if i.kind != "failed" and i.kind not in SILENT_KINDS],
        list(_failures(items, server.runs.failed, states)),
        [i for i in items if i.kind in SILENT_KINDS],
        bucket_facts.states,
        server.runs.present,
        runs,
        left_out,
        server_problem,
    )


def _with_run(item: TodoItem, runs: ServerRuns, states: Mapping[str, UseCaseState]) -> TodoItem:
    """The item with the run that a person would open for it."""
    if item.run:
        return item
    if item.kind == "approval":
        asked = (one.url for one in runs.present if one.reference == item.subject)
        return replace(item, run=next(asked, ""))
    if item.kind == "failed" and item.since and item.subject in states:
        told = [f for f in runs.failed if f.use_case == item.subject and _is_of(f, item.since)]
        return replace(item, run=told[0].url if told else "")
    return item


def _is_of(run: FailedRun, moment: datetime) -> bool:
    return (run.began - moment).total_seconds() < 60 and (moment - run.ended).total_seconds() < 120


def _failures(
    items: Sequence[TodoItem], runs: Sequence[FailedRun], states: Mapping[str, UseCaseState]
) -> Iterator[Failure]:
    """What failed and waits for a person, then the runs that a later one has settled."""
    by_url = {run.url: run for run in runs}
    told: set[str] = set()
    for item in (i for i in items if i.kind == "failed"):
        run = by_url.get(item.run)
        told.add(item.run)
        yield Failure(
            run.name if run else item.subject,
            _reason(states.get(item.use_case), item),
            item.since,
            item.use_case,
            item.owner,
            item.command,
            item.run,
            find_report(states.get(item.use_case), item.since, run),
            run.count if run else 1,
        )
    for run in runs:
        if run.url not in told:
            state = states.get(run.use_case)
            answered = _find_answer(state, None, run)
            yield Failure(
                run.name,
                answered.sentence if answered else f"ended {run.state}: {run.reason}",
                run.ended,
                run.use_case,
                state.owner if state else "",
                run=run.url,
                report=answered.report if answered else "",
                count=run.count,
                settled=run.settled,
            )


def _reason(state: UseCaseState | None, item: TodoItem) -> str:
    """Why it failed, in the words of the run's own page where it was refused or stopped."""
    answered = _find_answer(state, item.since, None) if item.since else None
    return answered.sentence if answered and answered.report else item.what


def find_report(state: UseCaseState | None, moment: datetime | None, run: FailedRun | None) -> str:
    """The page of what a run came to, by its time; "" if there is none."""
    answered = _find_answer(state, moment, run)
    return answered.report if answered else ""


def _find_answer(
    state: UseCaseState | None, moment: datetime | None, run: FailedRun | None
) -> AnsweredRun | None:
    """The answer of that moment; else that which gives the reason of a run, best within its time: a
    question that was answered before gets no new entry.
    """
    answers = list(reversed(state.runs)) if state else []
    of_moment = (one for one in answers if one.at == moment)
    if run is None:
        return next(of_moment, None)
    told = [one for one in answers if one.is_told_by(run.reason)]
    within = (one for one in told if one.ended_within(run.began, run.ended))
    return next(chain(of_moment, within, told), None)


def _planned_runs(facts: BucketFacts) -> Iterator[DueRun]:
    """The next run of each schedule in the files, as it would be where nothing is paused."""
    for one in plan_deployments(facts.files.cases, facts.files.operations):
        if one.schedule:
            due = next_moment(one.schedule, one.zone, facts.as_of)
            yield DueRun(one.flow, one.name, "Planned", due, "")


def _plain(value: Any) -> Any:
    """A dataclass as plain JSON."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, tuple | list):
        return [_plain(one) for one in value]
    return clock.format_timestamp(value) if isinstance(value, datetime) else value
