"""`assay label`: take in the labels of scored rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import next_command, print_error, print_json, print_text
from assay.cli.options import AsOfOption, ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.registry.batch_ledger import ReceivedLabels


def command(
    config: ConfigArgument,
    files: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files with the identity columns and the target: paths, patterns or any "
            "fsspec URL. Default: the use case's labels.source."
        ),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in labels, late and in any order. A correction replaces the earlier label."""
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.errors import ConfigError
    from assay.production.labels.label_import import describe_label_entry, import_labels
    from assay.util import clock
    from assay.util.printable_text import printable_text

    written = load_use_case(config, set_ or ())
    if not files and written.use_case.labels.source is None:
        raise ConfigError(
            "neither the command nor the use case names labels",
            where=written.text.locate(("labels",)),
            remedy="Name files after the use case, or write labels.source in it.",
        )
    url = bucket_url(store)
    bucket = open_existing_bucket(url)

    def tell(entry: ReceivedLabels) -> None:
        if as_json:
            return
        print_text(printable_text(describe_label_entry(bucket, entry)))
        if entry.unfit:
            print_text("  " + next_command(f"assay show {entry.unfit.digest}", url))

    taken = import_labels(bucket, written, clock.parse_timestamp(as_of), files or (), tell=tell)
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
                "known": list(taken.known_sources),
                "refused": [{"name": name, **error.as_json()} for name, error in taken.refused],
            }
        )
    else:
        for name in taken.known_sources:
            print_text(f"{name}: nothing new")
        if not (taken.new or taken.known_sources or taken.refused):
            print_text("no labels have arrived")
        for _, error in taken.refused:
            print_error(error, as_json=False)
    raise typer.Exit(1 if taken.refused else 0)
