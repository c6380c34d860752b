"""`assay feasibility`: could these data answer this question at all?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import finish_gate, say
from assay.cli.options import AsJson, ConfigOption, Data, Html


def command(
    data: Data,
    config: ConfigOption = None,
    target: Annotated[str | None, typer.Option(help="The column to tell.")] = None,
    positive: Annotated[str | None, typer.Option(help="Its value that counts as yes.")] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="A column that marks groups of people; may be repeated."),
    ] = None,
    missing: Annotated[list[str] | None, typer.Option(help="Text that stands for missing.")] = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Judge whether data can bear a question: by a use case, or by --target and --positive."""
    from assay.cli.alone import settings, table_of
    from assay.evidence.feasibility import assess

    if config is None and (target is None or positive is None):
        raise typer.BadParameter("name a use case with --config, or --target and --positive")
    if config and (target or positive or sensitive or missing):
        raise typer.BadParameter("with --config the use case says what the columns mean")
    columns: dict[str, Any] = {
        "target": {"column": target, "positive": positive},
        "missing": ["", *(missing or [])],
        "sensitive": {name: {} for name in sensitive or ()},
    }
    written = settings(data, config, {"data": columns})
    with table_of(written) as (table, _aside, _as_text):
        report = assess(table, written.use_case, say=say)
    finish_gate(report.model_copy(update={"subject": data}), as_json=as_json, html=html)
