"""The environment and the commands of a Prefect server and its worker."""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from assay.config.operations import Operations
from assay.deployments.recorder_settings import RECORDER_ENVIRONMENT
from assay.deployments.request_guard import HOSTS_VARIABLE
from assay.deployments.server_password import (
    CLIENT_AUTH,
    SERVER_AUTH,
    auth_variables,
    read_password,
)
from assay.deployments.setup_state import STATE_VARIABLE, SetupState
from assay.errors import ConfigError
from assay.util.proxies import proxy_bypass
from assay.util.url_secrets import remove_passwords

_CORS = "PREFECT_SERVER_CORS_ALLOWED_ORIGINS"
_CSRF = "PREFECT_SERVER_CSRF_PROTECTION_ENABLED"


@dataclass(frozen=True, slots=True)
class ServerSetup:
    """The options of `assay up`.

    `database` includes its password; "" means SQLite in the state folder. `root` is the folder with
    configs/, where flows run.
    """

    pool: str
    host: str
    port: int
    store: str
    database: str
    root: Path
    state_folder: Path

    def check_settings(self) -> None:
        """Raise ConfigError for settings that must not be used."""
        if _is_reachable_by_others(self.host):
            _check_protection()
        if self.host in _ANY_ADDRESS and not {"PREFECT_UI_URL", HOSTS_VARIABLE} & set(os.environ):
            raise ConfigError(
                "the server answers only requests that name it, and its name is not known",
                where=f"--host {self.host}",
                remedy="Set PREFECT_UI_URL to the address by which people reach it, such as "
                f"http://assay.example:{self.port}; further ones go into {HOSTS_VARIABLE}.",
            )
        if self.database and not re.match(r"postgres(ql)?(\+asyncpg)?://", self.database):
            raise ConfigError(
                f"{remove_passwords(self.database)!r} is no PostgreSQL database",
                remedy="Write postgresql://user@host:port/name; left out, it is SQLite.",
            )

    def check_port(self) -> None:
        """Raise ConfigError if another program listens on the port, or on that of the reports."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        for port in (self.port, self.port + 1):
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.host, port))
                except OSError as error:
                    raise ConfigError(
                        f"port {port} of {self.host} cannot be had: {error.strerror}",
                        remedy=f"Stop what uses it, or choose others: --port {self.port + 10}; "
                        "reports are served on the next one.",
                    ) from None

    def to_setup_state(self) -> SetupState:
        """The state to store, without secrets."""
        return SetupState(
            pool=self.pool,
            host=self.host,
            port=self.port,
            store=self.store,
            database=remove_passwords(self.database),
            root=str(self.root),
        )

    def environment(self, operations: Operations) -> dict[str, str]:
        """The environment of the server, the worker and every flow.

        The user's own settings win, except for those that define this set-up.
        """
        running, beyond = self.to_setup_state(), _is_reachable_by_others(self.host)
        dashboard = os.environ.get("PREFECT_UI_URL", running.dashboard_url)
        own = (self.host,) if self.host not in _ANY_ADDRESS else ()
        return {
            **{
                name: value
                for name, value in _DEFAULT_ENVIRONMENT.items()
                if name not in os.environ
            },
            "PREFECT_HOME": str(self.state_folder / "prefect"),
            "PREFECT_API_URL": running.api_url,
            "PREFECT_SERVER_API_HOST": self.host,
            # The pages ask for the port as well as for the address, or they stay blank.
            "PREFECT_SERVER_API_PORT": str(self.port),
            "PREFECT_UI_API_URL": os.environ.get("PREFECT_UI_API_URL", running.api_url),
            "PREFECT_UI_URL": dashboard,
            _CORS: os.environ.get(_CORS, dashboard),
            "PREFECT_API_DATABASE_CONNECTION_URL": self.database_url,
            "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": str(round(operations.late)),
            STATE_VARIABLE: str(self.state_folder),
            "ASSAY_STORE": self.store,
            "ASSAY_PAGES": os.environ.get("ASSAY_PAGES", running.pages_url),
            **({_CSRF: "true"} if beyond else {}),
            **auth_variables(read_password(self.state_folder)),
            **proxy_bypass(os.environ, own),
        }

    @property
    def database_url(self) -> str:
        """The URL in SQLAlchemy's form."""
        if not self.database:
            return f"sqlite+aiosqlite:///{self.state_folder / 'prefect' / 'prefect.db'}"
        return re.sub(r"^postgres(ql)?(\+asyncpg)?://", "postgresql+asyncpg://", self.database)


def process_commands(state: SetupState, kind: str) -> dict[str, list[str]]:
    """The command of each process, by name."""
    guard = "assay.deployments.request_guard:create_guarded_app"
    serve = ["--factory", guard, "--host", state.host, "--port", str(state.port)]
    worker = ["worker", "start", "--pool", state.pool, "--type", kind, "--name", "assay"]
    return {
        "server": [sys.executable, "-m", "uvicorn", *serve, "--log-level", "warning"],
        "pages": [
            sys.executable,
            "-m",
            "assay.deployments.pages",
            state.host,
            str(state.port + 1),
        ],
        "worker": [sys.executable, "-m", "prefect", *worker, "--no-create-pool-if-not-found"],
    }


# What Prefect does by default, and what serves Assay better.
_DEFAULT_ENVIRONMENT: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    # Of the two dashboards, the one whose pages ask nobody else for anything: the other has
    # browsers fetch a configuration from Amplitude's servers, whatever is set here.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    # How soon a lost run can be told from one that is busy; the least that Prefect allows.
    "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    # A server whose database is away for a moment says 500; a minute of trying again, not a crash.
    "PREFECT_CLIENT_RETRY_EXTRA_CODES": "500",
    # A run that was asked for begins within so many seconds.
    "PREFECT_WORKER_QUERY_SECONDS": "2",
    "PREFECT_WORKER_PREFETCH_SECONDS": "5",
    # Nobody is there to answer.
    "PREFECT_CLI_PROMPT": "false",
    **RECORDER_ENVIRONMENT,
}
_ANY_ADDRESS = frozenset({"0.0.0.0", "::"})  # noqa: S104 - compared


def _is_reachable_by_others(host: str) -> bool:
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _check_protection() -> None:
    if ":" not in os.environ.get(SERVER_AUTH, ""):
        raise ConfigError(
            "a server that others can reach needs a password",
            where="--host",
            remedy=f"Set {SERVER_AUTH} to user:password, and {CLIENT_AUTH} to the same for "
            "whoever uses it; or listen on 127.0.0.1.",
        )
    if os.environ.get(_CSRF, "true").lower() in {"false", "0"}:
        raise ConfigError(
            "a server that others can reach needs protection against forged requests",
            where=_CSRF,
            remedy=f"Take {_CSRF} out of the environment, or set it to true.",
        )
