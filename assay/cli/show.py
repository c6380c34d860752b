"""`assay show`: show a version of a model with its verdicts and reasons, or any object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import (
    next_command,
    print_facts,
    print_json,
    print_rows,
    print_stderr,
    print_text,
    stdout_console,
    write_file,
)
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.digest import Digest
    from assay.registry.history import ModelHistory, Version
    from assay.tables.table import Table


def command(
    reference: Annotated[
        str, typer.Argument(help="income, income@2, income@champion, or a digest sha256:...")
    ],
    gate: Annotated[str | None, typer.Option(help="Show this gate's report, in full.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Print the model card.")] = False,
    provenance: Annotated[
        bool, typer.Option("--provenance", help="Print the in-toto envelope, for other tools.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option(help="Write the reports, or that of --gate, to this HTML file.")
    ] = None,
    rows: Annotated[int, typer.Option(min=0, help="How many rows of a table to show.")] = 20,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a version of a model with its gates' verdicts and reasons, or any object."""
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.registry.registry import Registry

    url = bucket_url(store)
    bucket = open_existing_bucket(url)
    if reference.startswith("sha256:"):
        _show_object(bucket, reference, rows, as_json=as_json)
        return
    history, version = Registry(bucket).resolve_reference(reference)
    if as_json:
        print_json(_version_json(bucket, history, version, gate))
    elif card:
        from assay.cli.model_card import print_card

        print_card(bucket, history, version)
    elif provenance:
        print_json(bucket.get_json(version.artifact("provenance")))
    else:
        _show_version(bucket, history, version, gate, url)
    if html:
        from assay.runs.version_report import render_version_report

        write_file(html, render_version_report(bucket, history, version, gate))
        print_stderr(f"written: {html}")


def _version_json(
    bucket: Bucket, history: ModelHistory, version: Version, gate: str | None
) -> dict[str, Any]:
    from assay.registry.decisions.pending_promotion import find_pending_promotion
    from assay.registry.decisions.standing_entries import standing_entries
    from assay.runs.version_report import report_artifacts

    if gate:
        report: dict[str, Any] = bucket.get_json(report_artifacts(history, version, gate)[gate])
        return report
    entry, comparison = version.entry, history.last_shadow_comparison(version)
    awaits = find_pending_promotion(bucket, history, version)
    return {
        "name": version.name,
        "status": version.status,
        "at": entry.at,
        "actor": entry.actor,
        **entry.body,
        "aliases": [alias for alias, n in history.aliases.items() if n == version.number],
        "retired": version.number in history.retirements,
        "standing": [e.number for e in standing_entries(history, version)],
        "shadow": comparison and comparison.body,
        "awaits": awaits and awaits.reason,
    }


def _show_version(
    bucket: Bucket, history: ModelHistory, version: Version, gate: str | None, store: str
) -> None:
    """Print one gate's report in full; without `gate`, all verdicts and the checks not passed."""
    from assay.render.decision_summary import summarize_decision
    from assay.render.model_decision import version_decision
    from assay.render.report_text import checks_not_passed
    from assay.render.terminal import show_reports
    from assay.render.terminal_decision import show_decision, show_gates
    from assay.runs.version_report import read_reports

    reports, out = read_reports(bucket, history, version, gate), stdout_console()
    if gate is not None:
        show_reports(reports, out)
        return
    decision = version_decision(bucket, history, version)
    command = next_command(decision.command, store) if decision.command else ""
    summary = summarize_decision(reports, replace(decision, command=command))
    show_decision(summary, out)
    out.print()
    show_gates(reports, out)
    out.print()
    print_facts({"next": command} if command else {"to do": summary.next_step})
    out.print()
    _print_origin(bucket, history, version)
    out.print()
    show_reports([one for one in reports if checks_not_passed(one)], out, brief=True)
    one = f"assay show {version.name} --gate {next(iter(version.reports))}"
    print_stderr(f"one gate in full: {next_command(one, store)}")


