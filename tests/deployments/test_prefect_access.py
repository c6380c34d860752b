"""A server that is none, and a home that cannot be one, are told in a sentence before a flow."""

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from prefect.settings import PREFECT_API_URL, PREFECT_HOME, temporary_settings

from assay.deployments.prefect_access import (
    PrefectUnusable,
    check_home_known,
    check_prefect,
    explain_server_errors,
)
from assay.errors import ConfigError


@contextmanager
def server(status, body, kind):
    """A server that answers everything alike, and its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    made = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{made.server_port}/api"
    finally:
        made.shutdown()
        made.server_close()


@pytest.mark.parametrize(
    ("answer", "what", "remedy"),
    [
        ((401, b"{}", "application/json"), "refuses us.*401", "PREFECT_API_AUTH_STRING"),
        ((403, b"{}", "application/json"), "refuses us.*403", "PREFECT_API_AUTH_STRING"),
        ((200, b"<html>hello</html>", "text/html"), "no Prefect server.*no JSON", "/api"),
        ((200, b"{}", "application/json"), "no Prefect server", "/api"),
        ((404, b"gone", "text/plain"), "no Prefect server.*404", "/api"),
        ((500, b"oops", "text/plain"), "no Prefect server, or it is broken.*500", "/api"),
    ],
    ids=["401", "403", "HTML", "JSON of another kind", "404", "500"],
)
def test_a_server_that_is_of_no_use_is_told(answer, what, remedy):
    with (
        server(*answer) as url,
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(PrefectUnusable, match=what) as caught,
    ):
        check_prefect()
    assert caught.value.where == f"PREFECT_API_URL={url}"
    assert remedy in caught.value.remedy


def test_a_server_that_says_its_version_will_do():
    with (
        server(200, b'"3.9.9"', "application/json") as url,
        temporary_settings({PREFECT_API_URL: url}),
    ):
        check_prefect()


def test_a_server_that_does_not_answer_is_told_without_the_password_in_its_address():
    with server(200, b"", "text/plain") as url:
        pass  # nobody listens there any more
    url = url.replace("127.0.0.1", "ana:secret@127.0.0.1")
    with (
        temporary_settings({PREFECT_API_URL: url}),
        pytest.raises(PrefectUnusable, match="does not answer") as caught,
    ):
        check_prefect()
    assert "secret" not in str(caught.value)
    assert "take PREFECT_API_URL away" in caught.value.remedy


def test_a_server_that_goes_away_during_a_run_is_told_the_same():
    with (
        pytest.raises(PrefectUnusable, match=r"does not answer \(it went\)"),
        explain_server_errors(),
    ):
        raise httpx.ConnectError("it went")


@pytest.mark.parametrize("url", [None, ""])
def test_a_home_that_is_a_file_is_told_where_prefect_would_start_a_server(tmp_path, url):
    (tmp_path / "home").touch()
    with (
        temporary_settings({PREFECT_HOME: tmp_path / "home" / ".prefect", PREFECT_API_URL: url}),
        pytest.raises(PrefectUnusable, match="cannot keep its files here") as caught,
    ):
        check_prefect()
    assert caught.value.where == str(tmp_path / "home" / ".prefect")
    assert "PREFECT_HOME" in caught.value.remedy


def test_with_a_server_elsewhere_the_home_does_not_matter(tmp_path):
    (tmp_path / "home").touch()
    with (
        server(200, b'"3.9.9"', "application/json") as url,
        temporary_settings({PREFECT_HOME: tmp_path / "home" / "x", PREFECT_API_URL: url}),
    ):
        check_prefect()


def test_a_user_without_a_home_is_told_before_prefect_asks_for_one(monkeypatch):
    monkeypatch.delenv("PREFECT_HOME", raising=False)
    monkeypatch.setenv("HOME", "~nobody-of-this-name")
    monkeypatch.setattr("pathlib.Path.expanduser", _know_no_home)
    with pytest.raises(ConfigError, match="no home folder") as caught:
        check_home_known()
    assert "PREFECT_HOME" in caught.value.remedy
    monkeypatch.setenv("PREFECT_HOME", "/somewhere")
    check_home_known()


def _know_no_home(_path):
    raise RuntimeError("Could not determine home directory.")
