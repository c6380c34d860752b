"""A bucket as Python code reads it: models that predict, and tables as frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.bucket import canonical_json
from assay.bucket.artifacts import TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.bucket.open import open_bucket
from assay.errors import DataError, ReferenceUnknown
from assay.registry.registry import Registry
from assay.store.open import default_store_url

if TYPE_CHECKING:
    from assay.learning.scoring_model import ScoringModel
    from assay.tables.table import Table


@dataclass(frozen=True)
class BucketReader:
    """Made by `assay.open`. Reads, and writes nothing."""

    bucket: Bucket

    @classmethod
    def open(cls, store: str | None) -> BucketReader:
        return cls(open_bucket(store or default_store_url()).require_existing())

    def model(self, reference: str) -> ScoringModel:
        """The model behind `income@champion`, `income@3` or `income`; its `predict` takes a frame
        and gives one with `probability` and `decision`.

        Raises what `Registry.load` raises: nothing unproven is loaded.
        """
        return Registry(self.bucket).load(reference)

    def table(self, digest: str) -> Table:
        """The table of a digest (sha256:...), with `pandas()`, `arrow()` and `urls()`.

        Raises ReferenceUnknown for what is no digest, ObjectMissing, DataError for another object.
        """
        from assay.tables.table import Table

        try:
            named = Digest.parse(digest)
        except ValueError as error:
            raise ReferenceUnknown(str(error), remedy="Write sha256: and 64 digits.") from None
        held = self.bucket.objects.get(named)
        if not _is_table(held):
            raise DataError("this object is no table", where=digest)
        described = Artifact(media_type=TABLE, digest=named, size=len(held), name=named.short)
        return Table.read(self.bucket, described)


def _is_table(held: bytes) -> bool:
    try:
        value = canonical_json.load(held)
    except ValueError:
        return False
    return isinstance(value, dict) and {"format", "schema", "parts"} <= value.keys()
