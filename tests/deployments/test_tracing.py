"""Traces leave where somebody takes them, say nothing of the data, and hold nobody up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deployments.collector import Collector, said

ROOT = Path(__file__).parents[2]
QUIET = """\
import sys
import assay.deployments.tracing
assay.deployments.tracing.start_tracing()
print([name for name in sys.modules if name.startswith("opentelemetry")])
"""
# As Prefect opens spans, with what it puts into them.
RUN = """\
from types import SimpleNamespace as Some
from opentelemetry import trace
from opentelemetry.trace import Status, StatusCode
from assay.bucket.artifacts import TABLE
from assay.deployments import tracing
from assay.tasks import spans

tracing.start_tracing()
tracing.start_tracing()
tracer = trace.get_tracer("prefect")
bucket = Some(get_json=lambda artifact: {"rows": 2000})
outputs = {"table": Some(media_type=TABLE), "report": Some(media_type="report")}
step = Some(components={"stage": "train"}, name="train Forest", key="sha256:00", cached=False,
            seconds=1.5, verdict=None, outputs=outputs)
flow = {"prefect.run.type": "flow", "prefect.run.name": "train guests, 2026-01-01 05:00",
        "prefect.run.parameter.config": "str", "customer": "Miller"}
with tracer.start_as_current_span("train guests, 2026-01-01 05:00", attributes=flow) as run:
    run.add_event("Running", {"prefect.state.message": "Miller's password is hunter2"})
    kind = {"prefect.run.type": "task"}
    with tracer.start_as_current_span("train Forest", attributes=kind):
        spans.annotate_span(Some(name="guests", bucket=bucket), step)
    try:
        with tracer.start_as_current_span("register-a1b", attributes=kind):
            raise ValueError("row 7: Miller")
    except ValueError:
        pass
    run.set_status(Status(StatusCode.ERROR, "Miller was refused"))
print("done")
"""


def python(code, **environment):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("OTEL_")}
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_SDK_DISABLED": "true"},
    ],
)
def test_where_nobody_takes_them_nothing_is_imported(environment):
    assert python(QUIET, **environment).stdout == "[]\n"


@pytest.fixture(scope="module")
def collector():
    made = Collector()
    done = python(RUN, OTEL_EXPORTER_OTLP_ENDPOINT=made.url)
    assert (done.stdout, done.stderr) == ("done\n", "")
    yield made
    made.close()


def test_a_run_is_one_trace_under_a_name_that_stays(collector):
    assert len({span.trace_id for span in collector.spans}) == 1
    run = collector.named("train guests")
    assert run.parent_span_id == b""
    below = [span for span in collector.spans if span is not run]
    assert sorted(span.name for span in below) == ["register", "train Forest"]
    assert {span.parent_span_id for span in below} == {run.span_id}
    assert collector.about["service.name"] == "assay"


def test_a_step_says_what_it_was_and_took(collector):
    told = said(collector.named("train Forest"))
    ours = {key: value for key, value in told.items() if key.startswith("assay.")}
    assert ours == {
        "assay.use_case": "guests",
        "assay.stage": "train",
        "assay.step": "train Forest",
        "assay.key": "sha256:00",
        "assay.cached": False,
        "assay.seconds": 1.5,
        "assay.rows.table": 2000,
    }


def test_what_failed_is_told_and_why_is_not(collector):
    run, task = collector.named("train guests"), collector.named("register")
    assert run.status.code == task.status.code == 2
    assert [event.name for event in run.events] == ["Running"]
    assert [event.name for event in task.events] == ["exception"]
    for secret in (b"Miller", b"hunter2", b"row 7", b"customer", b"parameter"):
        assert secret not in collector.raw


def test_who_does_not_answer_changes_nothing():
    done = python(RUN, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9")
    assert done.stdout == "done\n"
    assert done.stderr.count("\n") <= 2
