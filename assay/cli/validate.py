"""`assay validate`: check data against expectations."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import finish_gate, print_stderr, write_file
from assay.cli.options import ConfigOption, DataArgument, HtmlOption, JsonOption

if TYPE_CHECKING:
    from assay.gates.validation.rules import Locator


def command(
    data: DataArgument,
    config: ConfigOption = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="A list of expectations, or a Great Expectations suite (YAML or JSON)."),
    ] = None,
    against: Annotated[
        str | None,
        typer.Option(
            metavar="DATA", help="An earlier version of the data, to list changes of its columns."
        ),
    ] = None,
    failing: Annotated[
        Path | None, typer.Option(help="Write the rows that broke a rule to this CSV file.")
    ] = None,
    data_docs: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Also write Great Expectations' Data Docs there."),
    ] = None,
    html: HtmlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check data against Great Expectations rules: those of a use case, or of a file."""
    from assay.cli.gate_input import load_gate_use_case, open_gate_table
    from assay.gates.validation.gate import validate_table
    from assay.problems.lookup import problem_type

    if config is not None and rules is not None:
        raise typer.BadParameter("name either a use case with --config or a file with --rules")
    if config is None and rules is None and against is None:
        raise typer.BadParameter("name a use case with --config, rules, or data to compare against")
    if data_docs is not None and config is None and rules is None:
        raise typer.BadParameter("Data Docs show rules: name them with --config or --rules")
    sections: dict[str, Any] = {}
    locate: Locator | None = None
    if rules:
        sections["expectations"], locate = _read_rules(rules)
    written = load_gate_use_case(data, config, sections)
    check, target = config is not None, written.use_case.data.target
    with ExitStack() as open_:
        held = open_.enter_context(open_gate_table(written, check=check))
        before = None
        if against is not None:
            earlier = load_gate_use_case(against, config, sections)
            before = open_.enter_context(open_gate_table(earlier, check=False)).table
        judged = validate_table(
            held.table,
            written.use_case.expectations,
            target=target if config else None,
            check_target=problem_type(target).check_outcomes,
            subject=data,
            malformed=held.malformed,
            as_text=held.as_text,
            notes=held.notes,
            previous=before,
            locate=locate or written.text.locate,
        )
    if failing is not None and len(judged.failing_rows):
        write_file(failing, judged.failing_rows.to_csv(index=False).encode())
        print_stderr(f"written: {failing}, {len(judged.failing_rows):,} broken rules, one a line")
    if data_docs is not None:
        from assay.gates.validation.data_docs import write_data_docs

        print_stderr(f"written: {write_data_docs(data_docs, judged, data)}")
    finish_gate(judged.report, as_json=as_json, html=html)


def _read_rules(path: Path) -> tuple[list[Any], Locator]:
    """The rules of a file, and a function that gives the line of each."""
    from assay.config.loaded_use_case import read_yaml_with_lines
    from assay.errors import ConfigError

    tree, text = read_yaml_with_lines(path)
    suite = isinstance(tree, dict) and "expectations" in tree
    rules = tree["expectations"] if suite else tree
    if not isinstance(rules, list):
        raise ConfigError(
            "this file has no list of expectations",
            where=str(path),
            remedy="Write each as `- type: ...` with its `kwargs: {...}`, or name a suite.",
        )
    return rules, text.locate if suite else lambda where: text.locate(where[1:])
