"""`assay verify`: is everything in the bucket what its name and its history say?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_json, print_rows, say
from assay.cli.options import AsJson, Store

if TYPE_CHECKING:
    from assay.verify import Findings


def command(
    model: Annotated[
        str | None, typer.Argument(help="One model; the whole bucket when left out.")
    ] = None,
    repair: Annotated[
        bool, typer.Option("--repair", help="Move bad objects aside, so that a run remakes them.")
    ] = False,
    other: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="With --repair: copy from this bucket."),
    ] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Re-hash every object, follow every journal, and name whatever does not fit."""
    from assay.bucket import Bucket
    from assay.store import default_url
    from assay.verify import verify

    bucket = Bucket.open(store or default_url()).existing()
    if other is not None and not repair:
        raise typer.BadParameter("--from says where --repair is to copy from: add --repair")
    source = Bucket.open(other).existing() if other else None
    findings = verify(bucket, model=model, repair=repair, other=source, progress=_progress())
    if as_json:
        print_json(findings.as_json())
    else:
        _tell(findings)
    raise typer.Exit(0 if findings.intact else 4)


def _progress() -> Callable[[int, int], None]:
    """A line on stderr for every gigabyte or ten thousand objects."""
    told = 0

    def progress(objects: int, size: int) -> None:
        nonlocal told
        if (reached := size // 10**9 + objects // 10_000) > told:
            told = reached
            say(f"{objects:,} objects, {size / 1e9:.1f} GB verified")

    return progress


def _tell(findings: Findings) -> None:
    rows = [(problem.kind, problem.key, problem.what) for problem in findings.problems]
    if rows:
        print_rows(("problem", "key", "what"), rows)
    print_rows(
        ("what", "how many"),
        [
            ("objects", f"{findings.objects:,}, {findings.size / 1e6:,.1f} MB"),
            ("journals", f"{findings.journals:,}, {findings.entries:,} entries"),
            ("references", f"{findings.references:,}"),
            ("moved aside", f"{findings.repaired:,}"),
            ("result", "intact" if findings.intact else "not intact"),
        ],
    )
