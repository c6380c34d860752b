"""`assay label`: what became of rows that were scored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_error, print_json, print_text, typed
from assay.cli.options import AsJson, AsOf, Config, Set, Store

if TYPE_CHECKING:
    from assay.batches import Labelled


def command(
    config: Config,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files with the identity's columns and the target's: paths, patterns or any "
            "fsspec URL. Else what the use case's labels.source names."
        ),
    ] = None,
    as_of: AsOf = None,
    store: Store = None,
    set_: Set = None,
    as_json: AsJson = False,
) -> None:
    """Take in labels, late and in any order; corrections replace what was known."""
    from assay import moments
    from assay.bucket import Bucket
    from assay.config.read import read
    from assay.errors import ConfigError
    from assay.living.labels import sentence, take
    from assay.render.words import printable
    from assay.store import default_url

    written = read(config, set_ or ())
    if not files and written.use_case.labels.source is None:
        raise ConfigError(
            "no labels are named",
            where=written.text.where(("labels",)),
            remedy="Name files behind the use case, or labels.source in it.",
        )
    url = store or default_url()
    bucket = Bucket.open(url).existing()

    def tell(entry: Labelled) -> None:
        if as_json:
            return
        print_text(printable(sentence(bucket, entry)))
        if entry.unfit:
            print_text("  " + typed(f"assay show {entry.unfit.digest}", url))

    taken = take(bucket, written, moments.moment(as_of), files or (), tell=tell)
    if as_json:
        print_json(
            {
                "labels": [
                    {
                        "name": entry.name,
                        "rows": entry.rows,
                        "unfit_rows": entry.unfit_rows,
                        "table": str(entry.table.digest),
                        "unfit": entry.unfit and str(entry.unfit.digest),
                    }
                    for entry in taken.new
                ],
                "known": list(taken.known),
                "refused": [{"name": name, **error.as_json()} for name, error in taken.refused],
            }
        )
    else:
        for name in taken.known:
            print_text(f"{name}: nothing new")
        if not (taken.new or taken.known or taken.refused):
            print_text("no labels have come")
        for _, error in taken.refused:
            print_error(error, as_json=False)
    raise typer.Exit(1 if taken.refused else 0)