def _print_origin(bucket: Bucket, history: ModelHistory, version: Version) -> None:
    """Print what a version is, who made it when and from what, and what was decided since."""
    from assay.registry.authority import describe_signature

    body = version.entry.body
    signature = describe_signature(bucket, version.entry)
    print_facts(
        {
            "model": f"{version.name}, {version.status}",
            "candidate": body["candidate"],
            **({"chosen": body["chosen"]["because"]} if "chosen" in body else {}),
            "at": f"{version.entry.at} by {version.entry.actor} ({signature})",
        }
    )
    # Apart, so that a digest fits into 80 columns.
    print_facts({"digest": str(version.digest), "run": body["run"]["digest"]})
    _show_decisions(history, version)


def _show_decisions(history: ModelHistory, version: Version) -> None:
    """Print what people decided about a version, and lessons about what failed it."""
    from assay.bucket.digest import Digest
    from assay.bucket.journal import entry_timestamp
    from assay.registry.authority import describe_signature
    from assay.registry.decisions.standing_entries import standing_entries
    from assay.registry.lessons import describe_lessons, entry_causes, find_lessons
    from assay.render.journal_text import entry_sentence
    from assay.util import clock
    from assay.util.printable_text import printable_text

    for entry in standing_entries(history, version):
        sentence = entry_sentence(history.model, entry)
        line = f"{sentence} (by {entry.actor}, {describe_signature(history.bucket, entry)})"
        print_text(f"{clock.display_timestamp(entry_timestamp(entry))}  {printable_text(line)}")
    question = Digest.parse(version.entry.body["question"])
    learnt = find_lessons(history.entries, entry_causes(version.entry), question=question)
    for line in describe_lessons(learnt):
        print_text(f"seen before: {printable_text(line)}")


def _show_object(bucket: Bucket, reference: str, rows: int, *, as_json: bool) -> None:
    from assay.bucket import canonical_json
    from assay.bucket.digest import Digest
    from assay.errors import ReferenceUnknown

    try:
        digest = Digest.parse(reference)
    except ValueError as error:
        raise ReferenceUnknown(f"{reference!r} is no digest: {error}") from None
    data = bucket.objects.get(digest)
    try:
        value = canonical_json.load(data)
    except ValueError:
        path = bucket.objects.url(digest)
        if as_json:
            print_json({"digest": reference, "size": len(data), "path": path})
        else:
            what = (
                "of Parquet, a part of a table" if data.startswith(b"PAR1") else "that are no JSON"
            )
            print_text(f"{len(data):,} bytes {what}: {path}")
        return
    if not as_json and isinstance(value, dict) and value.keys() >= _MANIFEST_KEYS:
        _show_table(bucket, digest, len(data), rows)
    else:
        print_json(value)


_MANIFEST_KEYS = {"format", "rows", "schema", "parts"}  # only a table's manifest has all these


def _show_table(bucket: Bucket, digest: Digest, size: int, max_rows: int) -> None:
    """Print a table's size, its columns and its first rows."""
    from assay.bucket.artifacts import TABLE, Artifact
    from assay.tables.table import Table
    from assay.util.printable_text import printable_text
    from assay.util.wording import format_count

    table = Table.read(
        bucket, Artifact(media_type=TABLE, digest=digest, size=size, name=digest.short)
    )
    columns = table.description
    named = (f"{column['name']} ({column['type']})" for column in columns)
    parts = format_count(len(table.parts), "part")
    print_facts(
        {
            "table": f"{format_count(table.rows, 'row')} in {parts}",
            "columns": printable_text(", ".join(named)),
        }
    )
    shown = [
        [printable_text(_cell_text(value)) for value in row] for row in _first_rows(table, max_rows)
    ]
    if shown:
        print_text("")
        print_rows([printable_text(column["name"]) for column in columns], shown)
    if len(shown) < table.rows:
        left = format_count(table.rows - len(shown), "row")
        print_stderr(f"{left} more; show all with --rows {table.rows}")


def _first_rows(table: Table, max_rows: int) -> Iterator[tuple[Any, ...]]:
    for batch in table.batches() if max_rows else ():
        part = batch.slice(0, max_rows)
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)
        max_rows -= part.num_rows
        if not max_rows:
            return


def _cell_text(value: Any) -> str:
    return "(missing)" if value is None else str(value)
