"""`assay up` and `assay down`: start a set-up, and stop what was started."""

from __future__ import annotations

import asyncio
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from assay.config.operations import Operations
from assay.deployments.alert_routes import describe_route_gaps
from assay.deployments.deployment_plan import BadUseCase, UseCaseFile, describe_bad_use_case
from assay.deployments.login_link import create_login_link, withdraw_login_links
from assay.deployments.pools import process_job_variables
from assay.deployments.server import ServerSetup
from assay.deployments.server_password import create_password
from assay.deployments.setup_state import (
    Process,
    SetupState,
    prepare_state_folder,
    write_bad_use_cases,
)
from assay.deployments.supervisor import STARTED_LINE
from assay.errors import AssayError, ConfigError
from assay.registry.decisions.use_case_pause import read_pauses
from assay.registry.open import open_bucket
from assay.util import clock
from assay.util.open_files import allow_open_files
from assay.util.url_secrets import redact_text, remove_passwords

Say = Callable[[str], None]

_START_TIMEOUT = 300.0  # seconds until the server answers; the first time it makes its database
_STOP_TIMEOUT = 45.0  # seconds in which the keeper stops both, before it is stopped itself
_STOP_ORDER = ("keeper", "worker", "pages", "server")


class SetupError(AssayError):
    """The set-up did not start, or differs from the requested one."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """The options of `assay up`."""

    server: ServerSetup
    cases: Sequence[UseCaseFile]
    bad_use_cases: Sequence[BadUseCase]
    operations: Operations


def start_setup(options: UpOptions, say: Say, *, foreground: bool = False) -> list[str]:
    """Start what is not running, and reconcile the server with the use cases; describe the changes.

    With `foreground` it returns only after somebody stopped it. Raises ConfigError, SetupError,
    StoreError.
    """
    server = options.server
    allow_open_files()
    server.check_settings()
    before = SetupState.read(server.state_folder)
    if before is not None and before.is_alive("keeper"):
        _check_same(before, server)
        if foreground:
            raise SetupError("it runs already", remedy="Stop it with `assay down` first.")
        say(f"server: runs already at {before.dashboard_url}")
        return _reconcile_server(options, say)
    if before is not None:
        stop_setup(before, say)  # what a killed keeper left
    server.check_port()
    open_bucket(server.store).prepare()  # a bucket that cannot be had is better told of now
    if server.database:
        asyncio.run(_check_database(server))
    keeper = _start_supervisor(server, options.operations, foreground=foreground)
    try:
        _wait_until_up("server", server, keeper, say)
        changed = _reconcile_server(options, say)
        for name in ("pages", "worker"):
            _wait_until_up(name, server, keeper, say)
    except BaseException:
        _stop_supervisor(keeper)
        raise
    if foreground:
        _stay_in_foreground(server, keeper, say)
    return changed


def access_facts(server: ServerSetup) -> dict[str, str]:
    """How a person gets in: a link that logs a browser in once, and Prefect's own commands."""
    home = shlex.quote(str(server.state_folder / "prefect"))
    return {
        "login": create_login_link(server.state_folder, os.environ["PREFECT_UI_URL"]),
        "prefect": f"export PREFECT_HOME={home}",
    }


def stop_setup(state: SetupState, say: Say) -> list[str]:
    """Stop the processes that `assay up` started and that still run, and name them."""
    stopped = []
    for name in _STOP_ORDER:
        process = state.processes.get(name)
        if process is not None and process.is_alive:
            say(f"{name}: stopping")
            process.stop(_STOP_TIMEOUT)
            stopped.append(name)
    return stopped


def _check_same(state: SetupState, server: ServerSetup) -> None:
    differ = [
        f"{name} is {getattr(state, name)}, not {getattr(server.to_setup_state(), name)}"
        for name in ("host", "port", "store", "database", "root")
        if getattr(state, name) != getattr(server.to_setup_state(), name)
    ]
    if differ:
        raise SetupError(
            f"it runs already, otherwise than asked: {'; '.join(differ)}",
            remedy="Stop it with `assay down` first, or ask for another with --pool.",
        )


async def _check_database(server: ServerSetup) -> None:
    """Raise ConfigError if the database does not answer."""
    import asyncpg

    plain = server.database_url.replace("postgresql+asyncpg://", "postgresql://")
    try:
        connection = await asyncpg.connect(plain, timeout=10)
        await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise ConfigError(
            f"the database does not answer: {redact_text(str(error)) or type(error).__name__}",
            where=remove_passwords(server.database),
            remedy="Check that it runs, and who may enter. A password is best given as PGPASSWORD.",
        ) from None


# --- starting -------------------------------------------------------------------------------


