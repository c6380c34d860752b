"""`assay show`: a model's version, a run or any object, with what was judged and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import (
    console,
    print_facts,
    print_json,
    print_rows,
    print_text,
    say,
    typed,
    write_file,
)
from assay.cli.options import AsJson, Store

if TYPE_CHECKING:
    from assay.bucket import Bucket
    from assay.digest import Digest
    from assay.evidence.report import Report
    from assay.journal import JournalEntry
    from assay.tables.read import Table
    from assay.versions import History, Version


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
    rows: Annotated[int, typer.Option(min=0, help="Of a table, show so many rows.")] = 20,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Show a version of a model and why its gates judged it so, or what an object holds."""
    from assay.bucket import Bucket
    from assay.registry import Registry
    from assay.store import default_url

    url = store or default_url()
    bucket = Bucket.open(url).existing()
    if reference.startswith("sha256:"):
        _show_object(bucket, reference, rows, as_json=as_json)
        return
    history, version = Registry(bucket).look_up(reference)
    if as_json:
        print_json(_as_json(bucket, history, version, gate))
    elif card:
        print_text(bucket.get(version.artifact("card")).decode())
    elif provenance:
        print_json(bucket.get_json(version.artifact("provenance")))
    else:
        _show_version(bucket, history, version, gate, url)
    if html:
        _write(bucket, history, version, gate, html)
        say(f"written: {html}")


def _as_json(
    bucket: Bucket, history: History, version: Version, gate: str | None
) -> dict[str, Any]:
    from assay.decisions.waiting import waiting

    if gate:
        report: dict[str, Any] = bucket.get_json(_wanted(history, version, gate)[gate])
        return report
    entry = version.entry
    about = {"name": version.name, "status": version.status, "at": entry.at, "actor": entry.actor}
    standing = {"standing": [e.number for e in _standing(history, version)]}
    last = history.shadowed(version)
    shadow = {"shadow": last and last.body}
    awaits = waiting(bucket, history, version)
    pointing = [alias for alias, number in history.aliases.items() if number == version.number]
    retired = {"retired": version.number in history.retired}
    awaited = {"awaits": awaits and awaits.why}
    return {**about, **entry.body, "aliases": pointing, **retired, **standing, **shadow, **awaited}


def _show_version(
    bucket: Bucket, history: History, version: Version, gate: str | None, store: str
) -> None:
    """One gate in full; of all gates the verdicts, and the checks that did not pass."""
    from assay.decisions.waiting import waiting
    from assay.render.terminal import show_all, verdicts
    from assay.render.words import findings, printable
    from assay.trust import signed

    body = version.entry.body
    reports = _reports(bucket, history, version, gate)
    print_facts(
        {
            "model": f"{version.name}, {version.status}",
            "candidate": body["candidate"],
            **({"chosen": body["chosen"]["because"]} if "chosen" in body else {}),
            "at": f"{version.entry.at} by {version.entry.actor} ({signed(version.entry)})",
            "digest": str(version.digest),
            "run": body["run"]["digest"],
        }
    )
    _show_standing(history, version)
    if awaits := waiting(bucket, history, version):
        print_text(f"{printable(awaits.why)}\n  {typed(awaits.command, store)}")
    out = console()
    out.print()
    if gate is None:
        verdicts(reports, out)
        out.print()
        reports = [report for report in reports if findings(report)]
    show_all(reports, out, brief=gate is None)
    if gate is None:
        one = f"assay show {version.name} --gate {next(iter(version.reports))}"
        say(f"one gate in full: {typed(one, store)}")


def _show_standing(history: History, version: Version) -> None:
    """What people decided of a version, and what was learnt of what stood in its way."""
    from assay import moments
    from assay.digest import Digest
    from assay.lessons import causes_of, in_words, recalled
    from assay.render.story import sentence
    from assay.render.words import printable
    from assay.trust import signed

    for entry in _standing(history, version):
        told = f"{sentence(history.model, entry)} (by {entry.actor}, {signed(entry)})"
        print_text(f"{moments.shown(moments.of(entry))}  {printable(told)}")
    question = Digest.parse(version.entry.body["question"])
    learnt = recalled(history.entries, causes_of(version.entry), question=question)
    for line in in_words(learnt):
        print_text(f"seen before: {printable(line)}")


