"""The graph of references: from journals, pins and the memo, through JSON objects, down to bytes.

`verify` and garbage collection both walk it with these functions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from assay.bucket import canonical_json
from assay.bucket.artifacts import find_descriptors
from assay.bucket.digest import Digest
from assay.bucket.journal import JournalEntry
from assay.errors import KeyAbsent
from assay.store.base import Store
from assay.util.concurrency import ordered_map


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """An object, and what refers to it: `referrer` is a journal entry, a memo entry, or the digest
    of another object. `media_type` and `name` are the referrer's; they may be empty.
    """

    digest: Digest
    referrer: str
    media_type: str = ""
    name: str = ""

    @property
    def leads_on(self) -> bool:
        """Whether the object may refer to others."""
        return self.media_type.endswith("json")


def find_references(value: Any, referrer: str) -> Iterator[ObjectReference]:
    """Every reference within a JSON value that `referrer` holds."""
    for found in find_descriptors(value):
        kind, name = str(found["media_type"]), str(found.get("name", ""))
        yield ObjectReference(Digest.parse(found["digest"]), referrer, kind, name)


def journal_references(model: str, entries: Iterable[JournalEntry]) -> Iterator[ObjectReference]:
    """References of a journal's entries."""
    for entry in entries:
        yield from find_references(entry.body, f"entry {entry.number} of the journal of {model}")


def memo_references(store: Store, key: str) -> list[ObjectReference]:
    """References of a memo entry; none if it is gone. Raises ValueError for bytes that are no
    entry.
    """
    by = f"memo entry {key}"
    try:
        held = canonical_json.load(store.get(key))
    except KeyAbsent:
        return []  # forgotten since it was listed
    if not isinstance(held, dict) or not isinstance(held.get("needs", []), list):
        raise ValueError("it is no memo entry")
    needs = [ObjectReference(Digest.parse(str(text)), by) for text in held.get("needs", [])]
    return [*find_references(held, by), *needs]


def object_references(reference: ObjectReference, data: bytes) -> list[ObjectReference]:
    """References in an object's bytes. Raises ValueError if they are no JSON."""
    return [*find_references(canonical_json.load(data), str(reference.digest))]


def follow_references(
    start: Iterable[ObjectReference],
    reached: dict[Digest, ObjectReference],
    references_in: Callable[[ObjectReference], Iterable[ObjectReference]],
) -> int:
    """Follow references level by level; returns how many there were.

    Adds each object to `reached`, with the first reference that leads to it. Several threads call
    `references_in`, once for each object, to learn what it refers to.
    """
    followed, level = 0, [*start]
    while level:
        followed += len(level)
        fresh: dict[Digest, ObjectReference] = {}
        for reference in level:
            if reference.digest not in reached:
                fresh.setdefault(reference.digest, reference)
        reached |= fresh
        level = [one for found in ordered_map(references_in, fresh.values()) for one in found]
    return followed
