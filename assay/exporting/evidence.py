"""What goes with an exported model: what is known of it, as files and as short facts."""

from __future__ import annotations

from assay.exporting.exported_version import ExportedVersion
from assay.registry.decisions.card_words import card_artifact


def evidence_files(exported: ExportedVersion) -> dict[str, bytes]:
    """The model card, the gates' reports, the run record, the provenance, and the journal entry."""
    bucket, version = exported.bucket, exported.version
    found = {
        "card.md": bucket.get(card_artifact(exported.history, version)),
        "record.json": bucket.get(version.artifact("run")),
        "entry.json": version.entry.encode(),
    }
    if "provenance" in version.entry.body:  # entries of early versions have none
        found["provenance.json"] = bucket.get(version.artifact("provenance"))
    return found | {f"reports/{g}.json": bucket.get(a) for g, a in version.reports.items()}


def evidence_facts(exported: ExportedVersion) -> dict[str, str]:
    """Short texts by name, for another tool's tags: who it is, and what proves it."""
    version = exported.version
    gates = version.entry.body["gates"]
    return {
        "assay.model": version.name,
        "assay.model_digest": str(version.digest),
        "assay.status": version.status,
        "assay.run_record": str(version.artifact("run").digest),
        "assay.journal_entry": f"{version.entry.number} {version.entry.digest}",
        "assay.question": str(version.entry.body["question"]),
        **{f"assay.gate.{gate}": str(verdict) for gate, verdict in sorted(gates.items())},
    }
