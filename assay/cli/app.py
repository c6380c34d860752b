"""The application and its commands.

Exit codes: 0 done; 1 bad input or set-up; 2 wrong usage; 3 a gate failed; 4 integrity.
"""

from __future__ import annotations

import typer

from assay.cli import (
    approve,
    audit,
    backfill,
    compare,
    contract,
    doctor,
    down,
    drift,
    export,
    false_alarm,
    feasibility,
    gc,
    init,
    label,
    lesson,
    lessons,
    log,
    monitor,
    new,
    pause,
    people,
    pin,
    promote,
    refuse,
    reproduce,
    resume,
    retire,
    retrain,
    rollback,
    run,
    score,
    show,
    site,
    todo,
    unpin,
    up,
    validate,
    verify,
    vouch,
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

_COMMANDS = {
    "A question": (init, new, run, why, show, compare, log, reproduce, export, site),
    "A model in use": (score, label, monitor, retrain, backfill, todo),
    "What people decide": (
        todo,
        promote,
        approve,
        refuse,
        rollback,
        retire,
        waive,
        false_alarm,
        lesson,
        lessons,
    ),
    "One gate alone": (validate, feasibility, audit, drift, contract),
    "The bucket": (verify, vouch, people, gc, pin, unpin, doctor),
    "In operation": (up, down, pause, resume),
}

for panel, modules in _COMMANDS.items():
    for module in modules:
        name = module.__name__.rpartition(".")[2].replace("_", "-")
        app.command(name, rich_help_panel=panel)(module.command)
