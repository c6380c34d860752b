"""`assay down`: stop what `assay up` started, and nothing else."""

from __future__ import annotations

import typer

from assay.cli.console import print_json, print_stderr
from assay.cli.options import JsonOption
from assay.cli.up import DEFAULT_POOL, PoolOption


def command(pool: PoolOption = DEFAULT_POOL, as_json: JsonOption = False) -> None:
    """Stop the server and the worker. Their database, logs and bucket stay."""
    from assay.deployments.setup_state import SetupState, state_folder
    from assay.deployments.up import stop_setup

    running = SetupState.read(state_folder(pool))
    stopped = stop_setup(running, print_stderr) if running else []
    if as_json:
        print_json({"stopped": stopped})
    elif not stopped:
        print_stderr("nothing that `assay up` started is running")
    raise typer.Exit(0)
