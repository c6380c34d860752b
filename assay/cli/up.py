"""`assay up`: a server with its dashboard, a worker, and every use case's deployments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_facts, print_json, print_stderr
from assay.cli.options import JsonOption
from assay.cli.todo import print_todo_list

if TYPE_CHECKING:
    from assay.deployments.setup_state import SetupState
    from assay.deployments.todo import TodoList

DEFAULT_POOL, DEFAULT_HOST, DEFAULT_PORT = "assay", "127.0.0.1", 4200
PROCESS_NAMES = ("keeper", "server", "pages", "worker")

PoolOption = Annotated[str, typer.Option(help="The work pool, and the name of this set-up.")]


def command(
    configs: Annotated[
        list[Path] | None, typer.Argument(help="Use cases. Default: all in configs/.")
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            envvar="ASSAY_DATABASE",
            metavar="URL",
            help="postgresql://user@host:port/name, for a team. Default: SQLite.",
        ),
    ] = None,
    store: Annotated[
        str | None, typer.Option(help="The bucket. Default: ASSAY_STORE, else ./.assay.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=1, max=65535, help=f"The dashboard's port. Default: {DEFAULT_PORT}."),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(
            help=f"The address to listen on. Default: {DEFAULT_HOST}, this machine alone."
        ),
    ] = None,
    pool: PoolOption = DEFAULT_POOL,
    foreground: Annotated[
        bool,
        typer.Option("--foreground/--detach", help="Stay until Ctrl-C, or run in the background."),
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Change nothing; show what is running.")
    ] = False,
    todo: Annotated[
        bool,
        typer.Option("--todo/--no-todo", help="With --status: first list what waits for a person."),
    ] = True,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; list what would change.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Start what is not running, and update the deployments to the use cases.

    Options that are left out keep their last values, so a restart needs none. Stop everything with
    `assay down`.
    """
    from assay.deployments.setup_state import SetupState, state_folder

    at = state_folder(pool)
    before = SetupState.read(at)
    if status:
        waits = _read_todo(before, at) if before and todo else None
        _print_status(before, at, as_json=as_json, todo=waits)
    from assay.config.operations import Operations
    from assay.deployments.deployment_plan import read_use_cases
    from assay.deployments.server import ServerSetup
    from assay.deployments.up import UpOptions, access_facts, plan_changes, start_setup

    server = ServerSetup(
        pool=pool,
        host=host or (before.host if before else DEFAULT_HOST),
        port=port or (before.port if before else DEFAULT_PORT),
        store=_bucket_url(store, before),
        database=database or (before.database if before else ""),
        root=Path.cwd(),
        state_folder=at,
    )
    asked = UpOptions(server, *read_use_cases(configs or ()), Operations.load_configured())
    if dry_run:
        changes = plan_changes(asked, print_stderr)
        if as_json:
            bad = {one.file: str(one.error) for one in asked.bad_use_cases}
            print_json({"changes": changes, "bad_use_cases": bad})
        raise typer.Exit(1 if asked.bad_use_cases else 0)
    changed = start_setup(asked, print_stderr, foreground=foreground)
    if not foreground:
        access = access_facts(server)
        _print_status(SetupState.read(at), at, as_json=as_json, changes=changed, access=access)


def _bucket_url(store: str | None, before: SetupState | None) -> str:
    """The bucket's URL; a folder's absolute path, since the processes may run elsewhere."""
    from assay.store.open import absolute_store_url, default_store_url

    url = (
        store or os.environ.get("ASSAY_STORE") or (before.store if before else default_store_url())
    )
    return absolute_store_url(url)


def _print_status(
    state: SetupState | None,
    folder: Path,
    *,
    as_json: bool,
    changes: list[str] | None = None,
    access: Mapping[str, str] | None = None,
    todo: TodoList | None = None,
) -> None:
    """Print what waits for a person, what is running and how to get in, and end: exit code 0 if
    everything runs, and no use case is bad.
    """
    from assay.deployments.setup_state import read_bad_use_cases

    bad = read_bad_use_cases(folder) if state else {}
    up = {name: state is not None and state.is_alive(name) for name in PROCESS_NAMES}
    answers = state is not None and state.server_answers()
    complete = all(up.values()) and answers
    if as_json:
        facts = {**_setup_facts(state), **(access or {})} if state else {}
        running = {"answers": answers, "processes": up}
        waits = todo.as_json() if todo else {}
        print_json({**waits, **facts, **running, "changed": changes, "bad_use_cases": bad})
        raise typer.Exit(0 if complete and not bad else 1)
    if state and todo:
        print_todo_list(todo, state.store)
    if state is None or not any(up.values()):
        print_stderr("nothing is running; start it with `assay up`")
    else:
        missing = [name for name, is_up in up.items() if not is_up]
        problem = f"not running: {', '.join(missing)}" if missing else "the server does not answer"
        facts = {**_setup_facts(state), **(access or {})}
        print_facts({**facts, "state": "up" if complete else problem})
        for error in bad.values() if changes is None else ():  # an update has told them
            print_stderr(f"error: {error}")
    raise typer.Exit(0 if complete and not bad else 1)


def _read_todo(state: SetupState, folder: Path) -> TodoList | None:
    """The to-do list of the set-up's bucket; None, with the reason printed, if it is unreadable."""
    from assay.deployments.server_password import CLIENT_AUTH, read_password
    from assay.deployments.todo import read_todo_list
    from assay.errors import AssayError
    from assay.registry.open import open_bucket
    from assay.util import clock

    os.environ.setdefault("PREFECT_HOME", str(folder / "prefect"))
    # This set-up's own server, whatever another is named.
    os.environ.pop("PREFECT_API_URL", None)
    if state.server_answers():
        os.environ |= {"PREFECT_API_URL": state.api_url, CLIENT_AUTH: read_password(folder)}
    root = Path(state.root)
    try:
        bucket = open_bucket(state.store).require_existing()
        where = None if root == Path.cwd() else root
        return read_todo_list(bucket, clock.parse_timestamp(None), where)
    except AssayError as error:
        print_stderr(f"what waits for a person cannot be read: {error}")
        return None


def _setup_facts(state: SetupState) -> dict[str, str]:
    from assay.deployments.setup_state import state_folder

    return {
        "dashboard": state.dashboard_url,
        "bucket": state.store,
        "database": state.database or "SQLite",
        "pool": state.pool,
        "logs": str(state_folder(state.pool) / "logs"),
    }
