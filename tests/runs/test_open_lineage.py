"""Events that OpenLineage's own classes read, and receivers that harm nobody."""

from __future__ import annotations

import json
import socket
import threading
import time
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from uuid import uuid4

import attr
import pandas as pd
import pytest
from openlineage.client import event_v2, facet_v2

from assay.bucket.bucket import Bucket
from assay.config.data import Source
from assay.config.operations import Lineage, Operations
from assay.errors import ConfigError
from assay.runs import lineage_sink
from assay.runs.lineage_sink import deliver_event
from assay.runs.open_lineage import run_event, scoring_datasets, source_dataset
from assay.store.local import LocalStore
from assay.tables.table_writer import write_frame
from assay.tasks import lineage
from tests.learning.conftest import made_use_case

FACETS = {
    "dataQualityMetrics": facet_v2.data_quality_metrics_input_dataset,
    "documentation": facet_v2.documentation_job,
    "errorMessage": facet_v2.error_message_run,
    "jobType": facet_v2.job_type_job,
    "outputStatistics": facet_v2.output_statistics_output_dataset,
    "ownership": facet_v2.ownership_job,
    "schema": facet_v2.schema_dataset,
    "version": facet_v2.dataset_version_dataset,
}


def read_facets(held):
    """Each facet by the class that its schema belongs to, whose fields it must have."""
    for name, value in held.items():
        kind = value["_schemaURL"].rpartition("/")[2]
        made = getattr(FACETS[name], kind)
        assert value["_schemaURL"] == made._get_schema()
        known = {field.name for field in attr.fields(made)}
        fields = {key: v for key, v in value.items() if not key.startswith("_")}
        assert {*fields} <= known
        made(**fields)


def read_event(event):
    """The event as OpenLineage's classes hold it."""
    for held in (event["run"], event["job"], *event["inputs"], *event["outputs"]):
        read_facets(held["facets"])
    for one in event["inputs"]:
        read_facets(one.get("inputFacets", {}))
    for one in event["outputs"]:
        read_facets(one.get("outputFacets", {}))
    made = event_v2.RunEvent(
        eventType=event_v2.RunState(event["eventType"]),
        eventTime=event["eventTime"],
        producer=event["producer"],
        run=event_v2.Run(event["run"]["runId"], event["run"]["facets"]),
        job=event_v2.Job(event["job"]["namespace"], event["job"]["name"], event["job"]["facets"]),
        inputs=[event_v2.InputDataset(**one) for one in event["inputs"]],
        outputs=[event_v2.OutputDataset(**one) for one in event["outputs"]],
    )
    assert made.schemaURL == event["schemaURL"]
    return made


def an_event(**changes):
    case = made_use_case()
    told = {"flow": "train", "name": "income", "run_id": str(uuid4()), "use_case": case}
    return run_event("START", at="2026-11-22T05:00:00.000Z", **{**told, **changes})


class Receiver:
    """Takes events over HTTP, and answers as it is told."""

    def __init__(self, status=201):
        self.events, self.tokens = [], []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.events.append(json.loads(body))
                receiver.tokens.append(self.headers["Authorization"])
                self.send_response(status)
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/v1/lineage"


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def a_run(tmp_path, **parameters):
    (tmp_path / "income.yaml").write_text(made_use_case().model_dump_json())
    given = {"config": str(tmp_path / "income.yaml"), "store": str(tmp_path / "bucket")}
    return SimpleNamespace(id=uuid4(), parameters=given | parameters)


def state(name, kind, data=None):
    return SimpleNamespace(
        name=name, type=SimpleNamespace(value=kind), result=lambda raise_on_failure: data
    )


def test_openlineage_reads_what_a_receiver_gets(receiver, monkeypatch):
    monkeypatch.setenv("LINEAGE_TOKEN", "geheim")
    event = an_event(inputs=[source_dataset(Source(path="s3://rows/a.csv"))])
    assert deliver_event(event, Lineage(url=receiver.url, token="${LINEAGE_TOKEN}")) is None
    (found,) = receiver.events
    made = read_event(found)
    assert (made.job.name, made.inputs[0].namespace) == ("income.train", "s3://rows")
    assert receiver.tokens == ["Bearer geheim"]


def test_a_folder_gets_one_file_an_event(tmp_path):
    for _ in range(2):
        assert deliver_event(an_event(), Lineage(folder=str(tmp_path / "lineage"))) is None
    files = sorted((tmp_path / "lineage").iterdir())
    assert [read_event(json.loads(f.read_text())).eventType.value for f in files] == ["START"] * 2


