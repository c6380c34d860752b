"""Reports are served to a browser, verified, and nothing else is."""

import base64
import json
import socket
import threading
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.bucket.digest import Digest
from assay.bucket.journal import Journal
from assay.deployments import pages
from assay.deployments.desk import reader
from assay.deployments.login_link import create_login_link
from assay.deployments.pages import ReportServer
from assay.errors import StoreUnreachable
from assay.registry.open import open_bucket
from assay.runs.outcome import RunOutcome
from tests.deployments.metrics.fake_server import of, parsed

PAGE = b"<!DOCTYPE html>\n<html><body>a report</body></html>"
QUESTION = Digest.of_bytes(b"a question")


def report(bucket, page=PAGE, *, use_case="guests", in_journal=True):
    """The page of a run that was stopped, as the run leaves it."""
    artifact = bucket.put(page, "text/html", "report")
    outcome = RunOutcome(
        use_case=use_case,
        question=QUESTION,
        run=Digest.of_bytes(b"a run"),
        outcome="stopped",
        model=None,
        digest=None,
        champion=False,
        against=None,
        gates={},
        reports={},
        page=artifact,
        reasons=[],
        judged=[],
        steps=[],
    )
    entry = {"outcome": outcome.model_dump(mode="json"), "needs": [str(artifact.digest)]}
    bucket.memo.remember("run", artifact.digest, entry)
    if in_journal:
        body = {"question": str(QUESTION)}
        Journal(bucket, use_case).append(lambda _: ("stopped", body))
    return artifact


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_STORE", str(tmp_path / "bucket"))
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    return open_bucket(str(tmp_path / "bucket")).prepare()


@pytest.fixture
def ask(bucket):
    server = ReportServer("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def asked(path, data=None, **headers):
        url = f"http://127.0.0.1:{server.server_port}/{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    asked.port = server.server_port
    yield asked
    server.shutdown()
    server.server_close()


def test_a_report_is_served_under_its_digest(bucket, ask):
    status, page, headers = ask(report(bucket).digest.hex)
    assert (status, page) == (200, PAGE)
    assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_reports_are_listed(bucket, ask):
    assert b"no report yet" in ask("reports")[1]
    digest = report(bucket).digest.hex
    status, page, _ = ask("reports")
    assert status == 200
    assert f'<a href="/{digest}">guests, question {QUESTION.hex[:12]}</a>: stopped'.encode() in page


@pytest.mark.parametrize("named", ["nowhere", "memo alone", "other journal"])
def test_a_page_that_no_journal_vouches_for_is_not_served(bucket, ask, named):
    if named == "nowhere":
        digest = bucket.put(PAGE, "text/html", "report").digest.hex
    else:
        digest = report(bucket, in_journal=False).digest.hex
    if named == "other journal":
        body = {"question": str(QUESTION)}
        Journal(bucket, "loans").append(lambda _: ("stopped", body))
    assert ask(digest)[0] == 404
    assert digest.encode() not in ask("")[1]


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}])
def test_another_name_or_origin_is_refused(bucket, ask, headers):
    digest = report(bucket).digest.hex
    for path in (digest, "", "metrics", "assay-login"):
        assert ask(path, **headers)[0] == 403


def test_half_a_request_is_not_waited_for(ask, monkeypatch):
    monkeypatch.setattr(pages.ReportRequestHandler, "timeout", 0.5)
    with socket.create_connection(("127.0.0.1", ask.port)) as half:
        half.settimeout(10)
        half.sendall(b"GET / HTTP/1.1\r\nHost: ")
        assert half.recv(100) == b""


def test_many_that_wait_do_not_keep_others_out(bucket, ask):
    """Nor do they make a thread each, for ever."""
    before = threading.active_count()
    with ExitStack() as held:
        for _ in range(200):
            half = held.enter_context(socket.create_connection(("127.0.0.1", ask.port)))
            half.sendall(b"GET / HT")
        assert ask("")[0] == 200
        assert threading.active_count() - before <= pages._MAX_CONNECTIONS + 16


