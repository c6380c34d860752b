"""Prefect's server behind a check of who is addressed, and by which page.

`python -m uvicorn --factory assay.deployments.request_guard:create_guarded_app`. A browser lets
any web page send requests to this machine; what names another host, or comes from another origin,
is refused before Prefect sees it, WebSockets included. Programs send no origin: they are the
password's business.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from assay.deployments.login_link import (
    DASHBOARD_LOGIN_PAGE,
    INVALID_LINK,
    LOGIN_PAGE_HEADERS,
    LOGIN_PATH,
    MAX_CODE_BYTES,
    create_login_link,
    encode_login,
    redeem_login_code,
)
from assay.deployments.setup_state import STATE_VARIABLE

HOSTS_VARIABLE = "ASSAY_HOSTS"  # more hosts by which the server is reached, separated by commas

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Message, Receive, Send], Awaitable[None]]

_SAFETY_HEADERS = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def allowed_hosts(host: str, port: int, *addresses: str | None) -> frozenset[str]:
    """What a request may name as its host: loopback, `host`, the addresses' hosts, ASSAY_HOSTS."""
    names = {"127.0.0.1", "localhost", "[::1]", f"[{host}]" if ":" in host else host}
    more = os.environ.get(HOSTS_VARIABLE, "").split(",")
    return frozenset(
        one.strip().lower()
        for one in (*(f"{name}:{port}" for name in names), *map(_authority, addresses), *more)
        if one.strip()
    )


def is_own_request(hosts: frozenset[str], host: Iterable[str], origin: Iterable[str]) -> bool:
    """Whether a request names one of our hosts, and no origin but ours."""
    origins = {f"{scheme}://{own}" for own in hosts for scheme in ("http", "https")}
    named = [one.lower() for one in host]
    return len(named) == 1 and named[0] in hosts and all(one.lower() in origins for one in origin)


@dataclass(frozen=True, slots=True)
class RequestGuard:
    """An ASGI application before another. `dashboard` is the address by which people reach it."""

    app: AsgiApp
    hosts: frozenset[str]
    dashboard: str
    reports: str
    state_folder: Path

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif not is_own_request(self.hosts, _header(scope, b"host"), _header(scope, b"origin")):
            await _refuse(scope, send)
        elif scope["type"] == "websocket":
            await self.app(scope, receive, send)
        elif self._is_misaddressed(scope):
            where = self.dashboard + quote(scope["path"])  # it was decoded
            await _answer(send, 307, b"", {"Location": where})
        elif scope["path"] == LOGIN_PATH:
            await self._log_in(scope, receive, send)
        else:
            await self.app(scope, receive, _with_safety_headers(send))

    def _is_misaddressed(self, scope: Message) -> bool:
        """Whether a person opens http://localhost, whose pages would ask 127.0.0.1 in vain."""
        wants_page = any("text/html" in one for one in _header(scope, b"accept"))
        own = _authority(self.dashboard)
        return wants_page and own.startswith("127.0.0.1:") and _header(scope, b"host") != [own]

    async def _log_in(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await _answer(send, 200, DASHBOARD_LOGIN_PAGE, LOGIN_PAGE_HEADERS)
            return
        password = redeem_login_code(self.state_folder, await _read_body(receive))
        if password is None:
            await _answer(send, 403, INVALID_LINK, _NOT_STORED)
            return
        # The reports are another origin: the browser logs in there too, and is sent back.
        after = create_login_link(self.state_folder, self.reports)
        await _answer(send, 200, encode_login(password, after), _NOT_STORED)


_NOT_STORED = {"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store"}


def _authority(address: str | None) -> str:
    return urlsplit(address or "").netloc.rpartition("@")[2].lower()


def _header(scope: Message, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


async def _refuse(scope: Message, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await _answer(send, 403, b"this host or origin may not ask", {})


async def _answer(send: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    told = {"Content-Length": str(len(body))} | headers
    await send({"type": "http.response.start", "status": status, "headers": _encode(told)})
    await send({"type": "http.response.body", "body": body})


def _with_safety_headers(send: Send) -> Send:
    async def send_safely(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_encode(_SAFETY_HEADERS)]
        await send(message)

    return send_safely


def _encode(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]


async def _read_body(receive: Receive) -> bytes:
    body, more = b"", True
    while more and len(body) <= MAX_CODE_BYTES:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def create_guarded_app() -> AsgiApp:
    """Prefect's server for this process, as `prefect server start` runs it, behind the guard."""
    from prefect.server.api.server import create_app

    return guard_app(create_app(final=True))


def guard_app(app: AsgiApp) -> RequestGuard:
    """The guard before `app`, as this process's environment describes the set-up."""
    host, port = os.environ["PREFECT_SERVER_API_HOST"], int(os.environ["PREFECT_SERVER_API_PORT"])
    dashboard, api = os.environ["PREFECT_UI_URL"], os.environ["PREFECT_UI_API_URL"]
    return RequestGuard(
        app,
        allowed_hosts(host, port, dashboard, api),
        dashboard.rstrip("/"),
        os.environ["ASSAY_PAGES"].rstrip("/"),
        Path(os.environ[STATE_VARIABLE]),
    )
