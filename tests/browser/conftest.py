"""A guest house in operation: what its operator finds on the dashboard in the morning."""

from __future__ import annotations

import pytest

from tests.browser.house import arrive, furnish
from tests.deployments.live import Receiver, SetUp
from tests.faults.postgres import postgres

CONFIG = {"config": "configs/guests.yaml"}


@pytest.fixture(scope="session")
def inn(tmp_path_factory):
    """A champion, a run that was rejected and one that was stopped, and a challenger that the
    monitor had trained, because of answers that were turned round, and that waits for a person.
    """
    home = tmp_path_factory.mktemp("inn")
    furnish(home)
    # As a team has it: beside a busy dashboard SQLite may stand locked for a minute.
    with (
        postgres() as database,
        SetUp(home, Receiver()).keep_up("--database", database.url) as made,
    ):
        lived(made)
        yield made


def lived(inn):
    inn.until(inn.run("train/guests"), "Registered")
    refused = {"Rejected": "performance.beat={dummy: 0.9}",
               "Infeasible": "feasibility.reach={roc_auc: 0.99}"}  # fmt: skip
    for state, asked in refused.items():
        inn.until(inn.run("train/guests", **CONFIG, overrides=[asked]), state)
    for month, verdict in enumerate(("Watch", "Retrain"), start=1):
        arrive(inn.home, month, turned=verdict == "Retrain")
        when = {"as_of": f"2026-{month:02}-01"}
        inn.until(inn.run("score/guests", **CONFIG, **when), "Scored")
        inn.until(inn.run("monitor/guests", **CONFIG, **when), "Healthy", verdict)
    waiting(inn)


def waiting(inn, patience=120):
    """The run that waits for a person."""
    for _ in inn.waiting(patience):
        if paused := [r for r in inn.runs("promote") if r["state"]["name"] == "Paused"]:
            return paused[0]
    raise AssertionError(inn.log("worker"))


@pytest.fixture(scope="session")
def chromium():
    from tests.browser.dashboard import browser

    with browser() as opened:
        yield opened


@pytest.fixture(params=["v1", "v2"])
def dashboard(request, opened):
    return opened(request.param)


@pytest.fixture
def opened(inn, chromium):
    """Opens one of the two dashboards."""
    from tests.browser.dashboard import Dashboard

    made = []

    def open_(version):
        made.append(Dashboard(chromium, inn.api.removesuffix("/api"), version))
        made[-1].log_in(inn.login_link())
        return made[-1]

    yield open_
    for one in made:
        one.close()
