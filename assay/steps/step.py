"""A step: one stage run once for given inputs, or found done in the result cache.

Its key is the canonical JSON of everything that can change its outcome: the stage, its code,
the distributions that code imports, the slice of the use case that it reads, its inputs' digests
and the seed. The components are kept beside the outputs, so that a difference can be named.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from assay.bucket import canonical_json
from assay.bucket.artifacts import REPORT, TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.steps import cpu_time, peak_memory
from assay.steps.code_version import CodeVersion

ArtifactMap = Mapping[str, Artifact]


class Step(BaseModel):
    """One stage's inputs and outputs. `seconds`: the time it took when it was computed. `memory`:
    the process's peak in bytes meanwhile, where known. `cpu`: the CPU seconds of the process and of
    those that it started meanwhile; None for a step of before they were counted. `signed_by`: the
    key of whoever computed a cached step, where signatures are required.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    key: Digest
    components: dict[str, Any]
    inputs: dict[str, Artifact]
    outputs: dict[str, Artifact]
    cached: bool
    seconds: float
    memory: int | None = None
    cpu: float | None = None
    verdict: str | None = None  # of the report among the outputs, where the stage is a gate
    signed_by: str | None = None

    def __getitem__(self, name: str) -> Artifact:
        return self.outputs[name]

    def as_json(self) -> dict[str, Any]:
        absent = {name for name in ("cpu", "signed_by") if getattr(self, name) is None}
        return self.model_dump(mode="json", exclude=absent)


def perform(
    bucket: Bucket,
    stage: str,
    *,
    code: CodeVersion,
    inputs: ArtifactMap,
    settings: Mapping[str, Any],
    seed: int,
    work: Callable[[], ArtifactMap],
    label: str | None = None,
    always: bool = False,
) -> Step:
    """Take the step for these inputs: from the memo, or by doing `work`.

    `settings` is the slice of the use case that the stage reads, as JSON. A memo entry counts
    only if everything it points to is still in the bucket. With `always` the work is done
    whatever the memo says. `label` tells steps of one stage apart for people.
    """
    made_of = key_components(stage, code=code, inputs=inputs, settings=settings, seed=seed)
    if not always and (step := find_step(bucket, made_of, inputs=inputs, label=label)):
        return step
    peak_memory.reset_peak()
    began, computed = time.perf_counter(), cpu_time.read_cpu_seconds()
    outputs = dict(work())
    kept = {
        "outputs": {name: artifact.as_json() for name, artifact in outputs.items()},
        "seconds": round(time.perf_counter() - began, 3),
        "memory": peak_memory.read_peak(),
        # A process that was never waited for takes its time with it.
        "cpu": round(max(cpu_time.read_cpu_seconds() - computed, 0.0), 3),
        "verdict": _report_verdict(bucket, outputs),
    }
    needs = [
        str(digest)
        for artifact in outputs.values()
        for digest in referenced_objects(bucket, artifact)
    ]
    key = step_key(made_of)
    bucket.memo.remember(stage, key, {"components": made_of, "needs": needs, **kept})
    return _make_step(key, made_of, inputs, label, cached=False, **kept)


def key_components(
    stage: str, *, code: CodeVersion, inputs: ArtifactMap, settings: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """Everything that can change a step's outputs, as JSON."""
    return {
        "stage": stage,
        "code": code.modules,
        "distributions": code.distributions,
        "settings": dict(settings),
        "exact": exact_digest(settings),
        "inputs": {name: str(artifact.digest) for name, artifact in inputs.items()},
        "seed": seed,
    }


def step_key(components: Mapping[str, Any]) -> Digest:
    """A step's key."""
    return Digest.of_bytes(canonical_json.dump(components))


def find_step(
    bucket: Bucket, components: Mapping[str, Any], *, inputs: ArtifactMap, label: str | None = None
) -> Step | None:
    """The step of these components, if the memo knows it and all its outputs are there."""
    key = step_key(components)
    entry = bucket.find_memo_entry(components["stage"], key)
    if entry is None:
        return None
    try:
        by = bucket.memo.signer_of(entry)
        stored = _stored_fields(entry)
        return _make_step(key, components, inputs, label, cached=True, signed_by=by, **stored)
    except ValidationError:  # it was altered
        bucket.memo.forget(components["stage"], key)
        return None


def _make_step(
    key: Digest, components: Mapping[str, Any], inputs: ArtifactMap, label: str | None, **known: Any
) -> Step:
    name = label or components["stage"]
    return Step(name=name, key=key, components=dict(components), inputs=dict(inputs), **known)


def _stored_fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    # Older entries lack the memory and the CPU time.
    return {"memory": None, "cpu": None, **{k: entry[k] for k in _STORED_FIELDS if k in entry}}


_STORED_FIELDS = ("outputs", "seconds", "memory", "cpu", "verdict")


def _report_verdict(bucket: Bucket, outputs: ArtifactMap) -> str | None:
    reports = [a for a in outputs.values() if a.media_type == REPORT]
    return bucket.get_json(reports[0])["verdict"] if reports else None


def exact_digest(value: Mapping[str, Any]) -> str:
    """Digest of settings that keeps whole numbers and floats apart, and the order of keys.

    Canonical JSON writes 1.0 as 1, and to an estimator they may mean all features, and one; it
    sorts keys, and what is reported of groups and limits comes in the order in which they stand.
    """
    return str(Digest.of_bytes(json.dumps(value).encode()))


def referenced_objects(bucket: Bucket, artifact: Artifact) -> list[Digest]:
    """The artifact's object, and for a table the objects of its parts."""
    if artifact.media_type != TABLE:
        return [artifact.digest]
    parts = bucket.get_json(artifact)["parts"]
    return [artifact.digest, *(Digest.parse(part["digest"]) for part in parts)]
