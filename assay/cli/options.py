"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path, typer.Argument(help="The use case, a YAML file such as configs/income.yaml.")
]
Data = Annotated[
    str, typer.Argument(help="A CSV, Parquet or JSON Lines file: a path or any fsspec URL.")
]
Store = Annotated[
    str | None,
    typer.Option(
        help="The bucket: a folder or s3://bucket/prefix. Else ASSAY_STORE, else ./.assay."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, logs on stderr.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a key: --set fairness.0.tolerance=0.05."
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A use case to take the settings from; its source is not read."),
]
Html = Annotated[Path | None, typer.Option(help="Also write the report to this HTML file.")]
Reference = Annotated[
    str, typer.Argument(help="A version of a model, such as income@3 or income@challenger.")
]
Because = Annotated[str, typer.Option(metavar="TEXT", help="The reason, kept with your name.")]
AsOf = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT", help="The moment that it is about, 2026-03-31T12:00:00Z or a date; now."
    ),
]
