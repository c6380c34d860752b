"""`assay down`: stop just what `assay up` started."""

from __future__ import annotations

import typer

from assay.cli.console import print_json, say
from assay.cli.options import AsJson
from assay.cli.up import POOL, Pool


def command(pool: Pool = POOL, as_json: AsJson = False) -> None:
    """Stop server and worker. Their database, logs and bucket stay as they are."""
    from assay.deployments.up import down
    from assay.running import Running, folder

    running = Running.read(folder(pool))
    stopped = down(running, say) if running else []
    if as_json:
        print_json({"stopped": stopped})
    elif not stopped:
        say("nothing runs that `assay up` started")
    raise typer.Exit(0)
