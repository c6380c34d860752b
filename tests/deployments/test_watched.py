"""A set-up on real processes is watched: scraped by Prometheus itself, its traces collected."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from contextlib import suppress

import pytest

from assay.deployments.dashboard.grafana import build_dashboard
from tests.deployments.collector import Collector, said
from tests.deployments.conftest import CASE
from tests.deployments.live import ROOT, Receiver, SetUp, free_port, write_home
from tests.deployments.metrics.fake_server import of, parsed

pytestmark = pytest.mark.operation
CONFIG = ROOT / "deployments/prometheus"
needs_prometheus = pytest.mark.skipif(
    not shutil.which("prometheus"), reason="needs Debian's package prometheus"
)


@pytest.fixture(scope="module")
def collector():
    made = Collector()
    yield made
    made.close()


@pytest.fixture(scope="module")
def set_up(tmp_path_factory, collector):
    """One that trained, trained again, failed, and was looked after."""
    home = tmp_path_factory.mktemp("watched")
    write_home(home, guests=CASE + "promotion: {first: automatic}\nfeasibility: {within: 2s}\n")
    made = SetUp(home, Receiver())
    made.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.url
    with made.keep_up():
        until(made, lambda found: of(found, "assay_up", part="server") == 1)
        made.until(made.run("train/guests"), "Registered")
        made.until(made.run("train/guests"), "Registered")
        made.until(made.run("train/guests", config="configs/absent.yaml"), "Failed")
        made.until(made.run("maintain/bucket"), "Maintained")
        yield made


def text(made):
    return made.get(f"{made.pages}metrics").decode()


def until(made, enough):
    """What is told once it is enough."""
    found = {}
    for _ in made.waiting(90):
        with suppress(OSError):
            found = parsed(text(made))
            if enough(found):
                return found
    raise AssertionError(found)


def ended(found, state, kind, flow="train", use_case="guests"):
    name = "assay_flow_runs_ended_total"
    return of(found, name, flow=flow, use_case=use_case, state=state, type=kind)


def test_runs_steps_workers_and_models_are_told(set_up):
    found = until(set_up, lambda f: ended(f, "Maintained", "completed", "maintain", "bucket") == 1)
    assert ended(found, "Registered", "completed") == 2
    assert ended(found, "Failed", "failed") == 1
    for result in ("done", "cached"):
        labels = {"use_case": "guests", "stage": "search", "result": result}
        assert of(found, "assay_steps_total", **labels) == 1
    assert of(found, "assay_workers", pool="assay", status="online") == 1
    assert of(found, "assay_champion_version", use_case="guests") == 1
    assert of(found, "assay_bucket_intact") == 1
    assert of(found, "assay_bucket_bytes") > 10_000
    held = {"use_case": "guests", "kind": "registered", "metric": "roc_auc", "group": "all"}
    low, high = (of(found, f"assay_performance_{end}", **held) for end in ("low", "high"))
    assert low < of(found, "assay_performance", **held) < high


def test_each_run_is_a_trace_and_each_step_a_span(set_up, collector):
    for _ in set_up.waiting(30):
        roots = [s for s in collector.spans if s.name in {"train guests", "train absent"}]
        if len(roots) == 3:
            break
    assert len({root.trace_id for root in roots}) == 3
    taken = [
        {
            said(s)["assay.stage"]: said(s)
            for s in collector.spans
            if s.trace_id == root.trace_id and "assay.stage" in said(s)
        }
        for root in sorted(roots, key=lambda root: root.start_time_unix_nano)
    ]
    first, second, failed = taken
    assert {step["assay.cached"] for step in first.values()} == {False}
    assert {step["assay.cached"] for step in second.values()} == {True}
    assert first["validate"]["assay.verdict"] == "pass"
    assert first["ingest"]["assay.rows.table"] == 2000
    assert failed == {}
    assert b"no such use case" not in collector.raw  # what an error says stays here


@needs_prometheus
def test_prometheus_finds_nothing_to_complain_of(set_up):
    check = ["promtool", "check", "metrics"]
    done = subprocess.run(check, input=text(set_up), text=True, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    for what in ("config", "rules"):
        file = {"config": "prometheus.yml", "rules": "alerts.yml"}[what]
        subprocess.run(["promtool", "check", what, file], cwd=CONFIG, check=True)


@pytest.fixture
def prometheus(set_up, tmp_path):
    """Asks one that scrapes the set-up as our own example says."""
    port = free_port()
    text = (CONFIG / "prometheus.yml").read_text().replace("15s", "1s").replace("30s", "1s")
    text = text.replace("/etc/prometheus/assay.password", str(set_up.home / "state/password"))
    (tmp_path / "prometheus.yml").write_text(text.replace(":4201", f":{set_up.port + 1}"))
    shutil.copy(CONFIG / "alerts.yml", tmp_path)
    arguments = ["--config.file", "prometheus.yml", "--storage.tsdb.path", "data"]
    command = ["prometheus", *arguments, "--web.listen-address", f"127.0.0.1:{port}"]
    log = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log) as process:

        def ask(path, **query):
            url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
            with urllib.request.urlopen(url, timeout=20) as answer:
                return json.load(answer)["data"]

        try:
            for _ in set_up.waiting(60):
                with suppress(OSError):
                    if ask("query", query='count_over_time(up{job="assay"}[1m]) > 5')["result"]:
                        break
            yield ask
        finally:
            process.terminate()


@needs_prometheus
def test_prometheus_answers_every_panel_and_every_alert(prometheus):
    up = prometheus("query", query="up")["result"]
    assert [one["value"][1] for one in up] == ["1"]
    for panel in build_dashboard()["panels"]:
        for target in panel.get("targets", ()):
            asked = target["expr"].replace("$__rate_interval", "1m")
            prometheus("query", query=asked.replace("$use_case", ".*").replace("$metric", ".*"))
    shown = 'sum by (flow) (assay_flow_runs_ended_total{flow="train"})'
    assert prometheus("query", query=shown)["result"][0]["value"][1] == "3"
    rules = [rule for group in prometheus("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} == {"ok"}
    assert {rule["name"] for rule in rules if rule["state"] == "firing"} <= {"AssayRunsFail"}