def _standing(history: History, version: Version) -> list[JournalEntry]:
    """The entries by which a version stands where it does: approvals, waivers, the promotion and
    the rollback by which an alias points at it, its retirement; and its last comparison in shadow.
    """
    from assay.versions import APPROVED, RETIRED, WAIVED

    kinds = (APPROVED, WAIVED, RETIRED)
    own = [e for e in history.entries if e.kind in kinds and e.body["version"] == version.number]
    for alias, number in history.aliases.items():
        if number == version.number:
            own += [history.trails[alias][-1], history.since[alias]]
    if last := history.shadowed(version):
        own.append(last)
    return sorted({entry.number: entry for entry in own}.values(), key=lambda entry: entry.number)


def _reports(bucket: Bucket, history: History, version: Version, gate: str | None) -> list[Report]:
    from assay.evidence.report import get_report

    return [get_report(bucket, artifact) for artifact in _wanted(history, version, gate).values()]


def _wanted(history: History, version: Version, gate: str | None) -> dict[str, Any]:
    from assay.errors import ReferenceUnknown

    reports = _every(history, version)
    if gate is None:
        return reports
    if gate not in reports:
        raise ReferenceUnknown(
            f"{version.name} has no report of a gate {gate!r}",
            remedy=f"Its gates: {', '.join(reports)}.",
        )
    return {gate: reports[gate]}


def _every(history: History, version: Version) -> dict[str, Any]:
    """The reports of the gates that a version was registered by, and of its shadow."""
    from assay.artifacts import Artifact

    entry = history.shadowed(version)
    more = {"shadow": Artifact.model_validate(entry.body["report"])} if entry else {}
    return version.reports | more


def _write(
    bucket: Bucket, history: History, version: Version, gate: str | None, path: Path
) -> None:
    from assay.artifacts import Artifact
    from assay.render.page import page

    body = version.entry.body
    asked = bucket.get_json(Artifact.model_validate(body["run"]))["configuration"]
    facts = {
        "Question": asked["question"],
        "Outcome": version.status,
        "Decision": asked["decision"],
        "Harm of a wrong answer": asked["harm"],
        "Owner": asked["owner"],
        "Candidate": body["candidate"],
        "Judged at": version.entry.at,
    }
    title = f"{version.name}: {gate}" if gate else version.name
    write_file(path, page(_reports(bucket, history, version, gate), title=title, facts=facts))


def _show_object(bucket: Bucket, reference: str, rows: int, *, as_json: bool) -> None:
    from assay import canonical
    from assay.digest import Digest
    from assay.errors import ReferenceUnknown

    try:
        digest = Digest.parse(reference)
    except ValueError as error:
        raise ReferenceUnknown(f"{reference!r} is no digest: {error}") from None
    data = bucket.objects.get(digest)
    try:
        value = canonical.load(data)
    except ValueError:
        told = {"digest": reference, "size": len(data), "path": bucket.objects.url(digest)}
        what = " of Parquet, a part of a table" if data.startswith(b"PAR1") else ", no JSON"
        if as_json:
            print_json(told)
        else:
            print_text("{size:,} bytes{what}: {path}".format(what=what, **told))
        return
    if not as_json and isinstance(value, dict) and value.keys() >= _MANIFEST:
        _show_table(bucket, digest, len(data), rows)
    else:
        print_json(value)


_MANIFEST = {"format", "rows", "schema", "parts"}  # what a table's has, and no other object


def _show_table(bucket: Bucket, digest: Digest, size: int, most: int) -> None:
    """What a table is, its columns, and its first rows."""
    from assay.artifacts import TABLE, Artifact
    from assay.evidence.amounts import some
    from assay.render.words import printable
    from assay.tables.read import Table

    table = Table.read(
        bucket, Artifact(media_type=TABLE, digest=digest, size=size, name=digest.short)
    )
    columns = table.description
    named = (f"{column['name']} ({column['type']})" for column in columns)
    print_facts(
        {
            "table": f"{some(table.rows, 'row')} in {some(len(table.parts), 'part')}",
            "columns": printable(", ".join(named)),
        }
    )
    shown = [[printable(_cell(value)) for value in row] for row in _first(table, most)]
    if shown:
        print_text("")
        print_rows([printable(column["name"]) for column in columns], shown)
    if len(shown) < table.rows:
        say(f"{some(table.rows - len(shown), 'row')} more: --rows {table.rows} shows all")


def _first(table: Table, most: int) -> Iterator[tuple[Any, ...]]:
    for batch in table.batches() if most else ():
        part = batch.slice(0, most)
        yield from zip(*(column.to_pylist() for column in part.columns), strict=True)
        most -= part.num_rows
        if not most:
            return


def _cell(value: Any) -> str:
    return "(missing)" if value is None else str(value)
