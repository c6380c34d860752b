"""What refers to what: from journals, pins and the memo, through JSON objects, down to bytes.

`verify` and garbage collection walk the same graph; this is the one way to walk it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from assay import canonical
from assay.artifacts import descriptors
from assay.digest import Digest
from assay.errors import KeyAbsent
from assay.journal import JournalEntry
from assay.objects import concurrently
from assay.store.base import Store


@dataclass(frozen=True, slots=True)
class Reference:
    """An object, and who refers to it: `by` is an entry of a journal, a memo entry, or the
    digest of another object. `media_type` and `name` are as the referrer says; perhaps empty.
    """

    digest: Digest
    by: str
    media_type: str = ""
    name: str = ""

    @property
    def leads_on(self) -> bool:
        """Whether the object may refer to others."""
        return self.media_type.endswith("json")


def within(value: Any, by: str) -> Iterator[Reference]:
    """Every reference within a JSON value that `by` holds."""
    for found in descriptors(value):
        kind, name = str(found["media_type"]), str(found.get("name", ""))
        yield Reference(Digest.parse(found["digest"]), by, kind, name)


def of_journal(model: str, entries: Iterable[JournalEntry]) -> Iterator[Reference]:
    """What a journal's entries refer to."""
    for entry in entries:
        yield from within(entry.body, f"entry {entry.number} of the journal of {model}")


def of_memo(store: Store, key: str) -> list[Reference]:
    """What a memo entry refers to; nothing if it is gone. Raises ValueError if it is none."""
    by = f"memo entry {key}"
    try:
        held = canonical.load(store.get(key))
    except KeyAbsent:
        return []  # forgotten since it was listed
    if not isinstance(held, dict) or not isinstance(held.get("needs", []), list):
        raise ValueError("it is no memo entry")
    needs = [Reference(Digest.parse(str(text)), by) for text in held.get("needs", [])]
    return [*within(held, by), *needs]


def of_object(reference: Reference, data: bytes) -> list[Reference]:
    """What the bytes of an object refer to. Raises ValueError if they are no JSON."""
    return [*within(canonical.load(data), str(reference.digest))]


def follow(
    start: Iterable[Reference],
    reached: dict[Digest, Reference],
    inside: Callable[[Reference], Iterable[Reference]],
) -> int:
    """Go from reference to reference, level by level; how many there were.

    Adds to `reached` each object with the first reference that leads there. `inside` says where
    an object leads on to; it is asked once for each, by several threads.
    """
    followed, level = 0, [*start]
    while level:
        followed += len(level)
        fresh: dict[Digest, Reference] = {}
        for reference in level:
            if reference.digest not in reached:
                fresh.setdefault(reference.digest, reference)
        reached |= fresh
        level = [one for found in concurrently(inside, fresh.values()) for one in found]
    return followed
