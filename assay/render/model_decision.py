"""What became of a registered version, as its first screen needs it."""

from __future__ import annotations

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.registry.decisions.pending_promotion import find_pending_promotion
from assay.registry.history import ModelHistory, Version
from assay.render.decision_summary import ModelDecision


def version_decision(bucket: Bucket, history: ModelHistory, version: Version) -> ModelDecision:
    """The outcome of a version as its journal has it now: champion, waiting, rejected."""
    champion, body = history.champion, version.entry.body
    pending = find_pending_promotion(bucket, history, version)
    record = bucket.get_json(Artifact.model_validate(body["run"]))
    target = record["configuration"]["data"]["target"]
    against = body.get("against")
    return ModelDecision(
        name=version.name,
        outcome=version.status,
        champion=champion is not None and champion.number == version.number,
        against=f"{version.model}@{against}" if against is not None else "",
        waits=pending.reason if pending else "",
        command=pending.command if pending else "",
        unit=target.get("unit") or "" if isinstance(target, dict) else "",
    )
