"""What a server's runs and schedules say that waits for a person."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Row
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import State, StateType

from assay.config.operations import Operations
from assay.deployments.server_todo import find_server_todo
from tests.deployments.conftest import case

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FLOWS = {name: uuid4() for name in ("train", "score", "monitor", "retrain", "promote", "maintain")}
CASES = [case("guests", "schedule: {train: 1h}\n"), case("other")]


class Server:
    """One with rows in memory, which answers these questions as Prefect's client does."""

    def __init__(self):
        self.runs, self.deployments = [], []

    def read_flows(self, limit):
        return [Row(id=id_, name=name) for name, id_ in FLOWS.items()]

    def read_deployments(self, deployment_filter, limit, offset):
        return self.deployments[offset : offset + limit]

    def read_flow_runs(self, flow_run_filter, sort, limit, offset):
        asked, found = flow_run_filter, self.runs
        if asked.deployment_id:
            found = [r for r in found if r.deployment_id in asked.deployment_id.any_]
            found = [r for r in found if r.start_time]
        else:
            found = [r for r in found if set(asked.tags.all_) <= set(r.tags) and r.end_time]
        if asked.state:
            found = [r for r in found if r.state.type in asked.state.type.any_]
            found = [r for r in found if r.state.name not in asked.state.name.not_any_]
        assert {r.value for r in [sort]} <= {"END_TIME_DESC", "START_TIME_DESC"}
        key = "end_time" if sort.value == "END_TIME_DESC" else "start_time"
        return sorted(found, key=lambda run: getattr(run, key), reverse=True)[:limit]

    def run(self, kind, name, flow="train", use_case="guests", *, ago=1, message="why", of=None):
        ended = NOON - timedelta(hours=ago)
        self.runs.append(
            Row(
                id=uuid4(),
                flow_id=FLOWS[flow],
                tags=["assay", use_case, flow],
                state=State(type=kind, name=name, message=message),
                start_time=ended,
                end_time=ended,
                deployment_id=of,
            )
        )

    def deploy(self, flow="train", name="guests", *, paused=False, active=True, ago=9):
        made = Row(
            id=uuid4(),
            flow_id=FLOWS[flow],
            name=name,
            paused=paused,
            schedules=[Row(active=active)],
            created=NOON - timedelta(hours=ago),
        )
        self.deployments.append(made)
        return made.id


@pytest.fixture
def server():
    return Server()


def found(server):
    return find_server_todo(server, CASES, Operations(), NOON)


@pytest.mark.parametrize("kind", [StateType.FAILED, StateType.CRASHED])
def test_a_flow_whose_last_run_failed_says_why_and_since_when(server, kind):
    server.run(kind, "Broken", message="the source is gone\n  Look there.")
    server.run(kind, "Broken", ago=5)
    (item,) = found(server)
    assert (item.kind, item.subject, item.owner) == ("failed", "train/guests", "the tests")
    assert item.what == "its last run ended Broken: the source is gone Look there."
    assert item.since == NOON - timedelta(hours=1)
    assert item.command == "assay run configs/guests.yaml"


def test_a_later_success_of_the_same_flow_and_use_case_settles_it(server):
    server.run(StateType.FAILED, "Failed", ago=5)
    server.run(StateType.COMPLETED, "Completed", "score", ago=4)
    server.run(StateType.COMPLETED, "Completed", use_case="other", ago=4)
    assert len(found(server)) == 1
    server.run(StateType.COMPLETED, "Registered", ago=3)
    assert found(server) == []


@pytest.mark.parametrize(
    "name", ["Rejected", "Infeasible", "Refused", "No champion", "Promotion refused"]
)
def test_what_the_journal_knows_better_is_left_to_it(server, name):
    server.run(StateType.FAILED, name)
    assert found(server) == []


def test_a_damaged_bucket_is_no_mere_failure(server):
    server.run(StateType.FAILED, "Damaged", "maintain", "bucket", message="2 objects")
    (item,) = found(server)
    assert (item.kind, item.command) == ("integrity", "assay verify")


def test_a_use_case_whose_file_is_gone_is_named_all_the_same(server):
    server.run(StateType.FAILED, "Failed", "score", "gone")
    (item,) = found(server)
    assert (item.subject, item.owner, item.command) == ("score/gone", "", "assay score CONFIG")


def test_a_scheduled_flow_is_silent_by_the_rule_of_the_alert(server):
    deployed = server.deploy()
    server.run(StateType.COMPLETED, "Registered", ago=1.7, of=deployed)
    assert found(server) == []  # 1.5 h and the 15 minutes that a run may be late
    server.runs.clear()
    server.run(StateType.COMPLETED, "Registered", ago=1.8, of=deployed)
    (item,) = found(server)
    assert (item.kind, item.subject, item.owner) == ("silent", "train/guests", "the tests")
    assert item.what == "no run of it has begun for 108 minutes; one is due every 60 minutes"


@pytest.mark.parametrize("how", [{"paused": True}, {"active": False}])
def test_a_paused_schedule_is_named_as_the_reason(server, how):
    server.deploy(**how)
    (item,) = found(server)
    assert item.what.endswith("; its schedule is paused")
    assert item.since == NOON - timedelta(hours=9)


def test_without_a_schedule_nothing_is_due(server):
    server.deploy(name="other")
    server.deploy(name="gone")
    assert found(server) == []
