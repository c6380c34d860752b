"""The Python interface to a bucket: models that predict, and tables as frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from assay.bucket import canonical_json
from assay.bucket.artifacts import TABLE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.errors import DataError, ReferenceUnknown
from assay.registry.open import open_bucket
from assay.registry.recorded_people import PeopleInForce, people_in_force
from assay.registry.registry import Registry
from assay.store.open import default_store_url

if TYPE_CHECKING:
    from assay.learning.scoring_model import ScoringModel
    from assay.tables.table import Table


@dataclass(frozen=True)
class BucketReader:
    """Reads a bucket and writes nothing; made by `assay.open`."""

    bucket: Bucket

    @classmethod
    def open(cls, store: str | None) -> BucketReader:
        return cls(open_bucket(store or default_store_url()).require_existing())

    @property
    def people(self) -> PeopleInForce:
        """The people whose signatures count here, and where they come from (`origin`).

        Raises PeopleUntrusted, ConfigError.
        """
        return people_in_force(self.bucket)

    def model(self, reference: str) -> ScoringModel:
        """The model behind `income@champion`, `income@3` or `income`.

        Its `predict` takes a frame and returns one of answers: of a yes or no `probability` and
        `decision`, else the columns that its signature's outputs name. Raises what `Registry.load`
        raises: nothing unproven is loaded.
        """
        return Registry(self.bucket).load(reference)

    def table(self, digest: str) -> Table:
        """The table of a digest (sha256:...), with `to_pandas()`, `to_arrow()` and `urls()`.

        Raises ReferenceUnknown for text that is no digest, ObjectMissing, and DataError for an
        object that is no table.
        """
        from assay.tables.table import Table

        try:
            named = Digest.parse(digest)
        except ValueError as error:
            raise ReferenceUnknown(str(error), remedy="Write sha256: and 64 digits.") from None
        data = self.bucket.objects.get(named)
        if not _is_table(data):
            raise DataError("this object is no table", where=digest)
        described = Artifact(media_type=TABLE, digest=named, size=len(data), name=named.short)
        return Table.read(self.bucket, described)


def _is_table(data: bytes) -> bool:
    try:
        value = canonical_json.load(data)
    except ValueError:
        return False
    return isinstance(value, dict) and {"format", "schema", "parts"} <= value.keys()
