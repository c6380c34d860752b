"""Where a model comes from, said in the words that other tools read.

An in-toto statement whose subject is the model's bytes and whose predicate is SLSA provenance: the
use case and the source it was built from, the code and the environment that built it, the gates'
reports beside it. All of it is taken from the run's record, so it says nothing that the record
does not prove.

Sources: in-toto Attestation Framework, Statement v1; SLSA v1.0, Provenance predicate v1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay import __version__
from assay.artifacts import Artifact
from assay.digest import Digest

PAYLOAD = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PROVENANCE = "https://slsa.dev/provenance/v1"
BUILD = "urn:assay:train:v1"
BUILDER = "urn:assay:builder:v1"


def statement(
    name: str,
    model: Artifact,
    *,
    record: Artifact,
    held: Mapping[str, Any],
    reports: Mapping[str, Artifact],
) -> dict[str, Any]:
    """The statement about `model`, known as `name`. `record` is the run's, `held` what it says."""
    return {
        "_type": STATEMENT,
        "subject": [_resource(name, model.digest)],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {"useCase": held["configuration"]},
                "internalParameters": {"question": held["question"]},
                "resolvedDependencies": [*_dependencies(held)],
            },
            "runDetails": {
                "builder": {"id": BUILDER, "version": {"assay": __version__}},
                "metadata": {"invocationId": str(record.digest)},
                "byproducts": [
                    _resource("run record", record.digest),
                    *(_resource(f"{gate} report", a.digest) for gate, a in reports.items()),
                ],
            },
        },
    }


def _dependencies(held: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Everything that went in: the use case's words, the table, the code, the environment."""
    code, found = held["code"], [_described("use case", held["use_case"])]
    tables = {
        step["outputs"]["table"]["digest"]: step["outputs"]["table"]
        for step in held["steps"]
        if "table" in step["outputs"]
    }
    found += [_described("table", table) for table in tables.values()]
    if code["commit"]:
        found.append({"name": "code", "digest": {"gitCommit": code["commit"]}})
    if code["diff"]:
        found.append(_described("uncommitted changes to the code", code["diff"]))
    return [*found, _described("environment", held["environment"])]


def _described(name: str, artifact: Mapping[str, Any]) -> dict[str, Any]:
    found = _resource(name, Digest.parse(artifact["digest"]))
    return found | {"mediaType": artifact["media_type"]}


def _resource(name: str, digest: Digest) -> dict[str, Any]:
    return {"name": name, "digest": {"sha256": digest.hex}}
