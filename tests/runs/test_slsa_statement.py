"""Statements: what other tools for provenance read, and accept, of a model."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as Message
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from assay.bucket import artifacts
from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest
from assay.bucket.signing import Signer, make_envelope
from assay.runs.slsa_statement import PAYLOAD_TYPE, build_statement


def artifact(name: str, media_type: str = artifacts.JSON) -> Artifact:
    return Artifact(media_type=media_type, digest=Digest.of_bytes(name.encode()), size=1, name=name)


HELD = {
    "question": str(Digest.of_bytes(b"question")),
    "configuration": {"name": "income", "seed": 7},
    "use_case": artifact("words", artifacts.USE_CASE).as_json(),
    "code": {"commit": "c" * 40, "diff": artifact("diff", artifacts.DIFF).as_json()},
    "environment": artifact("environment", artifacts.ENVIRONMENT).as_json(),
    "steps": [
        {"outputs": {"table": artifact("table", artifacts.TABLE).as_json()}},
        {"outputs": {"report": artifact("report", artifacts.REPORT).as_json()}},
    ],
}


def made(held: dict[str, Any] = HELD) -> dict[str, Any]:
    return build_statement(
        "income",
        artifact("model", artifacts.MODEL),
        record=artifact("record", artifacts.RECORD),
        run_record=held,
        reports={"fairness": artifact("report", artifacts.REPORT)},
    )


def test_in_totos_own_library_finds_the_statement_and_its_predicate_valid() -> None:
    message = json_format.ParseDict(made(), Message())
    Statement.copy_from_pb(message).validate()
    provenance = json_format.ParseDict(made()["predicate"], Provenance())
    dependencies = provenance.build_definition.resolved_dependencies
    assert {d.name for d in dependencies} >= {"use case", "table", "code", "environment"}
    assert provenance.run_details.metadata.invocation_id == str(Digest.of_bytes(b"record"))


def test_the_subject_is_the_models_bytes() -> None:
    assert made()["subject"] == [
        {"name": "income", "digest": {"sha256": Digest.of_bytes(b"model").hex}},
    ]


def test_code_that_is_no_checkout_is_left_out() -> None:
    held = HELD | {"code": {"commit": None, "diff": None}}
    names = [d["name"] for d in made(held)["predicate"]["buildDefinition"]["resolvedDependencies"]]
    assert names == ["use case", "table", "environment"]


def test_others_verify_the_envelope_and_refuse_an_altered_one() -> None:
    signer = Signer(Ed25519PrivateKey.generate())
    key = SSlibKey.from_crypto(signer.key.public_key(), keyid=signer.public_key.fingerprint)
    held = make_envelope(PAYLOAD_TYPE, made(), signer)
    accepted = Envelope.from_dict(json.loads(json.dumps(held)))
    assert accepted.verify([key], 1)
    altered = Envelope.from_dict(held | {"payload": "e30="})
    with pytest.raises(VerificationError):
        altered.verify([key], 1)
