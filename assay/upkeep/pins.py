"""Pins: objects that people want to keep though no journal leads to them.

They have a journal of their own, `journals/@pins/`. So no race loses a pin, it is known who pinned
what and why, and an older Assay's collector keeps pinned objects too.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assay.bucket import canonical_json
from assay.bucket.artifacts import JSON, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.journal import (
    NON_MODEL_PREFIX,
    Journal,
    JournalEntry,
    malformed_entry_error,
)
from assay.bucket.objects import object_key
from assay.errors import ObjectMissing, ReferenceUnknown
from assay.upkeep import references
from assay.upkeep.references import ObjectReference

PINS_JOURNAL = f"{NON_MODEL_PREFIX}pins"
PINNED, UNPINNED = "pinned", "unpinned"
_LARGEST_JSON = 64 << 20  # bytes; nothing that Assay writes as JSON comes near


@dataclass(frozen=True, slots=True)
class Pin:
    """An object to keep, and the reason."""

    artifact: Artifact
    entry: JournalEntry

    def as_json(self) -> dict[str, Any]:
        told = {"at": self.entry.at, "actor": self.entry.actor}
        return {**self.artifact.as_json(), **told, "because": self.entry.body["because"]}


class Pins:
    """The pins of one bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._journal = Journal(bucket, PINS_JOURNAL)

    def active_pins(self) -> list[Pin]:
        """The pins that stand now, the latest last. Raises ChainBroken."""
        return list(fold_pins(self._journal.entries()).values())

    def pin(self, digest: Digest, because: str, *, actor: str | None = None) -> bool:
        """Keep an object and all that it leads to. False if it is pinned already.

        Raises ObjectMissing if any of it is gone, ObjectCorrupt.
        """
        artifact = self._artifact_of(digest)
        self._check_reachable(artifact)

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            if digest in fold_pins(entries):
                return None
            return PINNED, {"object": artifact.as_json(), "because": because}

        return self._journal.append(decide, actor=actor) is not None

    def unpin(self, digest: Digest, because: str, *, actor: str | None = None) -> None:
        """Remove an object's pin. Raises ReferenceUnknown."""

        def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
            if digest not in fold_pins(entries):
                return None
            return UNPINNED, {"digest": str(digest), "because": because}

        if self._journal.append(decide, actor=actor) is None:
            raise ReferenceUnknown(
                f"{digest} is not pinned",
                where=self._bucket.root,
                remedy="`assay pin` lists what is.",
            )

    def _artifact_of(self, digest: Digest) -> Artifact:
        """The object as an artifact: JSON if it is JSON, which may refer to other objects."""
        size = next((e.size for e in self._bucket.store.list(object_key(digest))), None)
        data = self._bucket.objects.get(digest) if size is None or size < _LARGEST_JSON else b""
        try:
            canonical_json.load(data)
            kind = JSON
        except ValueError:
            kind = "application/octet-stream"
        return Artifact(media_type=kind, digest=digest, size=size or len(data), name="pinned")

    def _check_reachable(self, artifact: Artifact) -> None:
        """Check that all objects to keep are there, as a run does: see `garbage_collector`."""
        objects = self._bucket.objects

        def inside(reference: ObjectReference) -> list[ObjectReference]:
            if not reference.leads_on:
                return []
            return references.object_references(reference, objects.get(reference.digest))

        reached: dict[Digest, ObjectReference] = {}
        references.follow_references(
            references.find_references(artifact.as_json(), "pin"), reached, inside
        )
        if gone := objects.find_missing(reached):
            raise ObjectMissing(
                f"{artifact.digest} leads to {gone[0]}, which is not in the bucket",
                where=self._bucket.root,
                remedy="Run what made it again; then pin it.",
            )


def fold_pins(entries: Iterable[JournalEntry]) -> dict[Digest, Pin]:
    """The pins that stand after these entries. Raises ChainBroken for a malformed one."""
    held: dict[Digest, Pin] = {}
    for entry in entries:
        try:
            if entry.kind == PINNED:
                artifact = Artifact.model_validate(entry.body["object"])
                held[artifact.digest] = Pin(artifact, entry)
            elif entry.kind == UNPINNED:
                held.pop(Digest.parse(entry.body["digest"]), None)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise malformed_entry_error(PINS_JOURNAL, entry, error) from error
    return held
