"""`assay site`: the bucket as pages that people can read and search, without a server."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import print_facts, print_json, print_stderr
from assay.cli.options import JsonOption, StoreOption


def command(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the site is written, or renewed.")
    ],
    notes: Annotated[
        Path,
        typer.Option(
            help="Folder of notes: NAME.md for a use case, `## COLUMN` before the note on a column."
        ),
    ] = Path("configs/notes"),
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write use cases, tables, models, lineage, decisions and lessons as a static site with search.

    Pages whose facts are the same are not written again. Open DIR/index.html, or put DIR on any
    web server: the pages ask for nothing from elsewhere.
    """
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.site.column_notes import read_notes
    from assay.site.site_writer import write_site
    from assay.util import clock

    bucket = open_existing_bucket(store)
    done = write_site(bucket, folder, read_notes(notes), clock.parse_timestamp(None))
    if as_json:
        print_json({"folder": str(folder), **asdict(done)})
        return
    for problem in done.problems:
        print_stderr(f"note: {problem}")
    print_facts(
        {
            "pages": f"{done.pages:,}, {done.written:,} written, {done.removed:,} removed",
            "open": str(folder / "index.html"),
        }
    )
