"""What a server's runs come to: each counted once, whatever fails, and whoever restarts."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace as Row
from uuid import uuid4

import pytest
from prefect.client.schemas.objects import State, StateType

from assay.deployments.metrics import server_queries
from assay.deployments.metrics.server import ServerMetrics
from tests.deployments.metrics.fake_server import figures, of

TRAIN, OTHER = uuid4(), uuid4()


class Server:
    """One with rows in memory, which answers as Prefect's client does."""

    def __init__(self):
        self.runs, self.steps, self.fails = [], [], []
        self.cases = ["guests"]
        self.figures = '[{"intact": true, "objects": 12, "bytes": 3456}]'

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def read_flows(self, limit):
        return [Row(id=TRAIN, name="train")]

    def read_deployments(self, deployment_filter, limit, offset):
        found = [Row(name=n, flow_id=TRAIN, work_pool_name="assay") for n in self.cases]
        return found[offset : offset + limit]

    def read_flow_runs(self, flow_run_filter, sort, limit, offset):
        asked = flow_run_filter.end_time
        if asked is None:
            found = [run for run in self.runs if run.end_time is None]
        else:
            ended = [run for run in self.runs if run.end_time]
            found = [r for r in ended if asked.after_ <= r.end_time <= asked.before_]
            found.sort(key=lambda run: run.end_time, reverse=True)
        return found[offset : offset + limit]

    def read_task_runs(self, task_run_filter, sort, limit, offset):
        if self.fails:
            raise self.fails.pop()
        ids = task_run_filter.flow_run_id.any_
        return [s for s in self.steps if s.flow_run_id in ids][offset : offset + limit]

    def read_workers_for_work_pool(self, pool):
        return [Row(status=Row(value="ONLINE"))]

    def read_artifacts(self, artifact_filter, sort, limit):
        return [Row(created=datetime(2026, 1, 2, tzinfo=UTC), data=self.figures)]

    def ended(self, kind, name, tags=("assay", "guests", "train"), steps=(), ago=0.0):
        now = datetime.now(UTC) - timedelta(seconds=ago)
        began = now - timedelta(seconds=40)
        run = Row(
            id=uuid4(),
            flow_id=TRAIN,
            tags=list(tags),
            state=State(type=kind, name=name),
            expected_start_time=began - timedelta(seconds=3),
            start_time=began,
            end_time=None if kind in {StateType.RUNNING, StateType.PAUSED} else now,
            total_run_time=timedelta(seconds=40),
        )
        self.runs.append(run)
        for stage, state in steps:
            self.step(run, stage, state, at=now - timedelta(microseconds=1))
        return run

    def step(self, run, stage, state, at):
        done = StateType.FAILED if state == "Failed" else StateType.COMPLETED
        self.steps.append(
            Row(
                flow_run_id=run.id,
                task_key=f"{stage}-{uuid4().hex[:8]}",
                state=State(type=done, name=state),
                end_time=at,
                total_run_time=timedelta(seconds=2),
            )
        )


@pytest.fixture
def server(monkeypatch):
    made = Server()
    monkeypatch.setattr("prefect.client.orchestration.get_client", lambda **_: made)
    return made


@pytest.fixture
def scrape(server):
    runs = ServerMetrics()

    def scraped():
        """Twice, as what is counted is told a scrape later."""
        runs.gather()
        return figures(runs.gather())

    return scraped


def ended(found, state, type="failed", flow="train", use_case="guests"):
    name = "assay_flow_runs_ended_total"
    return of(found, name, flow=flow, use_case=use_case, type=type, state=state)


def test_without_a_server_it_says_so():
    from prefect.settings import PREFECT_API_URL, temporary_settings

    from assay.errors import ConfigError

    unset = temporary_settings(restore_defaults={PREFECT_API_URL})
    with unset, pytest.raises(ConfigError, match="PREFECT_API_URL"):
        ServerMetrics().gather()


@pytest.fixture(autouse=True)
def settled(monkeypatch):
    monkeypatch.setattr(server_queries, "_STEP_DELAY", timedelta(0))


@pytest.fixture(autouse=True)
def named():
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:1/api"}):
        yield


def test_what_ended_before_is_known_and_not_counted(server, scrape):
    server.ended(StateType.COMPLETED, "Registered", ago=3600)
    found = scrape()
    assert ended(found, "Registered", "completed") == 0
    when = of(
        found,
        "assay_flow_run_ended_timestamp_seconds",
        flow="train",
        use_case="guests",
        type="completed",
    )
    assert when == server.runs[0].end_time.timestamp()


def test_every_series_begins_with_nothing(server):
    runs = ServerMetrics()
    first = figures(runs.gather())
    assert [ended(first, s, s.lower()) for s in ("Failed", "Crashed", "Cancelled")] == [0, 0, 0]
    server.ended(StateType.FAILED, "Rejected", steps=[("search", "Completed")])
    before, after = figures(runs.gather()), figures(runs.gather())
    assert (ended(before, "Rejected"), ended(after, "Rejected")) == (0, 1)
    labels = {"use_case": "guests", "stage": "search", "result": "done"}
    assert of(before, "assay_steps_total", **labels) == 0
    assert of(after, "assay_steps_total", **labels) == 1