def test_a_scoring_names_its_batches_model_and_predictions(tmp_path):
    bucket = Bucket.from_store(LocalStore(tmp_path)).prepare()
    rows = write_frame(bucket, pd.DataFrame({"age": [1.0, 2.0, 3.0]}), "rows")
    answers = write_frame(bucket, pd.DataFrame({"probability": [0.5, 0.5]}), "answers")
    read, made = scoring_datasets(bucket, "income", f"sha256:{'0' * 64}", [(rows, answers)])
    read_event(an_event(inputs=read, outputs=made))
    assert [one["name"] for one in read] == ["income/batch", "income/model"]
    assert read[0]["inputFacets"]["dataQualityMetrics"]["rowCount"] == 3
    assert read[0]["facets"]["schema"]["fields"] == [{"name": "age", "type": "number"}]
    assert made[0]["outputFacets"]["outputStatistics"]["rowCount"] == 2
    assert made[0]["facets"]["version"]["datasetVersion"] == str(answers.digest)


@pytest.mark.parametrize(
    ("source", "namespace"),
    [
        (Source(path="https://host/a.csv?page=${SECRET}"), "https://host"),
        (Source(sql="select 1", connection="postgresql://u@db/x"), "postgresql://db/x"),
    ],
)
def test_a_source_is_named_without_secrets(source, namespace):
    assert source_dataset(source)["namespace"] == namespace


def test_a_failure_tells_its_kind_and_quotes_nothing(tmp_path, monkeypatch, receiver):
    monkeypatch.setattr(lineage, "configured_receiver", lambda: Lineage(url=receiver.url))
    error = ValueError("row 7 holds Ada Lovelace")
    lineage.tell_run("FAIL", "train", a_run(tmp_path), state("Failed", "FAILED", error))
    (event,) = receiver.events
    read_event(event)
    assert event["run"]["facets"]["errorMessage"]["message"] == "Failed: ValueError"
    assert "Ada" not in json.dumps(event)


def test_a_use_case_that_cannot_be_read_is_told_by_its_file(tmp_path, monkeypatch, receiver):
    monkeypatch.setattr(lineage, "configured_receiver", lambda: Lineage(url=receiver.url))
    run = a_run(tmp_path, config=str(tmp_path / "broken.yaml"))
    lineage.tell_run("START", "train", run, state("Running", "RUNNING"))
    assert read_event(receiver.events[0]).job.name == "broken.train"


@pytest.mark.parametrize("status", [400, 500])
def test_a_receiver_that_refuses_is_a_warning(status):
    refusing = Receiver(status)
    assert f"HTTP Error {status}" in deliver_event(an_event(), Lineage(url=refusing.url))
    refusing.server.shutdown()
    refusing.server.server_close()


def test_a_receiver_that_never_answers_is_left_behind(monkeypatch):
    monkeypatch.setattr(lineage_sink, "_MOST_SECONDS", 0.05)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert "did not answer within" in deliver_event(an_event(), Lineage(url=url))


@pytest.mark.parametrize("broken", ["nowhere", "unset", "scheme", "folder", "inside"])
def test_no_broken_receiver_raises(tmp_path, monkeypatch, caplog, broken):
    (tmp_path / "file").write_text("")
    to = {
        "nowhere": Lineage(url="http://127.0.0.1:9/"),
        "unset": Lineage(url="https://${UNSET_HOST}/"),
        "scheme": Lineage(url="file:///etc/passwd"),
        "folder": Lineage(folder=str(tmp_path / "file")),
        "inside": Lineage(folder=str(tmp_path / "lineage")),
    }[broken]
    monkeypatch.setattr(lineage, "configured_receiver", lambda: to)
    if broken == "inside":
        monkeypatch.setattr(lineage, "run_event", lambda *_, **__: 1 / 0)
    lineage.tell_run("START", "train", a_run(tmp_path), state("Running", "RUNNING"))
    assert "the lineage event was not" in caplog.text


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"url": "https://a", "folder": "b"},
        {"url": "https://me:geheim@a"},
        {"url": "https://a", "token": "geheim"},
        {"folder": "a", "token": "${T}"},
    ],
)
def test_operations_refuse_a_place_that_is_none_or_holds_a_secret(tmp_path, written):
    file = tmp_path / "operations.yaml"
    file.write_text(json.dumps({"lineage": written}))
    with pytest.raises(ConfigError, match="lineage"):
        Operations.read(file)


def test_hooks_are_there_only_with_a_receiver(monkeypatch):
    from assay.flows.lineage import lineage_hooks, tell_end

    assert lineage_hooks(tell_end) == []
    monkeypatch.setattr(lineage, "configured_receiver", lambda: Lineage(folder="x"))
    assert lineage_hooks(tell_end) == [tell_end]


def test_times_are_those_of_the_events(tmp_path, monkeypatch, receiver):
    monkeypatch.setattr(lineage, "configured_receiver", lambda: Lineage(url=receiver.url))
    before = datetime.now(UTC)
    time.sleep(0.002)
    lineage.tell_run("START", "train", a_run(tmp_path), state("Running", "RUNNING"))
    assert datetime.fromisoformat(receiver.events[0]["eventTime"]) >= before
