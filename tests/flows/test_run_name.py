"""What runs are called."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from assay.flows import run_name


@pytest.mark.parametrize(
    ("flow", "parameters", "name"),
    [
        ("train", {"config": "configs/income.yaml"}, "train income, 2026-11-22 05:00"),
        ("score", {"config": "i.yaml", "as_of": "2015-03-01"}, "score i, 2015-03-01"),
        (
            "score",
            {"config": "i.yaml", "as_of": "2015-03-01T06:00:00+00:00"},
            "score i, 2015-03-01 06:00",
        ),
        ("promote", {"reference": "income@3"}, "promote income@3, 2026-11-22 05:00"),
        ("maintain", {"store": None}, "maintain, 2026-11-22 05:00"),
    ],
)
def test_a_run_says_what_it_does_to_what_and_when(monkeypatch, flow, parameters, name):
    when = datetime(2026, 11, 22, 5, tzinfo=UTC)
    run = SimpleNamespace(flow_name=flow, parameters=parameters, scheduled_start_time=when)
    monkeypatch.setattr(run_name, "flow_run", run)
    assert run_name.format_run_name() == name
