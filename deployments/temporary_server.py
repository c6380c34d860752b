"""Prefect's server for a single command, locked like that of `assay up`.

Where nothing names a server, Prefect starts one on a free port for as long as the command runs.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from assay.deployments.request_guard import AsgiApp, RequestGuard, allowed_hosts
from assay.deployments.server_password import SERVER_AUTH, auth_variables, generate_password

if TYPE_CHECKING:
    from prefect.server.api.server import SubprocessASGIServer

_PORT = "ASSAY_TEMPORARY_PORT"
_HOST = "127.0.0.1"
_RECORDER = "prefect.server.services.task_run_recorder"


def lock_temporary_server() -> None:
    """Give the server that Prefect would start for this process a password and the guard.

    Only where neither a variable nor a profile names a server: that one has its own.
    """
    from prefect.context import refresh_global_settings_context
    from prefect.settings import get_current_settings

    if get_current_settings().api.url:
        return
    os.environ.update(auth_variables(os.environ.get(SERVER_AUTH) or generate_password()))
    refresh_global_settings_context()
    from prefect.server.api.server import SubprocessASGIServer

    SubprocessASGIServer._run_uvicorn_command = _start_locked  # type: ignore[assignment, method-assign]


def _start_locked(server: SubprocessASGIServer) -> subprocess.Popen[bytes]:
    """Start the server as Prefect does, with another application."""
    from prefect.settings import get_current_settings

    application = "assay.deployments.temporary_server:create_temporary_app"
    command = ["--factory", application, "--host", _HOST, "--port", str(server.port)]
    own = {
        "PREFECT_UI_ENABLED": "0",
        "PREFECT__SERVER_EPHEMERAL": "1",
        "PREFECT__SERVER_FINAL": "1",
        _PORT: str(server.port),
    }
    settings = get_current_settings().to_environment_variables(exclude_unset=True)
    return subprocess.Popen(  # noqa: S603 - our own module
        [sys.executable, "-m", "uvicorn", *command, "--log-level", "error", "--lifespan", "on"],
        env={**os.environ, **own, **settings},
    )


def create_temporary_app() -> AsgiApp:
    """The application of that server. It has no dashboard, and nobody logs in."""
    from prefect.server.api.server import create_app

    # A terminal sends ^C to this process, too; the command still has its end to tell, and then
    # ends the server by a SIGTERM.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    application = create_app()  # which sets up logging
    logging.getLogger(_RECORDER).addFilter(is_no_retry)
    hosts = allowed_hosts(_HOST, int(os.environ[_PORT]))
    return RequestGuard(application, hosts, dashboard="", reports="", state_folder=Path(os.devnull))


def is_no_retry(record: logging.LogRecord) -> bool:
    """Whether a record of the task run recorder is more than a flush that the server's end cut off:
    the last flush writes those events, so its traceback tells of no loss.
    """
    message = record.getMessage()
    return not (message.startswith("Error flushing") and ", 0 dropped" in message)
