"""Serve the reports of a bucket to the dashboard's browser, which may not open files.

`python -m assay.deployments.pages HOST PORT`: / is the operator's desk, /reports lists the reports,
each report is at /<digest>, that of a look at /look/<model>/<entry>, the versions of a use case are
at /use-case/NAME, two of them are compared at /compare?a=NAME@1&b=NAME@2, and metrics for
Prometheus are at /metrics. Nothing else of the bucket is served. A report is read and verified at
each request. If the server requires a password, so does this; a browser is given it by the link
that `assay up` prints.
"""

from __future__ import annotations

import base64
import hmac
import os
import re
import socket
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.deployments.desk.page import READING_PAGE, render_desk
from assay.deployments.desk.reader import DeskReader, RecentDesk
from assay.deployments.login_link import (
    INVALID_LINK,
    LOGIN_PAGE_HEADERS,
    LOGIN_PATH,
    MAX_CODE_BYTES,
    REPORTS_LOGIN_PAGE,
    encode_login,
    redeem_login_code,
)
from assay.deployments.look_page import LOOK_PATH, render_look
from assay.deployments.metrics.collector import CONTENT_TYPE, MetricsCollector
from assay.deployments.model_pages import (
    COMPARE_PATH,
    USE_CASE_PATH,
    VERSIONS_POLICY,
    ModelPages,
)
from assay.deployments.report_index import ReportIndex, render_index
from assay.deployments.request_guard import allowed_hosts, is_own_request
from assay.deployments.server_password import SERVER_AUTH
from assay.deployments.setup_state import STATE_VARIABLE
from assay.deployments.setup_watch import SetupWatch, log_line
from assay.errors import (
    AssayError,
    DataError,
    IntegrityError,
    ObjectMissing,
    ReferenceUnknown,
)
from assay.registry.open import open_bucket
from assay.store.open import default_store_url
from assay.util.printable_text import printable_text

_IDLE_SECONDS = 10.0  # seconds without a byte, after which a connection is closed
_MAX_CONNECTIONS = 64
_PAGE_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # A page is one file: it fetches nothing, sends nothing anywhere, and leads nowhere by itself.
    "Content-Security-Policy": "sandbox; default-src 'none'; img-src data:; "
    "style-src 'unsafe-inline'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# Its name is its content.
