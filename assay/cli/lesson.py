"""`assay lesson`: write down what was learnt."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsOfOption, JsonOption, StoreOption


def command(
    model: Annotated[str, typer.Argument(help="The model, such as income.")],
    cause: Annotated[
        str, typer.Argument(help="What it is about: drift:COLUMN, gate:fairness, batch:refused...")
    ],
    text: Annotated[str, typer.Argument(help="What was learnt.")],
    about: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The object that it was seen in.")
    ] = None,
    entry: Annotated[
        int | None, typer.Option(metavar="NUMBER", help="The journal's entry that it came from.")
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note a lesson: it is shown when a gate or a look meets the same cause again."""
    from assay.cli.decision_command import make_justification, open_existing_bucket, print_decision
    from assay.registry.decisions.feedback import record_lesson

    bucket = open_existing_bucket(store)
    made = record_lesson(
        bucket, model, cause, make_justification(text, as_of), subject=about, entry=entry
    )
    print_decision(bucket, model, made, unchanged_message="", as_json=as_json)
