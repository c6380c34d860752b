"""How one output differs from the recorded one, in lines that a person can act on."""

from __future__ import annotations

from assay.artifacts import MODEL, TABLE, Artifact
from assay.bucket import Bucket
from assay.errors import IntegrityError
from assay.reproduce.pickled import contents
from assay.reproduce.values import different


def explain(before: Artifact, after: Artifact, old: Bucket, new: Bucket) -> list[str]:
    """Lines on how the artifact `after` in bucket `new` differs from `before` in `old`.

    Tables are told by columns and rows, JSON by paths, models by what their pickles hold, anything
    else by its size.
    """
    if before.media_type != after.media_type:
        return [f"{before.media_type} -> {after.media_type}"]
    try:
        return _explained(before, after, old, new)
    except IntegrityError as error:
        return [f"how cannot be told: {error.what}"]


def _explained(before: Artifact, after: Artifact, old: Bucket, new: Bucket) -> list[str]:
    if before.media_type == TABLE:
        from assay.reproduce.tables import tables_differ
        from assay.tables.read import Table

        return tables_differ(Table.read(old, before), Table.read(new, after))
    if before.media_type == MODEL:
        return models_differ(old.get(before), new.get(after))
    if before.media_type.endswith("json"):
        return different(old.get_json(before), new.get_json(after))
    return [f"{before.size:,} bytes -> {after.size:,} bytes"]


def models_differ(before: bytes, after: bytes) -> list[str]:
    """Which parts of two models' pickles differ. Neither is unpickled: nothing that they name is
    imported or run.
    """
    try:
        lines = different(contents(before), contents(after))
    except ValueError as error:
        return [f"{len(before):,} bytes -> {len(after):,} bytes; which parts: {error}"]
    return lines or [_SHARING]


_SHARING = (
    "every part that can be told is equal; the pickle notes differently which of them are one and "
    "the same object in memory"
)
