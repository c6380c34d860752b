"""`assay show`: a model's version, a run or any object, with what was judged and why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import console, print_facts, print_json, print_text, write_file
from assay.cli.options import AsJson, Store

if TYPE_CHECKING:
    from assay.bucket import Bucket
    from assay.registry import Version


def command(
    reference: Annotated[
        str, typer.Argument(help="income, income@2, income@champion, or a digest sha256:...")
    ],
    gate: Annotated[str | None, typer.Option(help="Show this gate's report alone.")] = None,
    card: Annotated[bool, typer.Option("--card", help="Print the model card.")] = False,
    html: Annotated[Path | None, typer.Option(help="Write the reports to this HTML file.")] = None,
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Show a version of a model and why its gates judged it so, or what an object holds."""
    from assay.bucket import Bucket
    from assay.registry import Registry
    from assay.store import default_url

    bucket = Bucket.open(store or default_url()).existing()
    if reference.startswith("sha256:"):
        _show_object(bucket, reference, as_json=as_json)
        return
    version = Registry(bucket).find(reference)
    if as_json:
        print_json(_as_json(bucket, version, gate))
    elif card:
        print_text(bucket.get(version.artifact("card")).decode())
    else:
        _show_version(bucket, version, gate)
    if html:
        _write(bucket, version, html)


def _as_json(bucket: Bucket, version: Version, gate: str | None) -> dict[str, Any]:
    if gate:
        report: dict[str, Any] = bucket.get_json(_wanted(version, gate)[gate])
        return report
    entry = version.entry
    about = {"name": version.name, "status": version.status, "at": entry.at, "actor": entry.actor}
    return {**about, **entry.body}


def _show_version(bucket: Bucket, version: Version, gate: str | None) -> None:
    from assay.evidence.report import get_report
    from assay.render.terminal import show, verdicts

    body = version.entry.body
    wanted = _wanted(version, gate)
    reports = [get_report(bucket, artifact) for artifact in wanted.values()]
    print_facts(
        {
            "model": f"{version.name}, {version.status}",
            "candidate": body["candidate"],
            "at": f"{version.entry.at} by {version.entry.actor} (unsigned)",
            "digest": str(version.digest),
            "run": body["run"]["digest"],
        }
    )
    for reason in body["reasons"]:
        print_text(f"  {reason}")
    console().print()
    if gate is None:
        verdicts(reports, console())
    for report in reports:
        console().print()
        show(report, console())


def _wanted(version: Version, gate: str | None) -> dict[str, Any]:
    from assay.errors import ReferenceUnknown

    if gate is None:
        return version.reports
    if gate not in version.reports:
        raise ReferenceUnknown(
            f"{version.name} has no report of a gate {gate!r}",
            remedy=f"Its gates: {', '.join(version.reports)}.",
        )
    return {gate: version.reports[gate]}


def _write(bucket: Bucket, version: Version, path: Path) -> None:
    from assay.evidence.report import get_report
    from assay.render.page import page

    reports = [get_report(bucket, artifact) for artifact in version.reports.values()]
    facts = {"Status": version.status, "Candidate": version.entry.body["candidate"]}
    write_file(path, page(reports, title=version.name, facts=facts))


def _show_object(bucket: Bucket, reference: str, *, as_json: bool) -> None:
    from assay import canonical
    from assay.digest import Digest
    from assay.errors import ReferenceUnknown

    try:
        digest = Digest.parse(reference)
    except ValueError as error:
        raise ReferenceUnknown(f"{reference!r} is no digest: {error}") from None
    data = bucket.objects.get(digest)
    try:
        print_json(canonical.load(data))
    except ValueError:
        told = {"digest": reference, "size": len(data), "path": bucket.objects.url(digest)}
        if as_json:
            print_json(told)
        else:
            print_text("{size:,} bytes, no JSON: {path}".format(**told))
