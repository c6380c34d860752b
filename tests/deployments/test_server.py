"""What is started, for whom, and what is refused before anything is."""

import socket
from pathlib import Path

import pytest

from assay.config.operations import Operations
from assay.deployments.server import ServerSetup
from assay.errors import ConfigError


def server(folder, **more):
    given = {"pool": "assay", "host": "127.0.0.1", "port": 4300, "store": "/b", "database": ""}
    return ServerSetup(**{**given, **more}, root=Path("/r"), state_folder=folder)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "assay.example"])
def test_beyond_loopback_a_password_is_needed(tmp_path, monkeypatch, host):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    with pytest.raises(ConfigError, match="password") as caught:
        server(tmp_path, host=host).check_settings()
    assert "PREFECT_SERVER_API_AUTH_STRING" in caught.value.remedy
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    monkeypatch.setenv("PREFECT_UI_URL", "http://assay.example:4300")
    server(tmp_path, host=host).check_settings()


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_on_every_address_a_name_is_needed(tmp_path, monkeypatch, host):
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    monkeypatch.delenv("PREFECT_UI_URL", raising=False)
    with pytest.raises(ConfigError, match="name") as caught:
        server(tmp_path, host=host).check_settings()
    assert "ASSAY_HOSTS" in caught.value.remedy


def test_beyond_loopback_forged_requests_are_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    told = server(tmp_path, host="192.0.2.7").environment(Operations())
    assert told["PREFECT_SERVER_CSRF_PROTECTION_ENABLED"] == "true"
    assert told["PREFECT_API_AUTH_STRING"] == "ada:secret"
    monkeypatch.setenv("PREFECT_SERVER_CSRF_PROTECTION_ENABLED", "false")
    with pytest.raises(ConfigError, match="forged"):
        server(tmp_path, host="192.0.2.7").check_settings()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_this_machine_alone_needs_none(tmp_path, monkeypatch, host):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    server(tmp_path, host=host).check_settings()


def test_a_port_in_use_is_told_with_another(tmp_path):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(ConfigError, match=str(port)) as caught:
            server(tmp_path, port=port).check_port()
        assert f"--port {port + 10}" in caught.value.remedy
    server(tmp_path, port=port).check_port()


def test_the_pages_know_their_port(tmp_path):
    told = server(tmp_path, port=4321).environment(Operations())
    assert told["PREFECT_SERVER_API_PORT"] == "4321"
    assert told["PREFECT_UI_API_URL"] == "http://127.0.0.1:4321/api"


@pytest.mark.parametrize(
    ("written", "plain", "url"),
    [
        ("postgresql://a:p%40@h:5/d", "postgresql://a@h:5/d", "postgresql+asyncpg://a:p%40@h:5/d"),
        ("postgres://a@h/d", "postgres://a@h/d", "postgresql+asyncpg://a@h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        (
            "postgresql://a@h/d?password=p&ssl=require",
            "postgresql://a@h/d?ssl=require",
            "postgresql+asyncpg://a@h/d?password=p&ssl=require",
        ),
    ],
)
def test_a_password_is_not_written_down(tmp_path, written, plain, url):
    made = server(tmp_path, database=written)
    made.check_settings()
    assert made.to_setup_state().database == plain
    assert made.database_url == url


@pytest.mark.parametrize("database", ["sqlite:///x.db", "mysql://h/d", "d"])
def test_another_database_is_refused(tmp_path, database):
    with pytest.raises(ConfigError, match="PostgreSQL"):
        server(tmp_path, database=database).check_settings()


def test_what_the_user_set_stands(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_WORKER_QUERY_SECONDS", "30")
    assert "PREFECT_WORKER_QUERY_SECONDS" not in server(tmp_path).environment(Operations())
