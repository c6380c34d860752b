"""A model's provenance in a format that other tools read.

An in-toto statement: its subject is the model's bytes, its predicate is SLSA provenance. It names
the use case, the source, the code, the environment and the gates' reports. All of it comes from the
run's record, so it says nothing that the record does not prove.

Sources: in-toto Attestation Framework, Statement v1; SLSA v1.0, Provenance predicate v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import __version__
from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:assay:train:v1"
BUILDER_ID = "urn:assay:builder:v1"


def build_statement(
    name: str,
    model: Artifact,
    *,
    record: Artifact,
    run_record: Mapping[str, Any],
    reports: Mapping[str, Artifact],
) -> dict[str, Any]:
    """The statement about `model`, known as `name`. `record` is the artifact of the run's record,
    `run_record` its content.
    """
    return {
        "_type": STATEMENT_TYPE,
        "subject": [_resource_descriptor(name, model.digest)],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"useCase": run_record["configuration"]},
                "internalParameters": {"question": run_record["question"]},
                "resolvedDependencies": [*_dependencies(run_record)],
            },
            "runDetails": {
                "builder": {"id": BUILDER_ID, "version": {"assay": __version__}},
                "metadata": {"invocationId": str(record.digest)},
                "byproducts": [
                    _resource_descriptor("run record", record.digest),
                    *(
                        _resource_descriptor(f"{gate} report", a.digest)
                        for gate, a in reports.items()
                    ),
                ],
            },
        },
    }


def _dependencies(run_record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All inputs: the use case, the table, the code, the environment."""
    code, found = run_record["code"], [_artifact_resource("use case", run_record["use_case"])]
    tables = {
        step["outputs"]["table"]["digest"]: step["outputs"]["table"]
        for step in run_record["steps"]
        if "table" in step["outputs"]
    }
    found += [_artifact_resource("table", table) for table in tables.values()]
    if code["commit"]:
        found.append({"name": "code", "digest": {"gitCommit": code["commit"]}})
    if code["diff"]:
        found.append(_artifact_resource("uncommitted changes to the code", code["diff"]))
    return [*found, _artifact_resource("environment", run_record["environment"])]


def _artifact_resource(name: str, artifact: Mapping[str, Any]) -> dict[str, Any]:
    found = _resource_descriptor(name, Digest.parse(artifact["digest"]))
    return found | {"mediaType": artifact["media_type"]}


def _resource_descriptor(name: str, digest: Digest) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest.hex}}
