"""`assay retrain`: retrain a model with the new rows, and compare it with the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import (
    AsOfOption,
    BecauseOption,
    ConfigArgument,
    JsonOption,
    SetOption,
    StoreOption,
)


def command(
    config: ConfigArgument,
    because: BecauseOption,
    by: Annotated[
        str,
        typer.Option(help="Who asks: person; or monitor or schedule, which obey the cooldown."),
    ] = "person",
    evidence: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="The monitoring report that asks for it.")
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    reports: Annotated[Path, typer.Option(help="Folder for the HTML report.")] = Path("reports"),
    as_json: JsonOption = False,
) -> None:
    """Retrain a model with the rows that arrived since, and compare it with the champion.

    By hand it ignores cooldown and budget. It never promotes what people must decide.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.cli.flow_runner import run_named_flow
    from assay.cli.run import finish_run
    from assay.production.retraining.policy import DeclinedRetraining, RetrainingTrigger
    from assay.registry.authority import authorize_training

    if by not in get_args(RetrainingTrigger):
        raise typer.BadParameter(f"--by is one of {', '.join(get_args(RetrainingTrigger))}")
    url = bucket_url(store)
    authorize_training(open_existing_bucket(url))
    outcome = run_named_flow(
        "retrain",
        live=not as_json,
        config=str(config),
        store=url,
        because=because,
        by=by,
        evidence=evidence,
        as_of=as_of,
        overrides=tuple(set_ or ()),
    )
    if not isinstance(outcome, DeclinedRetraining):
        finish_run(url, outcome, reports, as_json=as_json)
    if as_json:
        print_json({"outcome": "declined", "why": outcome.reason})
    else:
        print_text(f"not retrained: {outcome.reason}")
