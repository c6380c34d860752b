"""`assay retrain`: train a model anew on what came since, and hold it against the champion."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import AsJson, AsOf, Because, Config, Set, Store


def command(
    config: Config,
    because: Because,
    as_of: AsOf = None,
    store: Store = None,
    set_: Set = None,
    reports: Annotated[Path, typer.Option(help="Folder for the HTML report.")] = Path("reports"),
    as_json: AsJson = False,
) -> None:
    """Train a model anew by hand, whatever cooldown and budget say. It promotes nothing that the
    use case leaves to people.
    """
    from assay.bucket import Bucket
    from assay.cli.orchestrate import flow_outcome
    from assay.cli.run import finish
    from assay.living.retraining import Declined
    from assay.store import default_url

    url = store or default_url()
    bucket = Bucket.open(url).existing()
    outcome = flow_outcome(
        "retrain",
        config=str(config),
        store=url,
        because=because,
        by="person",
        as_of=as_of,
        overrides=tuple(set_ or ()),
    )
    if not isinstance(outcome, Declined):
        finish(bucket, outcome, reports, as_json=as_json)
    if as_json:
        print_json({"outcome": "declined", "why": outcome.why})
    else:
        print_text(f"not trained anew: {outcome.why}")
