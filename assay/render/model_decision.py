"""What became of a registered version, as its first screen needs it."""

from __future__ import annotations

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError
from assay.registry.decisions.pending_promotion import find_pending_promotion
from assay.registry.history import ModelHistory, Version
from assay.render.decision_summary import ModelDecision


def version_decision(bucket: Bucket, history: ModelHistory, version: Version) -> ModelDecision:
    """The outcome of a version as its journal has it now: champion, waiting, rejected."""
    champion, body = history.champion, version.entry.body
    pending = find_pending_promotion(bucket, history, version)
    against, refusal = body.get("against"), history.last_refusal(version.number)
    served = version.number in history.served_versions
    return ModelDecision(
        name=version.name,
        outcome=version.status,
        champion=champion is not None and champion.number == version.number,
        against=f"{version.model}@{against}" if against is not None else "",
        waits=pending.reason if pending else "",
        command=pending.command if pending else "",
        refusal=f"{refusal.actor}: {refusal.body['text']}" if refusal and not served else "",
        unit=_outcome_unit(bucket, version),
    )


def _outcome_unit(bucket: Bucket, version: Version) -> str:
    """What outcomes are counted in: "dollars an hour"; "" for classes, or a lost record."""
    try:
        record = bucket.get_json(Artifact.model_validate(version.entry.body["run"]))
    except IntegrityError:  # whoever needs the record itself says so
        return ""
    target = record["configuration"]["data"]["target"]
    return target.get("unit") or "" if isinstance(target, dict) else ""
