"""A desk's parts with made-up content."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from assay.config.operations import Operations
from assay.deployments.desk.desk import BucketFacts, ServerFacts, build_desk
from assay.deployments.desk.server_runs import DueRun, FailedRun, ServerRuns
from assay.deployments.desk.use_case_state import AnsweredRun, UseCaseState
from assay.deployments.todo import SetupFiles
from assay.production.todo_item import TodoItem

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
REPORT = "a" * 64
RUN = "http://127.0.0.1:4200/runs/flow-run/1"


def item(kind="failed", subject="guests", **fields):
    told = {
        "what": "it failed",
        "since": NOON - HOUR,
        "owner": "the hotel",
        "command": "assay todo",
    }
    return TodoItem(kind, subject, **(told | fields))


def failed_run(use_case="guests", flow="train", **fields):
    told = {
        "name": f"{flow} {use_case}, 2026-03-01 10:58",
        "state": "Rejected",
        "reason": "no better than the dummy",
        "began": NOON - 2 * HOUR,
        "ended": NOON - HOUR,
        "url": RUN,
        "count": 1,
        "settled": False,
    }
    return FailedRun(flow, use_case, **(told | fields))


def state(name="guests", **fields):
    reason = "no better than the dummy"
    answered = AnsweredRun("rejected", NOON - HOUR, f"{name}@2 was rejected", REPORT, reason)
    return UseCaseState(name, **({"runs": (answered,), "owner": "the hotel"} | fields))


def due_run(state="Scheduled", use_case="guests", **fields):
    told = {"moment": NOON + HOUR, "url": f"{RUN}0"}
    return DueRun("score", use_case, state, **(told | fields))


def desk(*items, states=(), failed=(), present=(), upcoming=(), cases=(), server=True, problem=""):
    facts = BucketFacts(NOON, items, states or [state()], SetupFiles(cases, [], Operations()))
    runs = ServerRuns(tuple(failed), tuple(present), tuple(upcoming))
    return build_desk(facts, ServerFacts((), runs) if server else None, "./.assay", problem)
