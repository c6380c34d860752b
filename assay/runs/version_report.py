"""A version's report as it stands today: its gates' reports under what became of it since."""

from __future__ import annotations

from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.errors import ReferenceUnknown
from assay.gates.report import Report, get_report
from assay.registry.history import ModelHistory, Version
from assay.render.decision_summary import DecisionSummary, summarize_decision
from assay.render.html_page import render_html
from assay.render.model_decision import version_decision


def report_artifacts(
    history: ModelHistory, version: Version, gate: str | None = None
) -> dict[str, Artifact]:
    """The reports that a version was registered with and that of its last shadow comparison, by
    gate; with `gate`, that one alone. Raises ReferenceUnknown.
    """
    entry = history.last_shadow_comparison(version)
    more = {"shadow": Artifact.model_validate(entry.body["report"])} if entry else {}
    reports = version.reports | more
    if gate is None:
        return reports
    if gate not in reports:
        raise ReferenceUnknown(
            f"{version.name} has no report of a gate {gate!r}",
            remedy=f"Its gates: {', '.join(reports)}.",
        )
    return {gate: reports[gate]}


def read_reports(
    bucket: Bucket, history: ModelHistory, version: Version, gate: str | None = None
) -> list[Report]:
    """The reports themselves. Raises ReferenceUnknown, ObjectMissing, ObjectCorrupt."""
    return [get_report(bucket, one) for one in report_artifacts(history, version, gate).values()]


def version_summary(bucket: Bucket, history: ModelHistory, version: Version) -> DecisionSummary:
    """The first screen of a version: what became of it, and the numbers that decided."""
    reports = read_reports(bucket, history, version)
    return summarize_decision(reports, version_decision(bucket, history, version))


def render_version_report(
    bucket: Bucket, history: ModelHistory, version: Version, gate: str | None = None
) -> bytes:
    """The report, or one gate of it, as one HTML file. Raises as `read_reports` does."""
    reports = read_reports(bucket, history, version, gate)
    summary = None  # one gate's page says what that gate says
    if gate is None:
        summary = summarize_decision(reports, version_decision(bucket, history, version))
    title = f"{version.name}: {gate}" if gate else version.name
    return render_html(reports, title=title, facts=_facts(bucket, version), summary=summary)


def _facts(bucket: Bucket, version: Version) -> dict[str, str]:
    body = version.entry.body
    record: dict[str, Any] = bucket.get_json(version.artifact("run"))
    asked = record["configuration"]
    return {
        "Question": asked["question"],
        "Outcome": version.status,
        "Decision": asked["decision"],
        "Harm of a wrong answer": asked["harm"],
        "Owner": asked["owner"],
        "Candidate": body["candidate"],
        "Judged at": version.entry.at,
    }
