"""`assay label`: what became of rows that were scored."""

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
            help="Files with the identity's columns and the target's: paths, patterns or any "
            "fsspec URL. Else what the use case's labels.source names."
        ),
    ] = None,
    as_of: AsOfOption = None,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take in labels, late and in any order; corrections replace what was known."""
    from assay.bucket.open import open_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.errors import ConfigError
    from assay.production.labels.label_import import describe_label_entry, import_labels
    from assay.render.report_text import printable_text
    from assay.store.open import default_store_url
    from assay.util import clock

    written = load_use_case(config, set_ or ())
    if not files and written.use_case.labels.source is None:
        raise ConfigError(
            "no labels are named",
            where=written.text.locate(("labels",)),
            remedy="Name files behind the use case, or labels.source in it.",
        )
    url = store or default_store_url()
    bucket = open_bucket(url).require_existing()

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
