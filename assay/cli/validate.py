"""`assay validate`: do the rows keep the rules?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from assay.cli.console import finish_gate, say, write_file
from assay.cli.options import AsJson, ConfigOption, Data, Html


def command(
    data: Data,
    config: ConfigOption = None,
    rules: Annotated[
        Path | None,
        typer.Option(help="A list of expectations, or a Great Expectations suite (YAML or JSON)."),
    ] = None,
    failing: Annotated[
        Path | None, typer.Option(help="Write the rows that broke a rule to this CSV file.")
    ] = None,
    html: Html = None,
    as_json: AsJson = False,
) -> None:
    """Hold data against rules in Great Expectations' words: a use case's, or a file of them."""
    from assay.cli.alone import frame_of, settings
    from assay.evidence.validation import validate

    if (config is None) == (rules is None):
        raise typer.BadParameter("name either a use case with --config or a file with --rules")
    sections: dict[str, Any] = {"expectations": _read_rules(rules)} if rules else {}
    written = settings(data, config, sections)
    frame, malformed = frame_of(written, check=config is not None)
    judged = validate(
        frame,
        written.use_case.expectations,
        target=written.use_case.data.target if config else None,
        subject=data,
        malformed=malformed,
        locate=written.text.where,
    )
    if failing is not None and len(judged.failing):
        write_file(failing, judged.failing.to_csv(index=False).encode())
        say(f"written: {failing}, {len(judged.failing):,} broken rules by row")
    finish_gate(judged.report, as_json=as_json, html=html)


def _read_rules(path: Path) -> Any:
    from assay.config.read import read_tree

    tree = read_tree(path)
    return tree["expectations"] if isinstance(tree, dict) and "expectations" in tree else tree