def test_a_run_and_its_steps_count_once(server, scrape):
    scrape()
    steps = [("search", "Completed"), ("split", "Cached"), ("train", "Failed")]
    server.ended(StateType.FAILED, "Failed", steps=steps)
    for _ in range(3):
        found = scrape()
    assert ended(found, "Failed") == 1
    told = {
        stage: {r: of(found, "assay_steps_total", use_case="guests", stage=stage, result=r)
                for r in ("done", "cached", "failed")}
        for stage, _ in steps
    }  # fmt: skip
    assert told["search"] == {"done": 1, "cached": 0, "failed": 0}
    assert told["split"] == {"done": 0, "cached": 1, "failed": 0}
    assert told["train"] == {"done": 0, "cached": 0, "failed": 1}
    seconds = "assay_step_seconds_total"
    assert of(found, seconds, use_case="guests", stage="search") == 2
    assert of(found, seconds, use_case="guests", stage="split") is None
    took = of(found, "assay_flow_run_duration_seconds_sum", flow="train", use_case="guests")
    assert took == 40
    assert of(found, "assay_flow_run_start_delay_seconds_sum", flow="train") == 3


def test_a_run_that_crashed_and_went_on_counts_its_steps_once(server, scrape):
    scrape()
    run = server.ended(StateType.CRASHED, "Crashed", steps=[("ingest", "Completed")])
    scrape()
    server.step(run, "search", "Completed", at=datetime.now(UTC))
    run.state, run.end_time = State(type=StateType.COMPLETED, name="Registered"), datetime.now(UTC)
    found = scrape()
    assert ended(found, "Crashed", "crashed") == ended(found, "Registered", "completed") == 1
    for stage in ("ingest", "search"):
        labels = {"use_case": "guests", "stage": stage, "result": "done"}
        assert of(found, "assay_steps_total", **labels) == 1


def test_a_server_that_fails_meanwhile_loses_nothing(server):
    runs = ServerMetrics()
    runs.gather()
    server.ended(StateType.COMPLETED, "Registered", steps=[("search", "Completed")])
    server.fails.append(OSError("gone"))
    with pytest.raises(OSError, match="gone"):
        runs.gather()
    runs.gather()
    assert ended(figures(runs.gather()), "Registered", "completed") == 1


def test_a_long_absence_is_caught_up_with_over_several_scrapes(server, scrape, monkeypatch):
    monkeypatch.setattr(server_queries, "_PAGE_ROWS", 3)
    monkeypatch.setattr(server_queries, "_PAGES_PER_SCRAPE", 2)
    monkeypatch.setattr(server_queries, "_END_DELAY", timedelta(0))
    scrape()
    for _ in range(20):
        server.ended(StateType.COMPLETED, "Registered")
    asked = []
    read = server.read_flow_runs
    server.read_flow_runs = lambda **kwargs: asked.append(1) or read(**kwargs)
    counts = []
    for _ in range(6):
        asked.clear()
        counts.append(ended(scrape(), "Registered", "completed"))
        assert len(asked) <= 8  # two scrapes: what ended, and what has not
        if len(counts) < 3:  # meanwhile more end
            server.ended(StateType.COMPLETED, "Registered")
    assert counts[-1] == 22
    assert counts[0] < 20


def test_what_is_due_and_has_not_ended_is_told_with_its_age(server, scrape):
    first = server.ended(StateType.PAUSED, "Paused", ago=900)
    server.ended(StateType.PAUSED, "Paused")
    found = scrape()
    labels = {"flow": "train", "use_case": "guests", "state": "Paused"}
    assert of(found, "assay_flow_runs", **labels) == 2
    due = of(found, "assay_flow_run_oldest_timestamp_seconds", **labels)
    assert due == first.expected_start_time.timestamp()


def test_a_run_of_no_known_use_case_adds_no_label(server, scrape):
    scrape()
    for number in range(5):
        server.ended(StateType.FAILED, "Failed", tags=("assay", f"try-{number}", "train"))
    found = scrape()
    assert ended(found, "Failed", use_case="other") == 5
    assert not [key for key in found if "try-" in str(key)]


def test_workers_and_the_last_verification(scrape):
    found = scrape()
    assert of(found, "assay_workers", pool="assay", status="online") == 1
    assert of(found, "assay_workers", pool="assay", status="offline") == 0
    assert of(found, "assay_bucket_intact") == 1
    assert of(found, "assay_bucket_bytes") == 3456
    when = datetime(2026, 1, 2, tzinfo=UTC).timestamp()
    assert of(found, "assay_bucket_verified_timestamp_seconds") == when


def test_a_use_case_that_is_new_is_known_at_once(server, scrape):
    scrape()
    server.cases.append("hotels")
    server.ended(StateType.COMPLETED, "Registered", tags=("assay", "hotels", "train"))
    assert ended(scrape(), "Registered", "completed", use_case="hotels") == 1


@pytest.mark.parametrize("figures", [None, "", "[]", '{"intact": 1}', '["x"]', "[[1]]"])
def test_what_is_no_verification_is_not_taken_for_one(server, scrape, figures):
    server.figures = figures
    found = scrape()
    assert of(found, "assay_bucket_intact") is None
    assert of(found, "assay_workers", pool="assay", status="online") == 1


def test_a_run_is_counted_once_its_steps_are_surely_known(server, scrape, monkeypatch):
    scrape()
    monkeypatch.setattr(server_queries, "_STEP_DELAY", timedelta(seconds=10))
    run = server.ended(StateType.COMPLETED, "Registered")
    assert ended(scrape(), "Registered", "completed") is None
    run.end_time -= timedelta(seconds=10)  # as time goes by
    assert ended(scrape(), "Registered", "completed") == 1