def _start_supervisor(
    server: ServerSetup, operations: Operations, *, foreground: bool
) -> subprocess.Popen[bytes]:
    folder = server.state_folder
    prepare_state_folder(folder)
    create_password(folder, server.to_setup_state().api_url)
    withdraw_login_links(folder)
    environment = server.environment(operations)
    server.to_setup_state().write(folder)
    os.environ.update(environment)  # whoever speaks to the server from here needs it too
    command = [sys.executable, "-m", "assay.deployments.supervisor", str(folder), operations.pool]
    with open(folder / "logs" / "keeper.log", "ab") as out:
        # What ended before this line, ended under an earlier keeper; this one is slow to speak.
        out.write(f"{STARTED_LINE} anew\n".encode())
        out.flush()
        return subprocess.Popen(  # noqa: S603 - this very program
            command,
            cwd=server.root,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=not foreground,
        )


def _wait_until_up(
    name: str, server: ServerSetup, keeper: subprocess.Popen[bytes], say: Say
) -> None:
    """Wait until the process runs and answers. Raises SetupError."""
    began, told = time.monotonic(), 0.0
    while (waited := time.monotonic() - began) < _START_TIMEOUT:
        running = SetupState.read(server.state_folder)
        if (
            running is not None
            and running.is_alive(name)
            and (name != "server" or running.server_answers())
        ):
            say(f"{name}: up after {waited:.0f} s")
            return
        if keeper.poll() is not None:
            raise SetupError(f"the {name} did not start", remedy=_log_tail("keeper", server))
        if _failed_to_start(name, server):
            raise SetupError(f"the {name} ended as it started", remedy=_log_tail(name, server))
        if waited - told >= 5:
            told = waited
            say(f"{name}: starting, {waited:.0f} s")
        time.sleep(0.25)
    raise SetupError(
        f"the {name} does not answer after {_START_TIMEOUT:.0f} s", remedy=_log_tail(name, server)
    )


def _failed_to_start(name: str, server: ServerSetup) -> bool:
    """Whether the keeper had to restart it before it ever answered."""
    log = (server.state_folder / "logs" / "keeper.log").read_text(
        encoding="utf-8", errors="replace"
    )
    return f"{name} ended" in log.rpartition(STARTED_LINE)[2]


def _log_tail(name: str, server: ServerSetup) -> str:
    log = server.state_folder / "logs" / f"{name}.log"
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:]
        return "\n  ".join([f"The end of {log}:", *lines])
    return f"See {log}."


def _stop_supervisor(keeper: subprocess.Popen[bytes]) -> None:
    found = Process.from_pid(keeper.pid)
    if found:
        found.stop(_STOP_TIMEOUT)
    keeper.wait()


def _stay_in_foreground(server: ServerSetup, keeper: subprocess.Popen[bytes], say: Say) -> None:
    """Wait until the keeper ends, or until an interrupt or SIGTERM."""
    say(f"dashboard: {server.to_setup_state().dashboard_url}, until you press Ctrl-C")
    if sys.stderr.isatty():  # into a log the link does not belong
        for name, value in access_facts(server).items():
            say(f"{name}: {value}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        keeper.wait()
    except KeyboardInterrupt:
        say("stopping")
        _stop_supervisor(keeper)


def _reconcile_server(options: UpOptions, say: Say, *, dry_run: bool = False) -> list[str]:
    server, operations = options.server, options.operations
    os.environ.update(server.environment(operations))  # before Prefect reads its settings
    say("deployments: reading the flows")
    from assay.deployments.alerts import alert_bad_use_cases
    from assay.deployments.desired_state import DesiredState, reconcile_server

    job = process_job_variables(server.root) if operations.pool == "process" else {}
    bad = options.bad_use_cases
    names = [case.name for case in options.cases]
    pauses = read_pauses(open_bucket(server.store), names, clock.parse_timestamp(None))
    wanted = DesiredState(
        options.cases, operations, server.pool, job, [one.file for one in bad], pauses
    )
    changed = asyncio.run(reconcile_server(wanted, dry_run=dry_run))
    for line in changed or ["nothing changed"]:
        say(f"deployments: {line}")
    for one in bad:
        say(describe_bad_use_case(one))
    if dry_run:
        return changed
    write_bad_use_cases(server.state_folder, {one.file: str(one.error) for one in bad})
    for line in asyncio.run(alert_bad_use_cases(operations, server.pool, bad)):
        say(line)
    for line in describe_route_gaps(operations, options.cases):
        say(line)
    if not operations.alerts:
        pages = os.environ["ASSAY_PAGES"]
        say(f"alerts: nobody is sent any; see {pages}, `assay todo`, or `assay up --status`")
    return changed


def plan_changes(options: UpOptions, say: Say) -> list[str]:
    """What `start_setup` would change on the server, which stays as it is. Raises SetupError."""
    running = SetupState.read(options.server.state_folder)
    if running is None or not running.is_alive("server"):
        raise SetupError(
            "nothing is running here, so everything would be made",
            remedy="Start it with `assay up`; then --dry-run tells what differs.",
        )
    _check_same(running, options.server)
    return _reconcile_server(options, say, dry_run=True)
