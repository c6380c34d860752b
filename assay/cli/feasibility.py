"""`assay feasibility`: can this data answer the question at all?"""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from assay.cli.console import finish_gate, print_stderr
from assay.cli.options import ConfigOption, DataArgument, HtmlOption, JsonOption

_WHOLE_NUMBER = re.compile(r"-?(0|[1-9]\d*)")


def command(
    data: DataArgument,
    config: ConfigOption = None,
    target: Annotated[str | None, typer.Option(help="The column to predict.")] = None,
    positive: Annotated[str | None, typer.Option(help="Its positive class.")] = None,
    classes: Annotated[
        str | None, typer.Option(help="Its classes, three or more: none,minor,serious.")
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="Of amounts: what they are counted in, such as dollars.")
    ] = None,
    log: Annotated[bool, typer.Option("--log", help="Errors of amounts count by ratio.")] = False,
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
    """Judge whether data can answer a question: a use case, or --target with --positive, --classes
    or --unit.
    """
    from assay.cli.gate_input import load_gate_use_case, open_gate_table
    from assay.problems.lookup import problem_type

    asked: dict[str, Any] = {
        "positive": positive,
        "classes": _class_values(classes) if classes is not None else None,
        "unit": unit,
    }
    asked = {key: value for key, value in asked.items() if value is not None}
    if config is None and (target is None or not asked):
        raise typer.BadParameter(
            "name a use case with --config, or --target with --positive, --classes or --unit"
        )
    if len(asked) > 1:
        raise typer.BadParameter("a target has one of --positive, --classes and --unit")
    if log and unit is None:
        raise typer.BadParameter("--log belongs to --unit")
    if config and (target or asked or sensitive or missing):
        raise typer.BadParameter("with --config the columns' meaning comes from the use case")
    columns: dict[str, Any] = {
        "target": {"column": target, **asked, **({"log": True} if log else {})},
        "missing": ["", *(missing or [])],
        "sensitive": {name: {} for name in sensitive or ()},
    }
    written = load_gate_use_case(data, config, {"data": columns})
    with open_gate_table(written) as held:
        problem = problem_type(written.use_case.data.target)
        found = problem.collect_findings(held.table, written.use_case, say=print_stderr)
        report = problem.judge_feasibility(found, held.table, written.use_case)
    finish_gate(report.model_copy(update={"subject": data}), as_json=as_json, html=html)


def _class_values(classes: str) -> list[str | int]:
    """The classes of --classes; whole numbers as numbers, which a column of text matches too."""
    texts = [text.strip() for text in classes.split(",")]
    return [int(text) if _WHOLE_NUMBER.fullmatch(text) else text for text in texts]
