"""The application and its commands.

Exit codes: 0 done; 1 the user's input or set-up; 2 usage; 3 a gate said no; 4 integrity.
"""

from __future__ import annotations

import typer

from assay.cli import (
    approve,
    audit,
    doctor,
    down,
    drift,
    false_alarm,
    feasibility,
    gc,
    label,
    lesson,
    lessons,
    log,
    monitor,
    pin,
    promote,
    reproduce,
    retire,
    rollback,
    run,
    score,
    show,
    unpin,
    up,
    validate,
    verify,
    waive,
    why,
)

app = typer.Typer(
    name="assay",
    help="One question about data, from raw rows to a model that may be trusted.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

_COMMANDS = (
    *(run, score, label, monitor, why, show, log, reproduce, verify, gc, pin, unpin, doctor),
    *(up, down),
    *(validate, feasibility, audit, drift),
    *(promote, approve, rollback, retire, waive, false_alarm, lesson, lessons),
)

for module in _COMMANDS:
    app.command(module.__name__.rpartition(".")[2].replace("_", "-"))(module.command)
