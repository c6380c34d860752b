"""A part that hangs or fails holds up no other, and is not asked again meanwhile."""

import threading

import pytest

from assay.deployments.metrics.collector import MetricsCollector
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.part import MetricsPart
from tests.deployments.metrics.fake_server import of, parsed


@pytest.fixture
def gate():
    held = threading.Event()
    yield held
    held.set()


def told():
    found = MetricSamples()
    found.add_sample("assay_batches_missed", 3, use_case="guests")
    return found.families()


@pytest.fixture
def metrics(monkeypatch):
    monkeypatch.setenv("ASSAY_STORE", "unused")

    def made(*parts):
        found = MetricsCollector(patience=0.2)
        found._parts = list(parts)
        return found

    return made


def test_what_hangs_is_left_out_and_said(metrics, gate, capsys):
    found = metrics(MetricsPart("server", gate.wait), MetricsPart("bucket", told))
    said = parsed(found.render_text().decode())
    assert of(said, "assay_up", part="server") == 0
    assert of(said, "assay_up", part="bucket") == 1
    assert of(said, "assay_batches_missed", use_case="guests") == 3
    assert "server: takes longer" in capsys.readouterr().err


def test_what_hangs_is_asked_once(gate, monkeypatch):
    monkeypatch.setattr("assay.deployments.metrics.part._REUSE_SECONDS", 0.0)
    asked = []

    def gather():
        asked.append(1)
        gate.wait()
        return []

    part = MetricsPart("server", gather)
    assert [part.wait_for(part.request(), 0.05) for _ in range(3)] == [None, None, None]
    assert len(asked) == 1
    gate.set()
    assert part.wait_for(part.request(), 5) == []


def test_what_fails_is_said_once_and_asked_again(metrics, monkeypatch, capsys):
    monkeypatch.setattr("assay.deployments.metrics.part._REUSE_SECONDS", 0.0)
    faults = [OSError("no route"), OSError("no route"), None]

    def gather():
        fault = faults.pop(0)
        if fault:
            raise fault
        return told()

    found = metrics(MetricsPart("bucket", gather))
    ups = [of(parsed(found.render_text().decode()), "assay_up", part="bucket") for _ in range(3)]
    assert ups == [0, 0, 1]
    assert capsys.readouterr().err.count("no route") == 1


def test_two_who_ask_at_once_are_told_the_same(metrics):
    asked = []

    def gather():
        asked.append(1)
        return told()

    found = metrics(MetricsPart("bucket", gather))
    assert parsed(found.render_text().decode()) != {}
    found.render_text()
    assert len(asked) == 1
