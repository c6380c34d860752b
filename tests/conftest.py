"""Fixtures that all tests share, and the choice of servers they run against."""

from __future__ import annotations

import os

# Before anything loads OpenMP: threads that wait for each other on processors shared with other
# tests cost a fit ten times its work.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # for `import servers`

import servers

# A server that a person runs here is not for tests: no set-up has its state in a file.
os.environ["ASSAY_STATE"] = os.devnull
# Nor is a person's own cache.
os.environ["XDG_CACHE_HOME"] = str(Path(__file__).parents[1] / ".pytest_cache" / "xdg")

# How long an example takes says how busy the machine is, not whether a promise holds.
settings.register_profile("assay", deadline=None)
settings.load_profile("assay")

WITH_CEPH = os.environ.get("ASSAY_TEST_CEPH") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the Ceph tests out unless asked for: a skip would look like something to mend."""
    if WITH_CEPH:
        return
    ceph = [item for item in items if item.get_closest_marker("ceph")]
    if ceph:
        config.hook.pytest_deselected(items=ceph)
        items[:] = [item for item in items if item not in ceph]


@pytest.fixture(scope="session")
def moto_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    with servers.moto(tmp_path_factory.mktemp("moto")) as server:
        yield server


@pytest.fixture(scope="session")
def ceph_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Server]:
    # Each worker of pytest-xdist that draws a Ceph test brings up one of its own, on free ports.
    with servers.ceph(tmp_path_factory.mktemp("ceph")) as server:
        yield server


@pytest.fixture
def moto_url(moto_server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """A fresh prefix in moto's bucket, the environment set as a person would set it."""
    return _use(moto_server, monkeypatch)


@pytest.fixture
def ceph_url(ceph_server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    return _use(ceph_server, monkeypatch)


@pytest.fixture
def misbehaving(monkeypatch: pytest.MonkeyPatch) -> Iterator[servers.Misbehaving]:
    """A server that does wrong what its `faults` say. Its bucket is called "b"."""
    with servers.misbehaving() as server:
        _use(server.server, monkeypatch)
        yield server


def _use(server: servers.Server, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return f"s3://{servers.BUCKET}/{uuid.uuid4().hex}"
