"""A run that ends does not wait for its signs of life, and one by hand gives as many as others."""

import logging
import threading
from types import SimpleNamespace

from prefect import flow_engine

from assay.cli.flow_runner import _PREFECT_DEFAULTS as BY_HAND
from assay.deployments.heartbeats import skip_heartbeat_join
from assay.deployments.server import _DEFAULT_ENVIRONMENT as SERVED


def test_the_thread_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(flow_engine, "_send_heartbeats", flow_engine._send_heartbeats)
    skip_heartbeat_join.__wrapped__()
    sent = threading.Event()
    engine = SimpleNamespace(
        heartbeat_seconds=30,
        flow_run=None,
        logger=logging.getLogger("test"),
        _build_heartbeat_event_template=lambda: (None, None),
        _emit_flow_run_heartbeat=lambda *_: sent.set(),
    )
    before = set(threading.enumerate())
    with flow_engine._send_heartbeats(engine):
        assert sent.wait(10)
        (sender,) = set(threading.enumerate()) - before
    assert sender.daemon
    assert sender.is_alive()
    sender.join(10)
    assert not sender.is_alive()


def test_runs_by_hand_are_heard_of_as_often():
    often = "PREFECT_FLOWS_HEARTBEAT_FREQUENCY"
    assert BY_HAND[often] == SERVED[often]
