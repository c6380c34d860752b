"""The tables of a use case's earlier runs."""

from __future__ import annotations

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.runs.lineage import ingested_table
from assay.steps.step import referenced_objects
from assay.tables.table import Table
from assay.tables.table_writer import IDENTITY_RULE


def previous_table(bucket: Bucket, model: str, table: Artifact) -> Artifact | None:
    """The table of the latest journal entry made from a table other than `table`; None if there is
    none. Asking again for the same table gives the same answer.

    Skips a table that a retraining gathered, whose columns are not the source's alone, and one
    whose objects are gone from the bucket. Raises ChainBroken, ObjectMissing.
    """
    for entry in reversed(Journal(bucket, model).entries()):
        if "run" in entry.body and "retraining" not in entry.body:
            found = ingested_table(bucket, Artifact.model_validate(entry.body["run"]))
            if found and found.digest != table.digest and _has_all_objects(bucket, found):
                return found
    return None


def inherited_identity_rule(bucket: Bucket, model: str) -> int:
    """By which rule the rows of a use case are told apart: that of its latest table with text.
    Its split, its predictions and its labels were made by that rule; without one, today's.

    Raises ChainBroken, ObjectMissing.
    """
    for entry in reversed(Journal(bucket, model).entries()):
        if "run" in entry.body:
            found = ingested_table(bucket, Artifact.model_validate(entry.body["run"]))
            if found and bucket.objects.has(found.digest):
                table = Table.read(bucket, found)
                if any(column["type"] in {"text", "category"} for column in table.description):
                    return table.identity_rule
    return IDENTITY_RULE


def _has_all_objects(bucket: Bucket, table: Artifact) -> bool:
    return bucket.objects.has(table.digest) and not bucket.objects.find_missing(
        referenced_objects(bucket, table)
    )
