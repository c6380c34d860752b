"""Reports are served to a browser, verified, and nothing else is."""

import base64
import threading
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace

import pytest

from assay.bucket.journal import Journal
from assay.deployments.pages import create_server
from assay.registry.open import open_bucket
from tests.deployments.metrics.fake_server import of, parsed

PAGE = b"<!DOCTYPE html>\n<html><body>a report</body></html>"


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    monkeypatch.setenv("ASSAY_STORE", str(tmp_path / "bucket"))
    monkeypatch.delenv("PREFECT_SERVER_API_AUTH_STRING", raising=False)
    return open_bucket(str(tmp_path / "bucket")).prepare()


@pytest.fixture
def ask(bucket):
    server = create_server("127.0.0.1", 0)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def asked(path, **headers):
        url = f"http://127.0.0.1:{server.server_port}/{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
                return answer.status, answer.read(), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, error.read(), error.headers

    yield asked
    server.shutdown()
    server.server_close()


def test_a_report_is_served_under_its_digest(bucket, ask):
    status, page, headers = ask(bucket.put(PAGE, "text/html", "report").digest.hex)
    assert (status, page) == (200, PAGE)
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_nothing_else_is(bucket, ask):
    secret = bucket.put(b'{"rows": "of people"}', "application/json", "rows").digest.hex
    for path in (secret, "0" * 64, "", "assay.json", "../assay.json", f"objects/sha256/{secret}"):
        status, body, _ = ask(path)
        assert status == 404
        assert b"people" not in body


def test_altered_bytes_are_not_served(bucket, ask):
    artifact = bucket.put(PAGE, "text/html", "report")
    path = Path(bucket.url(artifact))
    path.chmod(0o644)
    path.write_bytes(PAGE.replace(b"a report", b"a fake!!"))
    status, body, _ = ask(artifact.digest.hex)
    assert status == 502
    assert b"fake" not in body


def test_where_the_server_asks_for_a_password_so_does_this(bucket, ask, monkeypatch):
    name = bucket.put(PAGE, "text/html", "report").digest.hex
    monkeypatch.setenv("PREFECT_SERVER_API_AUTH_STRING", "ada:secret")
    assert ask(name)[0] == 401
    for said, status in (("ada:secret", 200), ("ada:wrong", 401)):
        given = f"Basic {base64.b64encode(said.encode()).decode()}"
        assert ask(name, Authorization=given)[0] == status


def test_figures_are_served_to_prometheus(bucket, ask):
    Journal(bucket.store, "guests").append(lambda _: ("stopped", {"question": "q"}))
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
    server = create_server("127.0.0.1", 0)
    found = parsed(server.RequestHandlerClass.metrics.render_text().decode())
    server.server_close()
    assert of(found, "assay_up", part="bucket") == 0
    assert of(found, "assay_up", part="server") == 0
