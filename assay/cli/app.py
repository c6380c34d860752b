"""The application and its commands.

Exit codes: 0 done; 1 the user's input or set-up; 2 usage; 3 a gate said no; 4 integrity.
"""

from __future__ import annotations

import typer

from assay.cli import audit, doctor, drift, feasibility, gc, log, run, show, validate, verify, why

app = typer.Typer(
    name="assay",
    help="One question about data, from raw rows to a model that may be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

for module in (run, why, show, log, verify, gc, doctor, validate, feasibility, audit, drift):
    app.command(module.__name__.rpartition(".")[2])(module.command)