_REPORT_HEADERS = _PAGE_HEADERS | {"Cache-Control": "private, max-age=31536000, immutable"}
_VERSIONS_HEADERS = _PAGE_HEADERS | {"Content-Security-Policy": VERSIONS_POLICY}
_TEXT_HEADERS = {
    "Content-Type": "text/plain; charset=utf-8",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
_METRICS_HEADERS = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
_AUTHENTICATE_HEADERS = _TEXT_HEADERS | {"WWW-Authenticate": 'Basic realm="assay"'}
_UNAUTHORIZED = HTTPStatus.UNAUTHORIZED, b"user and password, please"
_FORBIDDEN = HTTPStatus.FORBIDDEN, b"this host or origin may not ask"
_NOT_FOUND = HTTPStatus.NOT_FOUND, b"there is no such report"

_Answer = tuple[HTTPStatus, bytes, Mapping[str, str]]


class ReportRequestHandler(BaseHTTPRequestHandler):
    """Handles one request."""

    server_version, sys_version = "assay", ""
    timeout = _IDLE_SECONDS
    server: ReportServer

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if not self._is_own():
            self._send(*_FORBIDDEN, _TEXT_HEADERS)
        elif path == LOGIN_PATH:
            self._send(HTTPStatus.OK, REPORTS_LOGIN_PAGE, LOGIN_PAGE_HEADERS)
        elif not self._is_authorized():
            self._send(*_UNAUTHORIZED, _AUTHENTICATE_HEADERS)
        elif path == "/metrics":
            self._send(HTTPStatus.OK, self.server.metrics.render_text(), _METRICS_HEADERS)
        else:
            self._send(*_find_page(self.server, path.strip("/"), query))

    def do_POST(self) -> None:
        """Log in. The answer sends the browser on to the dashboard."""
        if not self._is_own():
            self._send(*_FORBIDDEN, _TEXT_HEADERS)
            return
        length = self.headers["Content-Length"] or ""
        # Without one, as of what is no length, nothing is read: the end may never come.
        size = int(length) if re.fullmatch(r"[0-9]{1,9}", length) else 0
        code = self.rfile.read(min(size, MAX_CODE_BYTES))
        folder = os.environ.get(STATE_VARIABLE)
        password = None
        if self.path == LOGIN_PATH and folder:
            password = redeem_login_code(Path(folder), code)
        if password is None:
            self._send(HTTPStatus.FORBIDDEN, INVALID_LINK, _TEXT_HEADERS)
        else:
            answer = encode_login(password, os.environ.get("PREFECT_UI_URL", "/"))
            self._send(HTTPStatus.OK, answer, {"Cache-Control": "no-store"})

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        scraped = getattr(self, "path", "") == "/metrics" and code == HTTPStatus.OK
        if not scraped:  # which happens four times a minute
            super().log_request(code, size)

    def _send(self, status: HTTPStatus, page: bytes, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _is_own(self) -> bool:
        host, origin = (self.headers.get_all(name, []) for name in ("Host", "Origin"))
        return is_own_request(self.server.hosts, host, origin)

    def _is_authorized(self) -> bool:
        secret = os.environ.get(SERVER_AUTH)
        asked = f"Basic {base64.b64encode(secret.encode()).decode()}" if secret else ""
        given = self.headers.get("Authorization", "")
        return not secret or hmac.compare_digest(given.encode(), asked.encode())


def _find_page(server: ReportServer, name: str, query: str) -> _Answer:
    """The desk, the list of reports, or a report, for an authorized reader."""
    try:
        if not name:
            return HTTPStatus.OK, _desk_page(server, query), _PAGE_HEADERS
        bucket = open_bucket(default_store_url())
        if name == "reports":
            return HTTPStatus.OK, _list_reports(server, bucket), _PAGE_HEADERS
        if name == COMPARE_PATH or name.startswith(USE_CASE_PATH):
            return _find_model_page(server, bucket, name, query)
        if look := LOOK_PATH.fullmatch(name):
            page, headers = render_look(bucket, look["model"], int(look["entry"])), _PAGE_HEADERS
        else:
            page, headers = _find_report(server, bucket, Digest(name)), _REPORT_HEADERS
        if page is not None:
            return HTTPStatus.OK, page, headers
    except ObjectMissing:
        pass
    except (AssayError, LookupError, TypeError, AttributeError) as error:
        # Before ValueError: a corrupt object is both. Others than ours are of what others wrote.
        malformed = f"what it is made of is malformed ({error!r})"
        why = error.what if isinstance(error, AssayError) else malformed
        return HTTPStatus.BAD_GATEWAY, _encode(why), _TEXT_HEADERS
    except ValueError:
        pass  # no digest
    return *_NOT_FOUND, _TEXT_HEADERS


def _encode(text: str) -> bytes:
    """A sentence that may quote what others wrote, for an answer in plain text."""
    return printable_text(text).encode("utf-8", "replace")


def _find_report(server: ReportServer, bucket: Bucket, digest: Digest) -> bytes | None:
    """A report of a run that a journal knows; None for any other object."""
    known = digest in server.index.find_reports(bucket, digest)
    return bucket.objects.get(digest) if known else None


def _find_model_page(server: ReportServer, bucket: Bucket, name: str, query: str) -> _Answer:
    """The versions of a use case, or two of them compared."""
    try:
        if name == COMPARE_PATH:
            return HTTPStatus.OK, server.models.comparison(bucket, query), _PAGE_HEADERS
        model = name.removeprefix(USE_CASE_PATH)
        page = server.models.versions(bucket, server.index, model)
    except (ReferenceUnknown, DataError) as error:  # which may repeat what was asked for
        return HTTPStatus.NOT_FOUND, _encode(error.what), _TEXT_HEADERS
    return HTTPStatus.OK, page, _VERSIONS_HEADERS


def _desk_page(server: ReportServer, query: str) -> bytes:
    number = re.fullmatch(r"page=([0-9]{1,6})", query)
    desk = server.desk.latest()
    return render_desk(desk, int(number[1]) if number else 1) if desk else READING_PAGE


def _list_reports(server: ReportServer, bucket: Bucket) -> bytes:
    """The list, or why there is none where a damaged journal hides the reports."""
    try:
        return render_index(server.index.find_reports(bucket))
    except IntegrityError as error:
        return render_index({}, problem=f"The reports cannot be listed: {error.what}")


class ReportServer(ThreadingHTTPServer):
    """A server with a bounded number of connections: a new one ends the oldest."""

    request_queue_size = 128  # with the default of 5, many at once keep others waiting

    def __init__(self, host: str, port: int) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.index = ReportIndex()
        self.models = ModelPages()
        store = default_store_url()
        self.reader = DeskReader(store)
        self.desk = RecentDesk(self.reader, store)
        self.metrics = MetricsCollector(desk=self.reader)
        self._open: dict[Any, None] = {}  # connections, the oldest first
        self._lock = threading.Lock()
        super().__init__((host, port), ReportRequestHandler)
        self.hosts = allowed_hosts(host, self.server_port, os.environ.get("ASSAY_PAGES"))

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            if len(self._open) >= _MAX_CONNECTIONS:
                oldest = next(iter(self._open))
                del self._open[oldest]
                with suppress(OSError):
                    oldest.shutdown(socket.SHUT_RDWR)  # its thread finds the end and closes it
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)


if __name__ == "__main__":
    served = ReportServer(sys.argv[1], int(sys.argv[2]))
    SetupWatch(served.reader, log_line).start()
    served.serve_forever()
