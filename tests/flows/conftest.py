"""One ephemeral Prefect server for all flow tests: it takes ten seconds to start."""

import os

import pytest


@pytest.fixture(scope="session", autouse=True)
def prefect_server():
    os.environ["DO_NOT_TRACK"] = "1"
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    from prefect.testing.utilities import prefect_test_harness

    with prefect_test_harness(server_startup_timeout=180):
        yield