@pytest.mark.parametrize("length", ["-5", "x", "", "9" * 5000])
def test_an_odd_length_is_refused_at_once(bucket, ask, capfd, length):
    with socket.create_connection(("127.0.0.1", ask.port)) as caller:
        caller.settimeout(5)
        host = f"Host: 127.0.0.1:{ask.port}"
        caller.sendall(
            f"POST /assay-login HTTP/1.1\r\n{host}\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert caller.recv(100).startswith(b"HTTP/1.0 403 ")
    assert "Traceback" not in capfd.readouterr().err


def test_a_broken_journal_keeps_no_other_report_back(bucket, ask):
    sound, broken = report(bucket), report(bucket, PAGE + b"2", use_case="loans")
    bucket.store.put_if_absent(Journal(bucket, "loans").entry_key(2), b"{}")
    assert ask(sound.digest.hex)[0] == 200
    assert ask(broken.digest.hex)[0] == 502


def test_a_broken_journal_hides_the_list_and_nothing_on_the_first_page(bucket, ask):
    report(bucket)
    report(bucket, PAGE + b"2", use_case="loans")
    bucket.store.put_if_absent(Journal(bucket, "loans").entry_key(2), b"{}")
    assert b"The reports cannot be listed" in ask("reports")[1]
    status, page, _ = ask("")
    assert status == 200
    assert b"<strong>loans:</strong> its history cannot be read" in page
    assert b"stopped" in page[page.index(b'id="failed"') :]


def test_the_first_page_leads_to_the_report_of_what_failed(bucket, ask):
    digest = report(bucket).digest.hex
    page = ask("")[1].decode()
    failed = page[page.index('id="failed"') : page.index('id="silent"')]
    assert f'href="/{digest}"' in failed
    assert "no server of this bucket runs here" in page


def test_the_first_page_takes_a_page_number_and_nothing_else(bucket, ask):
    report(bucket)
    for query in ("?page=1", "?page=999999", "?page=0", "?page=-1", "?page=x", "?x=%00", "?"):
        status, page, headers = ask(query)
        assert (status, b"Use cases" in page) == (200, True)
        assert headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
        assert headers["Cache-Control"] == "no-store"


def test_a_bucket_that_cannot_be_read_is_told_in_a_sentence(bucket, ask, monkeypatch):
    def fail(*_):
        raise StoreUnreachable("the bucket does not answer")

    monkeypatch.setattr(reader, "read_known_todo", fail)
    assert ask("")[:2] == (502, b"the bucket does not answer")


def test_a_link_logs_in_once(bucket, ask, monkeypatch, tmp_path):
    monkeypatch.setenv("ASSAY_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    monkeypatch.setenv("PREFECT_UI_URL", "http://127.0.0.1:4200")
    code = create_login_link(tmp_path / "state", "").partition("#")[2].encode()
    assert ask("assay-login")[0] == 200
    status, answer, _ = ask("assay-login", data=code)
    assert status == 200
    assert json.loads(answer) == {"password": "ada:secret", "next": "http://127.0.0.1:4200"}
    assert ask("assay-login", data=code)[0] == 403


def test_nothing_else_is(bucket, ask):
    secret = bucket.put(b'{"rows": "of people"}', "application/json", "rows").digest.hex
    for path in (secret, "0" * 64, "assay.json", "../assay.json", f"objects/sha256/{secret}"):
        status, body, _ = ask(path)
        assert status == 404
        assert b"people" not in body


def test_altered_bytes_are_not_served(bucket, ask):
    artifact = report(bucket)
    path = Path(bucket.url(artifact))
    path.chmod(0o644)
    path.write_bytes(PAGE.replace(b"a report", b"a fake!!"))
    status, body, _ = ask(artifact.digest.hex)
    assert status == 502
    assert b"fake" not in body


def test_where_the_server_asks_for_a_password_so_does_this(bucket, ask, monkeypatch):
    name = report(bucket).digest.hex
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    assert ask(name)[0] == 401
    for said, status in (("ada:secret", 200), ("ada:wrong", 401)):
        given = f"Basic {base64.b64encode(said.encode()).decode()}"
        assert ask(name, Authorization=given)[0] == status


def test_figures_are_served_to_prometheus(bucket, ask):
    Journal(bucket, "guests").append(lambda _: ("stopped", {"question": "q"}))
    status, text, headers = ask("metrics")
    found = parsed(text.decode())
    assert status == 200
    assert headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert of(found, "assay_up", part="bucket") == 1
    assert of(found, "assay_journal_entries_total", use_case="guests", kind="stopped") == 1


def test_figures_need_the_same_password(ask, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    status, text, _ = ask("metrics")
    assert status == 401
    assert b"assay_" not in text


def test_figures_are_served_though_bucket_and_server_are_away(monkeypatch, tmp_path, ask):
    (tmp_path / "bucket/assay.json").write_text("{")
    (tmp_path / "copy").symlink_to(tmp_path / "bucket")
    monkeypatch.setenv("ASSAY_STORE", str(tmp_path / "copy"))
    # Another test's server may be up in this process, and named by its settings.
    nobody = SimpleNamespace(api=SimpleNamespace(url=None))
    monkeypatch.setattr("prefect.settings.get_current_settings", lambda: nobody)
    server = ReportServer("127.0.0.1", 0)
    found = parsed(server.metrics.render_text().decode())
    server.server_close()
    assert of(found, "assay_up", part="bucket") == 0
    assert of(found, "assay_up", part="server") == 0


def test_the_versions_of_a_use_case_are_served_with_one_script_of_their_own(ask, bucket):
    report(bucket)
    status, _, headers = ask("use-case/guests")
    policy = headers["Content-Security-Policy"]
    assert status == 200
    assert "script-src 'sha256-" in policy
    assert "sandbox allow-scripts" in policy
    assert "allow-same-origin" not in policy


def test_what_was_asked_for_in_vain_comes_back_as_plain_text(ask, bucket):
    for path in ("use-case/%3Cscript%3E", "use-case/nobody", "compare?a=%3Cscript%3E&b=x"):
        status, body, headers = ask(path)
        assert (status, headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
        assert b"<script>" not in body


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("paused", {"until": [1]}),
        ("paused", {"until": "<script>"}),
        ("stopped", {"question": "q", "as_of": "<script>"}),
        ("stopped", {"question": "q", "reasons": 7}),
    ],
)
def test_a_malformed_entry_takes_the_desk_from_no_other_use_case(bucket, ask, kind, body):
    report(bucket)
    Journal(bucket, "loans").append(lambda _: (kind, body))
    status, page, _ = ask("")
    assert status == 200
    assert b"<strong>loans:</strong> its history cannot be read" in page
    assert b"guests" in page
    assert b"<script>" not in page


def test_a_run_record_of_another_form_takes_the_desk_from_nobody(bucket, ask):
    report(bucket)
    for steps in (b"[]", b'{"steps": [{"cached": false, "seconds": 1, "outputs": []}]}'):
        record = bucket.put(steps, "application/json", "run").as_json()
        body = {"question": "q", "run": record}
        Journal(bucket, "loans").append(lambda _, body=body: ("stopped", body))
    assert ask("")[0] == 200


@pytest.mark.parametrize(
    ("kind", "body", "path"),
    [
        ("promoted", {"version": "<script>", "alias": "champion"}, "use-case/guests"),
        ("registered", {"version": 1}, "use-case/guests"),
        ("monitored", {"version": "<script>"}, "look/guests/2"),
        ("monitored", {"report": {"name": "<script>"}}, "look/guests/2"),
    ],
)
def test_what_others_wrote_is_told_as_text_and_never_as_a_page(bucket, ask, kind, body, path):
    report(bucket)
    Journal(bucket, "guests").append(lambda _: (kind, body))
    status, _, headers = ask(path)
    assert status == 502
    assert headers["Content-Type"] == "text/plain; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_refusal_is_left_to_a_browsers_guess(bucket, ask, monkeypatch):
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    for status, headers in ((401, {}), (403, {"Host": "evil.example"})):
        found, _, told = ask("", **headers)
        assert (found, told["Content-Type"]) == (status, "text/plain; charset=utf-8")
