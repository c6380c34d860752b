"""How one output differs from the recorded one, in lines for people."""

from __future__ import annotations

from assay.bucket.artifacts import MODEL, TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError
from assay.reproduce.pickle_contents import pickle_contents
from assay.reproduce.value_differences import value_differences


def explain_difference(before: Artifact, after: Artifact, old: Bucket, new: Bucket) -> list[str]:
    """Lines on how the artifact `after` in bucket `new` differs from `before` in `old`.

    Tables are compared by columns and rows, JSON by paths, models by the contents of their pickles,
    anything else by size.
    """
    if before.media_type != after.media_type:
        return [f"{before.media_type} -> {after.media_type}"]
    try:
        return _explain_content(before, after, old, new)
    except IntegrityError as error:
        return [f"how cannot be told: {error.what}"]


def _explain_content(before: Artifact, after: Artifact, old: Bucket, new: Bucket) -> list[str]:
    if before.media_type == TABLE:
        from assay.reproduce.table_differences import table_differences
        from assay.tables.table import Table

        return table_differences(Table.read(old, before), Table.read(new, after))
    if before.media_type == MODEL:
        return model_differences(old.get(before), new.get(after))
    if before.media_type.endswith("json"):
        return value_differences(old.get_json(before), new.get_json(after))
    return [f"{before.size:,} bytes -> {after.size:,} bytes"]


def model_differences(before: bytes, after: bytes) -> list[str]:
    """Which parts of two models' pickles differ. Neither is unpickled, so no code that they name is
    imported or run.
    """
    try:
        lines = value_differences(pickle_contents(before), pickle_contents(after))
    except ValueError as error:
        return [f"{len(before):,} bytes -> {len(after):,} bytes; which parts: {error}"]
    return lines or [_SHARING_DIFFERS]


_SHARING_DIFFERS = (
    "every part that can be told is equal; the pickle notes differently which of them are one and "
    "the same object in memory"
)
