"""`assay compare`: models side by side, by version, run or use case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import next_command, print_json, print_stderr, stdout_console, write_file
from assay.cli.options import JsonOption, StoreOption


def command(
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="A B [C ...]",
            help="Versions (income@2, income@champion), runs (sha256:...) or use cases (their "
            "champions). Each is compared with A.",
        ),
    ],
    html: Annotated[
        Path | None, typer.Option(help="Also write the comparison as this HTML file.")
    ] = None,
    distance: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="For amounts: how far an answer must move to be counted, in the target's unit. "
            "Default: a tenth of the outcomes' interquartile range.",
        ),
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare models: what differs in data, settings and code; scores with paired intervals on
    the same test rows; groups; decisions that flip; time and bytes.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.runs.comparison.comparison_json import comparison_json
    from assay.runs.comparison.model_comparison import compare_models
    from assay.runs.comparison.sections import comparison_page

    url = bucket_url(store)
    comparison = compare_models(open_existing_bucket(url), references, distance=distance)
    page = comparison_page(comparison)
    if html:
        from assay.render.comparison_page import render_comparison

        write_file(html, render_comparison(page))
    if as_json:
        print_json(comparison_json(comparison))
    else:
        from assay.render.comparison_page import show_comparison

        out = stdout_console()
        show_comparison(page, out)
        if out.is_terminal and not html:
            whole = f"assay compare {' '.join(references)} --html comparison.html"
            print_stderr(f"with examples and every table: {next_command(whole, url)}")
    if html:
        print_stderr(f"written: {html}")
