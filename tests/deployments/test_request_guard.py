"""Who is addressed, and by which page: everything else is refused before Prefect sees it."""

import asyncio
import json

import pytest

from assay.deployments.login_link import create_login_link
from assay.deployments.request_guard import RequestGuard, allowed_hosts, is_own_request
from assay.deployments.server_password import create_password, read_password

HOSTS = allowed_hosts("127.0.0.1", 4200, "https://assay.example/api", None)


@pytest.mark.parametrize(
    ("host", "origin", "own"),
    [
        (["127.0.0.1:4200"], [], True),
        (["LOCALHOST:4200"], ["http://127.0.0.1:4200"], True),
        (["[::1]:4200"], [], True),
        (["assay.example"], ["https://assay.example"], True),
        (["127.0.0.1:4201"], [], False),
        (["evil.example:4200"], [], False),
        (["127.0.0.1:4200", "evil.example"], [], False),
        ([], [], False),
        (["127.0.0.1:4200"], ["null"], False),
        (["127.0.0.1:4200"], ["http://127.0.0.1:4999"], False),
        (["127.0.0.1:4200"], ["http://127.0.0.1:4200", "http://evil.example"], False),
        (["127.0.0.1:4200"], ["http://127.0.0.1:4200.evil.example"], False),
    ],
)
def test_own_requests_name_us_and_come_from_us(host, origin, own):
    assert is_own_request(HOSTS, host, origin) is own


def test_more_hosts_may_be_named(monkeypatch):
    monkeypatch.setenv("ASSAY_HOSTS", "server:4200, Assay.Example")
    assert {"server:4200", "assay.example"} <= allowed_hosts("0.0.0.0", 4200)


async def behind(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"the server"})


@pytest.fixture
def ask(tmp_path, monkeypatch):
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    create_password(tmp_path, "http://127.0.0.1:4200/api")
    guard = RequestGuard(behind, HOSTS, "http://127.0.0.1:4200", "http://127.0.0.1:4201", tmp_path)

    def asked(path, method="GET", body=b"", kind="http", **headers):
        given = {"host": "127.0.0.1:4200"} | headers
        sent = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            sent.append(message)

        pairs = [(name.encode(), value.encode()) for name, value in given.items()]
        scope = {"type": kind, "method": method, "path": path, "headers": pairs}
        asyncio.run(guard(scope, receive, send))
        return sent

    return asked


def test_what_is_ours_is_passed_on_and_may_not_be_framed(ask):
    start, body = ask("/")
    assert (start["status"], body["body"]) == (200, b"the server")
    assert (b"x-frame-options", b"DENY") in start["headers"]


def test_a_websocket_of_another_origin_is_closed(ask):
    (closed,) = ask("/api/events/in", kind="websocket", origin="http://evil.example")
    assert closed == {"type": "websocket.close", "code": 1008}


def test_localhost_leads_to_the_address_that_the_pages_ask(ask):
    start, _ = ask("/runs", host="localhost:4200", accept="text/html")
    assert start["status"] == 307
    assert (b"location", b"http://127.0.0.1:4200/runs") in start["headers"]
    assert ask("/api/runs", host="localhost:4200", accept="*/*")[0]["status"] == 200


def test_a_path_that_was_decoded_adds_no_header_to_the_redirect(ask):
    start, _ = ask("/a\r\nX-Evil: yes\0", host="localhost:4200", accept="text/html")
    assert (b"location", b"http://127.0.0.1:4200/a%0D%0AX-Evil%3A%20yes%00") in start["headers"]


def test_a_link_logs_in_here_and_leads_to_the_reports_to_log_in_there(ask, tmp_path):
    code = create_login_link(tmp_path, "").partition("#")[2].encode()
    start, page = ask("/assay-login")
    assert start["status"] == 200
    assert code not in page["body"]
    start, answer = ask("/assay-login", "POST", code)
    found = json.loads(answer["body"])
    assert found["password"] == read_password(tmp_path)
    assert found["next"].startswith("http://127.0.0.1:4201/assay-login#")
    assert ask("/assay-login", "POST", code)[0]["status"] == 403
    assert ask("/assay-login", "POST", code * 1000)[0]["status"] == 403
    assert len(list((tmp_path / "logins").iterdir())) == 1  # a refusal makes no other link
