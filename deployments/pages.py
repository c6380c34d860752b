"""Serve the reports of a bucket to the dashboard's browser, which may not open files.

`python -m assay.deployments.pages HOST PORT`: each report is at /<digest>, and metrics for
Prometheus are at /metrics. Nothing else of the bucket is served. A report is read and verified at
each request. If the server requires a password, so does this.
"""

from __future__ import annotations

import base64
import hmac
import os
import sys
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from assay.bucket.digest import Digest
from assay.deployments.metrics.collector import CONTENT_TYPE, MetricsCollector
from assay.errors import AssayError, ObjectMissing
from assay.registry.open import open_bucket
from assay.store.open import default_store_url

_HTML_START = b"<!doctype html>"
_REPORT_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    # A report is one file: it fetches nothing, and sends nothing anywhere.
    "Content-Security-Policy": "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Its name is its content.
    "Cache-Control": "private, max-age=31536000, immutable",
}
_METRICS_HEADERS = {"Content-Type": CONTENT_TYPE, "Cache-Control": "no-store"}
_AUTHENTICATE_HEADERS = {"WWW-Authenticate": 'Basic realm="assay"'}
_UNAUTHORIZED = HTTPStatus.UNAUTHORIZED, b"user and password, please"


class ReportRequestHandler(BaseHTTPRequestHandler):
    """Handles one request."""

    server_version, sys_version = "assay", ""
    metrics: MetricsCollector

    def do_GET(self) -> None:
        name = self.path.partition("?")[0].strip("/")
        if not self._is_authorized():
            self._send(*_UNAUTHORIZED, _AUTHENTICATE_HEADERS)
        elif name == "metrics":
            self._send(HTTPStatus.OK, self.metrics.render_text(), _METRICS_HEADERS)
        else:
            status, page = _find_report(name)
            self._send(status, page, _REPORT_HEADERS if status is HTTPStatus.OK else {})

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

    def _is_authorized(self) -> bool:
        secret = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
        asked = f"Basic {base64.b64encode(secret.encode()).decode()}" if secret else ""
        given = self.headers.get("Authorization", "")
        return not secret or hmac.compare_digest(given.encode(), asked.encode())


def _find_report(name: str) -> tuple[HTTPStatus, bytes]:
    """Send a report to an authorized reader."""
    objects = open_bucket(default_store_url()).objects
    try:
        digest = Digest(name)
        with objects.open(digest) as held:  # not the whole of it: it may be a large table
            if held.read(len(_HTML_START)).lower() == _HTML_START:
                return HTTPStatus.OK, objects.get(digest)
    except ObjectMissing:
        pass
    except AssayError as error:  # before ValueError: a corrupt object is both
        return HTTPStatus.BAD_GATEWAY, error.what.encode()
    except ValueError:
        pass  # no digest
    return HTTPStatus.NOT_FOUND, b"there is no such report"


def create_server(host: str, port: int) -> ThreadingHTTPServer:
    """A server that is not started yet."""
    kind = type("Server", (ThreadingHTTPServer,), {"address_family": 10 if ":" in host else 2})
    pages = type("Pages", (ReportRequestHandler,), {"metrics": MetricsCollector()})
    made: ThreadingHTTPServer = kind((host, port), pages)
    return made


if __name__ == "__main__":
    create_server(sys.argv[1], int(sys.argv[2])).serve_forever()
