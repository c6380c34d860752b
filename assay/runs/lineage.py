"""What a version came from, as its run record names it."""

from __future__ import annotations

from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.config.candidates import code_roots
from assay.errors import ObjectMissing
from assay.registry.history import STOPPED, Version
from assay.registry.registry import Registry


def find_training_table(bucket: Bucket, version: Version) -> Artifact:
    """The table that a version was trained and tested on. Raises ObjectMissing."""
    record = bucket.get_json(version.artifact("run"))
    predictions = version.entry.body["predictions"]["digest"]
    for step in record["steps"]:
        made = step["outputs"].get("predictions")
        if made and made["digest"] == predictions and "table" in step["inputs"]:
            return Artifact.model_validate(step["inputs"]["table"])
    raise ObjectMissing(
        f"the run record of {version.name} names no table that it was trained on",
        where=str(version.artifact("run").digest),
        remedy="Restore the record from a backup.",
    )


def ingested_table(bucket: Bucket, run: Artifact) -> Artifact | None:
    """The table that the ingestion of a run made, as its record says. Raises ObjectMissing."""
    made = (step["outputs"].get("table") for step in bucket.get_json(run)["steps"])
    return next((Artifact.model_validate(held) for held in made if held), None)


def find_reference_table(bucket: Bucket, model: str) -> Artifact:
    """The table of the champion, else of the newest version. Raises ReferenceUnknown."""
    return find_training_table(bucket, Registry(bucket).find_version(model))


def candidate_code_roots(bucket: Bucket, version: Version) -> tuple[str, ...]:
    """The code roots of a version's candidate (see `Candidate.code_roots`)."""
    record = bucket.get_json(version.artifact("run"))
    model = str(version.digest)
    for step in record["steps"]:
        made = step["outputs"].get("model")
        if made and made["digest"] == model:
            # Not read as a candidate of today: older ones had other words.
            told = step["components"]["settings"]["candidate"]
            paths = [told["estimator"], *told.get("preprocess", {}).values()]
            return code_roots(paths, told.get("depends", ()))
    return ()


def champion_inputs(champion: Version) -> dict[str, Artifact]:
    """What a champion's predictions depend on besides the table, as inputs of a step."""
    return {
        "champion": champion.artifact("model"),
        "champion_signature": champion.artifact("signature"),
    }


def last_steps(bucket: Bucket, model: str) -> dict[str, Any]:
    """The steps of a use case's last run by name, from its record. Steps that it did not reach,
    because a gate stopped it, come from the last run that was not stopped.

    Retrainings do not count: their rows come from other steps.
    """
    entries = Journal(bucket, model).entries()
    asked = [e for e in entries if "run" in e.body and "retraining" not in e.body]
    whole = [e for e in asked if e.kind != STOPPED]
    records = (
        bucket.get_json(Artifact.model_validate(e.body["run"])) for e in (*whole[-1:], *asked[-1:])
    )
    return {step["name"]: step for record in records for step in record["steps"]}
