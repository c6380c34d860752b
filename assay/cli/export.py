"""`assay export`: a model for other tools, with its evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.cli.console import print_json, print_stderr, print_text
from assay.cli.options import JsonOption, ReferenceArgument, StoreOption


def command(
    reference: ReferenceArgument,
    path: Annotated[Path, typer.Argument(help="The folder to make; nothing may be there yet.")],
    to: Annotated[
        Literal["folder", "mlflow", "onnx", "skops"],
        typer.Option(
            help="folder: joblib parts and a predict.py that needs no Assay. mlflow: a pyfunc. "
            "onnx: from raw columns to probabilities or amounts. skops: without pickle."
        ),
    ],
    register: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="With --to mlflow: also a version in MLflow's registry."),
    ] = None,
    tracking_uri: Annotated[
        str | None,
        typer.Option(
            metavar="URI",
            help="With --register: sqlite:///mlflow.db or a server. Default: MLflow's own.",
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a model for other tools, with its evidence, if it answers its test rows as before."""
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.exporting.export import export_version

    if to != "mlflow" and (register or tracking_uri):
        raise typer.BadParameter("--register and --tracking-uri go with --to mlflow")
    if tracking_uri and not register:
        raise typer.BadParameter("--tracking-uri goes with --register NAME")
    outcome = export_version(open_existing_bucket(store), reference, to, path)
    name, check = outcome.exported.version.name, outcome.check
    if needs := ", ".join(outcome.needs):
        print_stderr(f"warning: whoever loads it needs your own module {needs} on the path")
    uri = None
    if register:
        from assay.exporting.mlflow_model import register_with_mlflow

        uri = register_with_mlflow(outcome.exported, path, register, tracking_uri)
    if as_json:
        print_json(
            {
                "model": name,
                "digest": str(outcome.exported.version.digest),
                "format": to,
                "path": str(path),
                "test_rows": check.rows,
                "tolerance": check.tolerance,
                "largest_difference": check.largest,
                "needs": list(outcome.needs),
                "registered": uri,
            }
        )
        return
    print_text(
        f"{name} written to {path} ({to}): it answers {check.rows:,} test rows as before; numbers "
        f"differ by {check.largest:.1g} at most, {check.tolerance:g} is accepted"
    )
    if uri:
        print_text(f"registered with MLflow: {uri}")
