"""What became of a version or of a stopped run, as its first screen needs it."""

from __future__ import annotations

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError
from assay.registry.decisions.pending_promotion import PendingPromotion
from assay.registry.history import STOPPED, ModelHistory, Version
from assay.render.decision_summary import ModelDecision


def version_decision(
    bucket: Bucket,
    history: ModelHistory,
    version: Version,
    pending: PendingPromotion | None,
    command: str = "",
) -> ModelDecision:
    """The decision about a version as it stands now. `command` replaces that of `pending`."""
    body, champion = version.entry.body, history.champion
    against = body["against"]
    return ModelDecision(
        name=version.name,
        outcome=version.status,
        champion=champion is not None and champion.number == version.number,
        against=f"{version.model}@{against}" if against else "",
        waits=pending.reason if pending else "",
        command=(command or pending.command) if pending else "",
        unit=_outcome_unit(bucket, version),
    )


def stop_decision(use_case: str) -> ModelDecision:
    """The decision about a run that a gate stopped before it had a model."""
    return ModelDecision(name=use_case, outcome=STOPPED)


def _outcome_unit(bucket: Bucket, version: Version) -> str:
    """What the outcomes are counted in: "dollars an hour"; "" for classes, or a lost record."""
    try:
        record = bucket.get_json(Artifact.model_validate(version.entry.body["run"]))
    except IntegrityError:  # whoever needs the record itself says so
        return ""
    return record["configuration"]["data"]["target"].get("unit") or ""
