"""The report of a look as a page of its own, made at each request from what the journal names."""

from __future__ import annotations

import re

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal, entry_timestamp, malformed_entry_error
from assay.gates.report import get_report
from assay.registry.history import MONITORED
from assay.render.gate_summary import summarize_gate
from assay.render.html_page import render_html
from assay.util import clock

LOOK_PATH = re.compile(r"look/(?P<model>[^/]+)/(?P<entry>[0-9]{1,9})")


def render_look(bucket: Bucket, model: str, number: int) -> bytes | None:
    """The page of the look that an entry of a model's journal records; None if it records none.

    Raises ChainBroken, ObjectMissing, ObjectCorrupt.
    """
    entries = Journal(bucket, model).entries()
    entry = entries[number - 1] if 0 < number <= len(entries) else None
    if entry is None or entry.kind != MONITORED:
        return None
    try:
        artifact = Artifact.model_validate(entry.body["report"])
        title = f"{model}@{entry.body['version']}, look {entry.body['look']}"
        answer = f"Look {entry.body['look']} says {entry.body['verdict']}"
    except (KeyError, ValueError) as error:
        raise malformed_entry_error(model, entry, error) from error
    report = get_report(bucket, artifact)
    when = clock.display_timestamp(entry_timestamp(entry))
    facts = {"As of (UTC)": when, "Entry": str(number), "By": entry.actor}
    summary = summarize_gate(report, answer=answer)
    return render_html([report], title=title, facts=facts, summary=summary)
