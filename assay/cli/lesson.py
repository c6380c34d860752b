"""`assay lesson`: record what was learnt."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from assay.cli.options import AsOfOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    cause: Annotated[
        str, typer.Argument(help="Its cause: drift:COLUMN, gate:fairness, batch:refused...")
    ],
    text: Annotated[str, typer.Argument(help="What was learnt.")],
    about: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The object that shows it.")
    ] = None,
    entry: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The journal entry that it came from.")
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Record a lesson. It is shown when a gate or a look meets the same cause again."""
    from assay.cli.decision_command import DecisionOptions, run_decision
    from assay.registry.decisions.feedback import record_lesson

    run_decision(
        partial(record_lesson, cause=cause, subject=about, entry=entry),
        model,
        DecisionOptions(text, as_of, store, as_json),
    )
