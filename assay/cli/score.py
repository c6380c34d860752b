"""`assay score`: what the model in use says of rows that came."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from assay.cli.console import print_json
from assay.cli.options import AsOfOption, ConfigArgument, JsonOption, SetOption, StoreOption

_STDIN, _DEFAULT_INTERVAL = "-", "10s"


def command(
    config: ConfigArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files to score: paths, patterns or any fsspec URL; - for standard input. Else "
            "what the use case's score.source names."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="REF", help="A version or alias, such as 3; else the champion."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="PATH", help="Where answers go instead: out/{batch}.parquet or .csv."),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet", "jsonl"] | None,
        typer.Option("--format", help="The files' format, where their endings do not tell it."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and score what comes at once.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION", help="With --watch or -, how long at most until the next; 10s."
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="With -, how many rows make a batch.")] = 10_000,
    then_monitor: Annotated[
        bool, typer.Option("--then-monitor", help="Look at once at what came.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score batches by the champion, deliver the answers, and note each batch once."""
    from assay.cli.score_job import ScoreJob, ignore_outcome, print_outcome
    from assay.store.open import default_store_url

    url = store or default_store_url()
    asked = ScoreJob(
        config=str(config),
        store=url,
        overrides=tuple(set_ or ()),
        files=tuple(files or ()),
        model=model,
        to=to,
        form=form,
        then_monitor=then_monitor,
        as_of=as_of,
        on_outcome=ignore_outcome if as_json else partial(print_outcome, store=url),
    )
    seconds = _parse_seconds(every)
    if _STDIN in asked.files:
        if len(asked.files) > 1 or watch:
            raise typer.BadParameter("- stands alone: no other files, and no --watch")
        found = asked.score_stream(rows, seconds)
    else:
        found = asked.watch_files(seconds) if watch else asked.score_present()
    if as_json:
        print_json(found)
    last = {
        one["name"]: one["fate"] for one in found["batches"]
    }  # a failed one may have come again
    raise typer.Exit(1 if {"refused", "failed"} & {*last.values()} else 0)


def _parse_seconds(text: str | None) -> float:
    from pydantic import TypeAdapter, ValidationError

    from assay.config.section import Duration

    try:
        seconds: float = TypeAdapter(Duration).validate_python(text or _DEFAULT_INTERVAL)
    except ValidationError:
        raise typer.BadParameter(f"--every {text}: write a duration like 10s or 5m") from None
    return seconds
