"""A run that is compared: by the version that it made, by its digest, or by its use case."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry, list_journals
from assay.config.loaded_use_case import LoadedUseCase, parse_use_case
from assay.errors import ConfigError, IntegrityError, ReferenceUnknown
from assay.registry.batch_ledger import is_ledger
from assay.registry.history import REGISTERED, ModelHistory, Version
from assay.registry.registry import Registry


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """A run's record, and the version that it made; None for a run that stopped before."""

    bucket: Bucket
    model: str
    entry: JournalEntry
    record: dict[str, Any]
    version: Version | None

    @property
    def name(self) -> str:
        if self.version:
            return self.version.name
        return f"run {Digest.parse(self.entry.body['run']['digest']).short}"

    @cached_property
    def loaded(self) -> LoadedUseCase:
        """Its use case, with the lines of its keys. Raises ConfigError for one that this version of
        Assay does not read, and ObjectMissing.
        """
        return parse_use_case(
            self.bucket.get_json(Artifact.model_validate(self.record["use_case"]))
        )

    @property
    def steps(self) -> list[dict[str, Any]]:
        steps: list[dict[str, Any]] = self.record["steps"]
        return steps

    def steps_of(self, *stages: str) -> list[dict[str, Any]]:
        """The steps of these stages, in their order."""
        return [step for step in self.steps if step["components"]["stage"] in stages]

    @property
    def training_step(self) -> dict[str, Any] | None:
        """The step that made the version's model."""
        if self.version is None:
            return None
        model = str(self.version.digest)
        steps = self.steps_of("train")
        return next((s for s in steps if s["outputs"]["model"]["digest"] == model), None)

    @property
    def table(self) -> Artifact | None:
        """The table that the run learnt from."""
        steps = [self.training_step, *reversed(self.steps)]
        held = (step["inputs"].get("table") for step in steps if step)
        found = next((one for one in held if one), None)
        return Artifact.model_validate(found) if found else None

    @property
    def source(self) -> dict[str, Any]:
        """What ingestion said of the source; empty where the run read none, or it is gone."""
        for step in self.steps_of("ingest"):
            if held := step["outputs"].get("source"):
                with suppress(IntegrityError):
                    told: dict[str, Any] = self.bucket.get_json(Artifact.model_validate(held))
                    return dict(told.get("source") or {})
        return {}

    def artifact(self, name: str) -> Artifact | None:
        """A part of the version; None where there is none."""
        held = self.version.entry.body.get(name) if self.version else None
        return Artifact.model_validate(held) if held else None


def find_compared_run(bucket: Bucket, reference: str) -> ComparedRun:
    """The run behind a version (income@2), a use case (income: its champion, else its newest
    version), or a run's digest. Raises ReferenceUnknown, ObjectMissing.
    """
    if reference.startswith("sha256:"):
        return _find_by_digest(bucket, reference)
    _, version = Registry(bucket).resolve_reference(reference)
    record = bucket.get_json(version.artifact("run"))
    return ComparedRun(bucket, version.model, version.entry, record, version)


def _find_by_digest(bucket: Bucket, reference: str) -> ComparedRun:
    try:
        digest = Digest.parse(reference)
    except ValueError as error:
        raise ReferenceUnknown(f"{reference!r} is no digest: {error}") from None
    for history in _histories(bucket):
        own = [e for e in history.entries if e.body.get("run", {}).get("digest") == str(digest)]
        if not own:
            continue
        record = bucket.get_json(Artifact.model_validate(own[0].body["run"]))
        versions = [v for v in history.versions.values() if v.entry in own]
        # Of several candidates that one run judged, the one that it registered.
        versions.sort(key=lambda version: version.status == REGISTERED)
        version = versions[-1] if versions else None
        entry = version.entry if version else own[0]
        return ComparedRun(bucket, history.model, entry, record, version)
    raise ReferenceUnknown(
        f"no journal names a run {digest.short}",
        where=bucket.root,
        remedy="`assay show MODEL@N` names the run of a version.",
    )


def _histories(bucket: Bucket) -> Iterator[ModelHistory]:
    for name in list_journals(bucket.store):
        if not is_ledger(name):
            yield Registry(bucket).history(name)


def readable_use_case(run: ComparedRun) -> LoadedUseCase | None:
    """Its use case; None where this version of Assay does not read it, or it is gone."""
    try:
        return run.loaded
    except (ConfigError, IntegrityError):
        return None
