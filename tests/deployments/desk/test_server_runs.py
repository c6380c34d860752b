"""What a server's runs say for the desk."""

from datetime import timedelta

import pytest
from prefect.client.schemas.objects import StateType

from assay.deployments.desk import server_runs
from assay.deployments.desk.server_runs import find_server_runs
from tests.deployments.test_server_todo import NOON, Server


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("PREFECT_UI_URL", "https://prefect.example/")
    return DeskServer()


class DeskServer(Server):
    """Answers the desk's questions, too."""

    def read_flow_runs(self, flow_run_filter, sort, limit, offset):
        asked = flow_run_filter
        found = [r for r in self.runs if set(asked.tags.all_) <= set(r.tags)]
        if asked.end_time and asked.end_time.after_:
            found = [r for r in found if r.end_time and r.end_time >= asked.end_time.after_]
        if asked.end_time and asked.end_time.is_null_ is False:
            found = [r for r in found if r.end_time]
        if asked.state:
            types = asked.state.type.any_ if asked.state.type else None
            names = asked.state.name.any_ or [] if asked.state.name else []
            but = asked.state.name.not_any_ or [] if asked.state.name else []
            either = asked.state.operator == "or_"
            found = [
                r
                for r in found
                if (any if either else all)(
                    [
                        *([r.state.type in types] if types else []),
                        *([r.state.name in names] if names else []),
                    ]
                )
                and r.state.name not in but
            ]
        key = {"END": "end_time", "EXP": "expected_start_time"}[sort.value[:3]]
        found.sort(key=lambda run: getattr(run, key), reverse=sort.value.endswith("DESC"))
        return found[offset : offset + limit]

    def run(self, kind, name, flow="train", use_case="guests", *, due=None, reference=None, **more):
        super().run(kind, name, flow, use_case, **more)
        made = self.runs[-1]
        made.name, made.created = f"{flow} {use_case}", NOON
        made.parameters = {"reference": reference} if reference else {}
        made.expected_start_time = NOON + timedelta(hours=due or 0)
        if due is not None:
            made.start_time = made.end_time = None


def found(server):
    return find_server_runs(server, NOON)


def test_each_way_to_fail_is_told_once_with_its_count_the_last_first(server):
    server.run(StateType.FAILED, "Rejected", ago=2, message="too unfair\n at most 0.1")
    server.run(StateType.FAILED, "Rejected", ago=26, message="too unfair\n at most 0.1")
    server.run(StateType.FAILED, "Infeasible", ago=9, message="too few rows")
    server.run(StateType.CRASHED, "Crashed", "score", ago=3)
    told = found(server).failed
    assert [(f.flow, f.state, f.count) for f in told] == [
        ("train", "Rejected", 2),
        ("score", "Crashed", 1),
        ("train", "Infeasible", 1),
    ]
    assert told[0].reason == "too unfair at most 0.1"
    assert told[0].url == f"https://prefect.example/runs/flow-run/{server.runs[0].id}"
    assert not told[0].settled


def test_a_scheduled_run_is_its_use_cases(server):
    server.run(StateType.FAILED, "Failed", ago=2)
    server.run(StateType.SCHEDULED, "Scheduled", "score", due=2)
    for one in server.runs:
        one.tags.insert(0, "auto-scheduled")  # as Prefect does
    told = found(server)
    assert [run.use_case for run in (*told.failed, *told.upcoming)] == ["guests", "guests"]


def test_what_ran_well_since_is_settled_and_what_failed_again_is_not(server):
    server.run(StateType.FAILED, "Failed", ago=5)
    server.run(StateType.COMPLETED, "Registered", ago=1)
    assert [f.settled for f in found(server).failed] == [True]
    server.run(StateType.FAILED, "Failed", ago=0.5)
    assert [f.settled for f in found(server).failed] == [False]


@pytest.mark.parametrize("name", ["No champion", "Declined", "Promotion refused", "Retrain"])
def test_what_people_expect_is_no_failure(server, name):
    server.run(StateType.FAILED, name)
    assert found(server).failed == ()


def test_what_failed_more_than_a_week_ago_is_history(server):
    server.run(StateType.FAILED, "Failed", ago=24 * 8)
    assert found(server).failed == ()


def test_the_next_run_of_each_deployment_is_told_once_the_earliest_first(server):
    for hours in (2, 1, 3):
        server.run(StateType.SCHEDULED, "Scheduled", "score", due=hours)
    server.run(StateType.SCHEDULED, "Scheduled", "monitor", due=1.5)
    told = found(server)
    assert [(run.flow, run.moment) for run in told.upcoming] == [
        ("score", NOON + timedelta(hours=1)),
        ("monitor", NOON + timedelta(hours=1.5)),
    ]
    assert told.left_out == 0


def test_what_runs_or_waits_is_told_with_what_a_person_is_asked_about(server):
    server.run(StateType.PAUSED, "Paused", "promote", due=-1, reference="guests@2")
    server.run(StateType.SCHEDULED, "Late", "score", due=-2)
    told = found(server).present
    assert [(run.state, run.reference) for run in told] == [("Late", ""), ("Paused", "guests@2")]


def test_no_link_holds_the_password_of_the_servers_address(monkeypatch):
    monkeypatch.delenv("PREFECT_UI_URL", raising=False)
    monkeypatch.setenv("PREFECT_API_URL", "https://ada:secret@prefect.example:4200/api")
    assert server_runs.dashboard_url() == "https://prefect.example:4200"
    monkeypatch.setenv("PREFECT_UI_URL", "https://ada:secret@ui.example/")
    assert server_runs.run_url("1") == "https://ui.example/runs/flow-run/1"
