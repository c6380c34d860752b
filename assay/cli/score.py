"""`assay score`: score batches of rows with the champion."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Literal

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import AsOfOption, ConfigArgument, JsonOption, SetOption, StoreOption

_STDIN, _DEFAULT_INTERVAL = "-", "10s"


def command(
    config: ConfigArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files to score: paths, patterns or any fsspec URL; - for standard input. "
            "Default: the use case's score.source."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(metavar="REF", help="A version or alias, such as 3. Default: the champion."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="PATH",
            help="Deliver here instead of score.to: out/{batch}.parquet or .csv.",
        ),
    ] = None,
    form: Annotated[
        Literal["csv", "parquet", "jsonl"] | None,
        typer.Option("--format", help="The files' format, if their endings do not show it."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Keep running, and score new files at once.")
    ] = False,
    every: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="With --watch or -: the longest wait until the next batch; default 10s.",
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="With -: rows per batch.")] = 10_000,
    then_monitor: Annotated[
        bool, typer.Option("--then-monitor", help="Run the monitor on the new batches at once.")
    ] = False,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score batches with the champion, deliver the predictions, and record each batch once."""
    from assay.cli.existing_bucket import bucket_url
    from assay.cli.score_job import ScoreJob, ignore_outcome, print_outcome
    from assay.util.printable_text import printable_text

    url = bucket_url(store)
    job = ScoreJob(
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
        live=not (as_json or watch or _STDIN in (files or ())),
    )
    seconds = _parse_seconds(every)
    if _STDIN in job.files:
        if len(job.files) > 1 or watch:
            raise typer.BadParameter("- takes neither other files nor --watch")
        found = job.score_stream(rows, seconds)
    else:
        found = job.watch_files(seconds) if watch else job.score_present()
    if as_json:
        print_json(found)
    else:
        print_text(f"people: {printable_text(found['people']['origin'])}")
    # By name, since a failed batch may have been scored later.
    last_fates = {one["name"]: one["fate"] for one in found["batches"]}
    raise typer.Exit(1 if {"refused", "failed"} & {*last_fates.values()} else 0)


def _parse_seconds(text: str | None) -> float:
    from pydantic import TypeAdapter, ValidationError

    from assay.config.section import Duration

    try:
        seconds: float = TypeAdapter(Duration).validate_python(text or _DEFAULT_INTERVAL)
    except ValidationError:
        raise typer.BadParameter(f"--every {text}: write a duration such as 10s or 5m") from None
    return seconds
