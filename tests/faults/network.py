"""What lies between a set-up and its servers, here on loopback: it can be cut, and can misbehave.

`Wire` carries bytes of any protocol. `Middle` carries S3 requests, and spoils some of them.
"""

from __future__ import annotations

import http.client
import os
import random
import socket
import struct
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Spoilt = Literal["unavailable", "late", "reset", "answer_lost", "truncated"]

_LATE = 65.0  # seconds; the client waits a minute
_UNAVAILABLE = b"<Error><Code>SlowDown</Code><Message>Reduce your request rate.</Message></Error>"


class Cut:
    """A network that can be lost: nothing comes through, and nobody is told."""

    def __init__(self):
        self._there = threading.Event()
        self._there.set()
        self.lost = 0  # how often something had to wait for it

    @contextmanager
    def cut(self):
        self._there.clear()
        try:
            yield
        finally:
            self._there.set()

    def pass_through(self):
        if not self._there.is_set():
            self.lost += 1
            self._there.wait()


class Wire:
    """Carries whatever comes to `port` on to another."""

    def __init__(self, to: int, network: Cut):
        self._to, self._network = to, network
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with suppress(OSError):
            while True:
                came, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(came,), daemon=True).start()

    def _carry(self, came):
        self._network.pass_through()
        try:
            on = socket.create_connection(("127.0.0.1", self._to), timeout=10)
        except OSError:
            abort(came)
            return
        on.settimeout(None)
        back = threading.Thread(target=self._pump, args=(on, came), daemon=True)
        back.start()
        self._pump(came, on)
        back.join()
        came.close()
        on.close()

    def _pump(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                self._network.pass_through()
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listening.close()


class Middle:
    """Carries S3 requests on to `endpoint`, and spoils some in bad weather. Which ones depends on
    `seed`, and on the order in which they come.
    """

    def __init__(self, endpoint: str, network: Cut, seed: int = 0):
        self._draw, self._lock = random.Random(seed), threading.Lock()
        self._left: dict[Spoilt, float] = {}
        self._often = 0.0
        self.carried = 0
        self._server = _Server(("127.0.0.1", 0), _Carrier)
        self._server.daemon_threads = True
        self._server.to, self._server.network = urlsplit(endpoint).netloc, network
        self._server.middle = self
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def weather(self, often: float, **counts: float):
        """Of the requests that come, a share `often` is spoilt until each kind was seen so many
        times. Yields how many are left.
        """
        self._left, self._often = dict(counts), often
        try:
            yield self._left
        finally:
            self._often = 0.0

    def fate(self, command: str) -> Spoilt | None:
        with self._lock:
            self.carried += 1
            kinds = [k for k, left in self._left.items() if left > 0]
            if command != "GET" and "truncated" in kinds:
                kinds.remove("truncated")
            if not kinds or self._draw.random() >= self._often:
                return None
            kind = self._draw.choice(kinds)
            self._left[kind] -= 1
            return kind

    def close(self):
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, request, client_address):
        pass  # those who ask are killed here, and their connections end anyhow


class _Carrier(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_any(self):
        fate = self.server.middle.fate(self.command)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.network.pass_through()
        if fate == "unavailable":
            self._say(503, [("Content-Type", "application/xml")], _UNAVAILABLE)
            return
        if fate == "late":
            time.sleep(_LATE)
        if fate == "reset":
            self._abort()
            return
        try:
            status, headers, said = self._ask(body)
        except OSError:
            self._abort()  # as if the server itself had been reached, and was not there
            return
        self.server.network.pass_through()
        if fate == "answer_lost":
            self._abort()
        elif fate == "truncated":
            self._say(status, headers, said, only=len(said) // 2)
            self._abort()
        else:
            self._say(status, headers, said)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = do_any  # noqa: N815 - http.server's names

    def _ask(self, body):
        connection = http.client.HTTPConnection(self.server.to, timeout=120)
        try:
            connection.putrequest(
                self.command, self.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in self.headers.items():
                if name.lower() not in {"connection", "expect"}:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except http.client.HTTPException as error:
            raise ConnectionError(str(error)) from error
        finally:
            connection.close()

    def _say(self, status, headers, said, only=None):
        with suppress(OSError):
            self.send_response_only(status)
            told = {name.lower() for name, _ in headers}
            for name, value in headers:
                if name.lower() not in {"connection", "transfer-encoding", "keep-alive"}:
                    self.send_header(name, value)
            if "content-length" not in told and status != 204:
                self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(said[:only])
                self.wfile.flush()

    def _abort(self):
        self.close_connection = True
        abort(self.connection)

    def log_message(self, *args):
        pass


def abort(connection: socket.socket) -> None:
    """End it by a reset instead of a farewell."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # Whoever made a file of it would keep it open beyond `close`.
        os.close(connection.detach())
