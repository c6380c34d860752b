"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

ConfigArgument = Annotated[
    Path, typer.Argument(help="The use case, a YAML file such as configs/income.yaml.")
]
DataArgument = Annotated[
    str, typer.Argument(help="A CSV, Parquet or JSON Lines file: a path or any fsspec URL.")
]
StoreOption = Annotated[
    str | None,
    typer.Option(
        help="The bucket: a folder or s3://bucket/prefix. Default: ASSAY_STORE, else ./.assay."
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="One JSON object on stdout, logs on stderr.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a key of the use case: --set fairness.0.tolerance=0.05.",
    ),
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="A use case whose settings apply; its source is not read."),
]
HtmlOption = Annotated[Path | None, typer.Option(help="Also write the report as this HTML file.")]
ProblemOption = Annotated[
    Literal["binary", "multiclass", "regression"] | None,
    typer.Option(
        "--problem",
        help="The question's type: binary (yes or no), multiclass (which of several) or regression"
        " (how much). Default: as in --config, else binary.",
    ),
]
ReferenceArgument = Annotated[
    str, typer.Argument(help="A version of a model, such as income@3 or income@challenger.")
]
BecauseOption = Annotated[
    str, typer.Option(metavar="TEXT", help="The reason. It is recorded with your name.")
]
OptionalBecauseOption = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="The reason. It is recorded with your name. Left out: nothing is decided, and what "
        "there is to know is shown.",
    ),
]
AsOfOption = Annotated[
    str | None,
    typer.Option(
        metavar="MOMENT",
        help="Act as of this moment: 2026-03-31T12:00:00Z, or a date. Default: now.",
    ),
]
