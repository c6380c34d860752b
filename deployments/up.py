"""`assay up` and `assay down`: bring a set-up up, and stop just what was started."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from assay.bucket import Bucket
from assay.config.operation import Operations
from assay.deployments.keep import STARTED
from assay.deployments.pools import here
from assay.deployments.server import Server, shown
from assay.deployments.story import Case
from assay.errors import AssayError, ConfigError
from assay.running import Process, Running

Say = Callable[[str], None]

_PATIENCE = 300.0  # seconds until the server answers; the first time it makes its database
_ENDS = 45.0  # seconds in which the keeper stops both, before it is stopped itself
_ORDER = ("keeper", "worker", "pages", "server")


class NotUp(AssayError):
    """The set-up did not come up, or is not as it was asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person wants up."""

    server: Server
    cases: Sequence[Case]
    operations: Operations


def up(asked: Asked, say: Say, *, foreground: bool = False) -> list[str]:
    """Start what does not run, and bring the server to what the use cases say. Returns what was
    changed, in words; with `foreground`, only after somebody stopped it.

    Raises ConfigError, NotUp, StoreError.
    """
    server = asked.server
    server.check()
    before = Running.read(server.folder)
    if before is not None and before.alive("keeper"):
        _check_same(before, server)
        if foreground:
            raise NotUp("it runs already", remedy="Stop it with `assay down` first.")
        say(f"server: runs already at {before.dashboard}")
        return _apply(asked, say)
    if before is not None:
        down(before, say)  # what a killed keeper left
    server.check_port()
    Bucket.open(server.store).prepare()  # a bucket that cannot be had is better told of now
    if server.database:
        asyncio.run(_reach(server))
    keeper = _start(server, asked.operations, foreground=foreground)
    try:
        _await("server", server, keeper, say)
        changed = _apply(asked, say)
        for name in ("pages", "worker"):
            _await(name, server, keeper, say)
    except BaseException:
        _end(keeper)
        raise
    if foreground:
        _stay(server, keeper, say)
    return changed


def down(running: Running, say: Say) -> list[str]:
    """Stop the processes that `assay up` started and that still are the same; their names."""
    stopped = []
    for name in _ORDER:
        process = running.processes.get(name)
        if process is not None and process.alive:
            say(f"{name}: stopping")
            process.stop(_ENDS)
            stopped.append(name)
    return stopped


def _check_same(before: Running, server: Server) -> None:
    differ = [
        f"{name} is {getattr(before, name)}, not {getattr(server.running(), name)}"
        for name in ("host", "port", "store", "database", "root")
        if getattr(before, name) != getattr(server.running(), name)
    ]
    if differ:
        raise NotUp(
            f"it runs already, otherwise than asked: {'; '.join(differ)}",
            remedy="Stop it with `assay down` first, or ask for another with --pool.",
        )


async def _reach(server: Server) -> None:
    """Raises ConfigError if the database does not answer."""
    import asyncpg

    plain = server.database_url.replace("postgresql+asyncpg://", "postgresql://")
    try:
        connection = await asyncpg.connect(plain, timeout=10)
        await connection.close()
    except (OSError, TimeoutError, ValueError, asyncpg.PostgresError) as error:
        raise ConfigError(
            f"the database does not answer: {str(error) or type(error).__name__}",
            where=shown(server.database),
            remedy="Check that it runs, and who may enter. A password is best given as PGPASSWORD.",
        ) from None


# --- starting -------------------------------------------------------------------------------


def _start(server: Server, operations: Operations, *, foreground: bool) -> subprocess.Popen[bytes]:
    folder = server.folder
    (folder / "logs").mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    environment = server.environment(operations)
    server.running().write(folder)
    os.environ.update(environment)  # whoever speaks to the server from here needs it too
    command = [sys.executable, "-m", "assay.deployments.keep", str(folder), operations.pool]
    with open(folder / "logs" / "keeper.log", "ab") as out:
        # What ended before this line, ended under an earlier keeper; this one is slow to speak.
        out.write(f"{STARTED} anew\n".encode())
        out.flush()
        return subprocess.Popen(  # noqa: S603 - this very program
            command,
            cwd=server.root,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=not foreground,
        )


def _await(name: str, server: Server, keeper: subprocess.Popen[bytes], say: Say) -> None:
    """Until the process is there and answers. Raises NotUp."""
    began, told = time.monotonic(), 0.0
    while (waited := time.monotonic() - began) < _PATIENCE:
        running = Running.read(server.folder)
        if running is not None and running.alive(name) and (name != "server" or running.answers()):
            say(f"{name}: up after {waited:.0f} s")
            return
        if keeper.poll() is not None:
            raise NotUp(f"the {name} did not start", remedy=_last_words("keeper", server))
        if _failed(name, server):
            raise NotUp(f"the {name} ended as it started", remedy=_last_words(name, server))
        if waited - told >= 5:
            told = waited
            say(f"{name}: starting, {waited:.0f} s")
        time.sleep(0.25)
    raise NotUp(
        f"the {name} does not answer after {_PATIENCE:.0f} s", remedy=_last_words(name, server)
    )


def _failed(name: str, server: Server) -> bool:
    """Whether the keeper had to start it again before it ever answered."""
    log = (server.folder / "logs" / "keeper.log").read_text(errors="replace")
    return f"{name} ended" in log.rpartition(STARTED)[2]


def _last_words(name: str, server: Server) -> str:
    log = server.folder / "logs" / f"{name}.log"
    with suppress(OSError):
        lines = log.read_text(errors="replace").splitlines()[-5:]
        return "\n  ".join([f"The end of {log}:", *lines])
    return f"See {log}."


def _end(keeper: subprocess.Popen[bytes]) -> None:
    found = Process.of(keeper.pid)
    if found:
        found.stop(_ENDS)
    keeper.wait()


def _stay(server: Server, keeper: subprocess.Popen[bytes], say: Say) -> None:
    """Until the keeper ends, or this is interrupted, or asked to end as by systemd."""
    say(f"dashboard: {server.running().dashboard}, until you press Ctrl-C")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        keeper.wait()
    except KeyboardInterrupt:
        say("stopping")
        _end(keeper)


def _apply(asked: Asked, say: Say) -> list[str]:
    server, operations = asked.server, asked.operations
    os.environ.update(server.environment(operations))  # before Prefect reads its settings
    say("deployments: reading the flows")
    from assay.deployments.apply import Wanted, apply

    job = here(server.root) if operations.pool == "process" else {}
    wanted = Wanted(asked.cases, operations, server.pool, job)
    changed = asyncio.run(apply(wanted))
    say(f"deployments: {len(changed)} changes" if changed else "deployments: nothing changed")
    return changed
