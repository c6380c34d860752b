"""Reconciling a server's work pool."""

import asyncio
from types import SimpleNamespace as Row

import pytest

from assay.config.operations import Operations
from assay.deployments.desired_state import DesiredState, _reconcile_pool
from assay.deployments.pools import base_job_template
from assay.errors import ConfigError


class Server:
    """One with a pool of processes."""

    def __init__(self):
        self.updates = []
        template = base_job_template("process")
        self.pool = Row(type="process", base_job_template=template, concurrency_limit=2)

    async def read_work_pool(self, name):
        return self.pool

    async def update_work_pool(self, name, update):
        self.updates.append(update)


def reconcile(server, **operations):
    desired = DesiredState([], Operations(**operations), "assay")
    return asyncio.run(_reconcile_pool(server, desired))


def test_a_pool_is_changed_where_it_differs():
    server = Server()
    assert reconcile(server) == []
    assert reconcile(server, at_once=3) == ["work pool assay changed"]
    assert [update.concurrency_limit for update in server.updates] == [3]


def test_a_pool_of_another_type_is_refused_and_left_alone():
    """Its worker would be given jobs in a form that is not its own."""
    server = Server()
    with pytest.raises(ConfigError, match="of the type process, not kubernetes") as caught:
        reconcile(server, pool="kubernetes")
    assert "Delete the pool" in caught.value.remedy
    assert server.updates == []
