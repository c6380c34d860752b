"""`assay feasibility`: can this data answer the question at all?"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from assay.cli.console import finish_gate, print_stderr
from assay.cli.options import ConfigOption, DataArgument, HtmlOption, JsonOption


def command(
    data: DataArgument,
    config: ConfigOption = None,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    positive: Annotated[str | None, typer.Option(help="Its positive class.")] = None,
    sensitive: Annotated[
        list[str] | None,
        typer.Option(help="A column of groups of people; may be repeated."),
    ] = None,
    missing: Annotated[
        list[str] | None, typer.Option(help="Text that means a missing value; may be repeated.")
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge whether data can answer a question: a use case, or --target and --positive."""
    from assay.cli.gate_input import load_gate_use_case, open_gate_table
    from assay.gates.feasibility.gate import assess_feasibility

    if config is None and (target is None or positive is None):
        raise typer.BadParameter("name a use case with --config, or --target and --positive")
    if config and (target or positive or sensitive or missing):
        raise typer.BadParameter("with --config the columns' meaning comes from the use case")
    columns: dict[str, Any] = {
        "target": {"column": target, "positive": positive},
        "missing": ["", *(missing or [])],
        "sensitive": {name: {} for name in sensitive or ()},
    }
    written = load_gate_use_case(data, config, {"data": columns})
    with open_gate_table(written) as held:
        report = assess_feasibility(held.table, written.use_case, say=print_stderr)
    finish_gate(report.model_copy(update={"subject": data}), as_json=as_json, html=html)
