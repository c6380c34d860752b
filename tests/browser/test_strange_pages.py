"""In a real browser: a strange page drives nothing, and whoever has the link gets in, once."""

from __future__ import annotations

import functools
import os
import queue
import signal
import subprocess
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

import pytest

from tests.browser.dashboard import Dashboard
from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, write_home

pytestmark = pytest.mark.operation
expect = pytest.importorskip("playwright.sync_api").expect

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("house")
    write_home(home, guests=CASE)
    with SetUp(home, Receiver()).keep_up() as made:
        yield made


@pytest.fixture(scope="module")
def told():
    """What pages said to the other origin."""
    return queue.Queue()


@pytest.fixture(scope="module")
def another_origin(told):
    """A server of pages on another port."""

    class Quiet(SimpleHTTPRequestHandler):
        def do_GET(self):
            if self.path.startswith("/told?"):
                told.put(unquote(self.path.partition("?")[2]))
            super().do_GET()

        def log_message(self, *args):
            pass

    handler = functools.partial(Quiet, directory=HERE)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("kind", ["file", "another origin"])
def test_a_strange_page_is_refused(set_up, chromium, another_origin, kind):
    address = HERE.as_uri() if kind == "file" else another_origin
    page = chromium.new_page()
    page.goto(f"{address}/driveby.html?port={set_up.port}")
    expect(page).to_have_title("done")
    assert page.locator("#o").inner_text().startswith("refused: ")
    page.close()
    assert_nothing_was_made(set_up)


@pytest.mark.parametrize("kind", ["file", "another origin"])
def test_a_strange_page_is_refused_in_firefox(set_up, another_origin, told, tmp_path, kind):
    """Firefox is told which page to open, and the page tells the other origin what came of it."""
    address = HERE.as_uri() if kind == "file" else another_origin
    page = f"{address}/driveby.html?port={set_up.port}&tell={another_origin}/told"
    words = ["firefox-esr", "--headless", "--no-remote", "--profile", str(tmp_path), page]
    with subprocess.Popen(
        words, env=os.environ | {"HOME": str(tmp_path)}, start_new_session=True
    ) as firefox:
        try:
            assert told.get(timeout=90).startswith("refused: ")
        finally:
            os.killpg(firefox.pid, signal.SIGKILL)
    assert_nothing_was_made(set_up)


def assert_nothing_was_made(set_up):
    made = {"deployments": {"name": {"any_": ["drive-by"]}}}
    assert set_up.ask("/deployments/filter", made) == []
    assert set_up.ask("/flows/filter", {"flows": {"name": {"any_": ["drive-by"]}}}) == []


def test_no_page_frames_the_dashboard(set_up, chromium, another_origin):
    page = chromium.new_page()
    page.goto(f"{another_origin}/driveby.html?port=1")
    address = set_up.api.removesuffix("/api")
    page.set_content(f'<iframe src="{address}/dashboard"></iframe>')
    page.wait_for_timeout(3000)
    assert [frame.url for frame in page.frames if frame.url.startswith(address)] == []
    page.close()


@pytest.mark.parametrize("version", ["v1", "v2"])
def test_the_link_logs_in_at_the_dashboard_and_the_reports_once(set_up, chromium, version):
    link, reports = set_up.login_link(), f"http://127.0.0.1:{set_up.port + 1}"
    dashboard = Dashboard(chromium, set_up.api.removesuffix("/api"), version)
    refused = []
    dashboard.page.on(
        "response", lambda got: refused.append(got.url) if got.status in {401, 403} else None
    )
    dashboard.log_in(link)
    dashboard.menu("Deployments")
    expect(dashboard.page.get_by_text("guests").first).to_be_visible()
    dashboard.page.goto(reports)
    expect(dashboard.page.get_by_role("heading", name="Use cases")).to_be_visible()
    assert [url for url in refused if url != f"{reports}/"] == []
    dashboard.close()

    late = chromium.new_page()
    late.goto(link)
    expect(late.get_by_text("was used")).to_be_visible()
    late.close()


def test_localhost_leads_there_too(set_up, chromium):
    page = chromium.new_page()
    page.goto(set_up.login_link().replace("127.0.0.1", "localhost"))
    expect(page).to_have_url(f"{set_up.api.removesuffix('/api')}/dashboard")
    page.close()
