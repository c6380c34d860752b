"""The password of a start: new each time, unless the user has set one."""

import tomllib

import pytest

from assay.deployments.server_password import create_password, read_password

API = "http://127.0.0.1:4200/api"


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch):
    for name in ("PREFECT_SERVER_API_AUTH_STRING", "PREFECT_API_AUTH_STRING"):
        monkeypatch.delenv(name, raising=False)


def profile(folder):
    return tomllib.loads((folder / "prefect/profiles.toml").read_text())["profiles"]["assay"]


def test_each_start_makes_another(tmp_path):
    create_password(tmp_path, API)
    first = read_password(tmp_path)
    create_password(tmp_path, API)
    second = read_password(tmp_path)
    assert first != second
    assert profile(tmp_path) == {"PREFECT_API_URL": API, "PREFECT_API_AUTH_STRING": second}
    for name in ("password", "prefect/profiles.toml"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


def test_what_the_user_set_stands_and_is_not_written_down(tmp_path, monkeypatch):
    create_password(tmp_path, API)
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    create_password(tmp_path, API)
    assert read_password(tmp_path) == "ada:secret"
    assert profile(tmp_path) == {"PREFECT_API_URL": API}
    assert not [f for f in tmp_path.rglob("*") if f.is_file() and "secret" in f.read_text()]


def test_whoever_uses_another_server_keeps_its_password(tmp_path, monkeypatch):
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "ada:secret")
    assert read_password(tmp_path) == "ada:secret"
