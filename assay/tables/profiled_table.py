"""A stored table's profile and a bounded sample of its rows: made in one pass, and kept.

Profiles lie in the bucket as objects, found again through the memo by the digest of the part or
table that they tell of and by the code that made them. A table that grew pays for its new parts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from assay.bucket import canonical_json
from assay.bucket.artifacts import PARQUET, PROFILE, Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.digest import Digest
from assay.steps.code_version import read_code_version
from assay.tables import columns as tables
from assay.tables.profile import TableProfile
from assay.tables.table import Table
from assay.tables.table_writer import encode_parquet
from assay.util.concurrency import ordered_map

SAMPLE_ROWS: Final = 1 << 16  # rows
_SAMPLE_CELLS: Final = 1 << 22  # of a sample; a wide table's has fewer rows
_MIN_SAMPLE_ROWS: Final = 1 << 11
_AT_ONCE: Final = 2  # parts in memory beside the one that is read


@dataclass(frozen=True)
class ProfiledTable:
    """A table's `profile` over all rows, and a `sample` of them in the table's order and types."""

    rows: int
    profile: TableProfile
    sample: pa.Table

    @property
    def is_sampled(self) -> bool:
        """Whether the sample leaves rows out."""
        return len(self.sample) < self.rows


def profile_and_sample(table: Table, *, seed: int = 0) -> ProfiledTable:
    """Profile and sample a table, or find both in its bucket.

    The sample holds one row, drawn at random by `seed`, of each of 65,536 equal stretches of the
    table (fewer for tables of more than 64 columns), so that neighbours stay neighbours.
    Raises ObjectMissing, ObjectCorrupt.
    """
    chosen = _sample_rows(table, seed)
    shelf = _ProfileCache(table)
    drawn = {"what": "sample", "seed": seed, "rows": len(chosen)}
    kept = shelf.find(table.artifact.digest, drawn)
    if kept is not None:
        found = pq.ParquetFile(pa.BufferReader(table.bucket.get(kept))).read()
        return ProfiledTable(
            table.rows, table_profile(table), tables.restore_types(found, table.schema)
        )
    profile, sample = _profile_parts(table, shelf, chosen)
    shelf.put(
        table.artifact.digest,
        drawn,
        encode_parquet(sample),
        PARQUET,
        f"{table.artifact.name} sample",
    )
    return ProfiledTable(table.rows, profile, tables.restore_types(sample, table.schema))


def table_profile(table: Table) -> TableProfile:
    """The table's profile, merged from those of its parts; kept in its bucket."""
    kept = _ProfileCache(table).find(table.artifact.digest, _WHOLE)
    if kept is not None:
        return TableProfile.from_bytes(table.bucket.get(kept))
    return _profile_parts(table, _ProfileCache(table), np.empty(0, np.int64))[0]


_WHOLE: Final = {"what": "profile of a table"}
_PART: Final = {"what": "profile of a part"}


class _ProfileCache:
    """Where what was made of a table or part is found again."""

    def __init__(self, table: Table) -> None:
        self._bucket = table.bucket
        # A part's bytes do not say whether its text is a category: the schema does.
        self._schema = str(Digest.of_bytes(canonical_json.dump(table.description)))

    def find(self, of: Digest, key_fields: dict[str, Any]) -> Artifact | None:
        key, _ = self._key(of, key_fields)
        entry = self._bucket.find_memo_entry(_STAGE, key)
        return Artifact.model_validate(entry["outputs"]["made"]) if entry else None

    def put(
        self, of: Digest, key_fields: dict[str, Any], data: bytes, kind: str, name: str
    ) -> None:
        key, components = self._key(of, key_fields)
        artifact = self._bucket.put(data, kind, name)
        outputs = {"made": artifact.as_json()}
        entry = {"components": components, "needs": [str(artifact.digest)], "outputs": outputs}
        self._bucket.memo.remember(_STAGE, key, entry)

    def _key(self, of: Digest, key_fields: dict[str, Any]) -> tuple[Digest, dict[str, Any]]:
        here = {"stage": _STAGE, "code": _code_digest(), "schema": self._schema, "of": str(of)}
        components = {**here, **key_fields}
        return Digest.of_bytes(canonical_json.dump(components)), components


_STAGE: Final = "observe"


@lru_cache(maxsize=1)
def _code_digest() -> str:
    return str(
        Digest.of_bytes(
            canonical_json.dump(read_code_version("assay.tables.profiled_table").as_json())
        )
    )


def _sample_rows(table: Table, seed: int) -> NDArray[np.int64]:
    """Ascending numbers of the rows that make the sample."""
    most = max(min(SAMPLE_ROWS, _SAMPLE_CELLS // max(len(table.schema), 1)), _MIN_SAMPLE_ROWS)
    if table.rows <= most:
        return np.arange(table.rows, dtype=np.int64)
    starts = np.arange(most + 1, dtype=np.int64) * table.rows // most
    within = np.random.default_rng(seed).random(most)
    chosen: NDArray[np.int64] = starts[:-1] + (within * np.diff(starts)).astype(np.int64)
    return chosen


def _profile_parts(
    table: Table, shelf: _ProfileCache, row_numbers: NDArray[np.int64]
) -> tuple[TableProfile, pa.Table]:
    """The profile, and the chosen rows in the types they are stored in.

    Go over the parts once; those that are profiled already and not sampled are not read.
    """
    kinds = {column["name"]: column["type"] for column in table.description}
    profiles, sampled = [], [_parquet_schema(table.schema).empty_table()]
    for part, rows, known, profile in _iterate_parts(table, shelf, kinds, row_numbers):
        if not known:
            made = profile.to_bytes()
            shelf.put(part.digest, _PART, made, PROFILE, f"profile of {part.name}")
        profiles.append(profile)
        sampled.append(rows)
    empty = TableProfile.from_rows(_parquet_schema(table.schema).empty_table(), kinds)
    whole = TableProfile.merge([empty, *profiles])
    name = f"profile of {table.artifact.name}"
    shelf.put(table.artifact.digest, _WHOLE, whole.to_bytes(), PROFILE, name)
    return whole, pa.concat_tables(sampled).combine_chunks()


def _parquet_schema(schema: pa.Schema) -> pa.Schema:
    stored: pa.Schema = tables.parquet_schema(schema)
    return stored


def _iterate_parts(
    table: Table, shelf: _ProfileCache, kinds: dict[str, str], row_numbers: NDArray[np.int64]
) -> Iterator[tuple[Artifact, pa.Table, bool, TableProfile]]:
    """Each part, its sampled rows, whether its profile was known, and the profile."""
    bounds = np.cumsum([0, *table.part_rows])
    items = list(zip(table.parts, bounds[:-1], bounds[1:], strict=True))
    schema = _parquet_schema(table.schema)

    def work(item: tuple[Artifact, int, int]) -> tuple[Artifact, pa.Table, bool, TableProfile]:
        part, start, stop = item
        kept = shelf.find(part.digest, _PART)
        mine = (
            row_numbers[np.searchsorted(row_numbers, start) : np.searchsorted(row_numbers, stop)]
            - start
        )
        if kept is not None and not len(mine):
            profile = TableProfile.from_bytes(table.bucket.get(kept))
            return part, schema.empty_table(), True, profile
        rows = _read_part(table.bucket, part, kinds)
        sample = rows.take(pa.array(mine)).cast(schema)
        if kept is not None:
            return part, sample, True, TableProfile.from_bytes(table.bucket.get(kept))
        return part, sample, False, TableProfile.from_rows(rows, kinds)

    yield from ordered_map(work, items, _AT_ONCE)


def _read_part(bucket: Bucket, part: Artifact, kinds: dict[str, str]) -> pa.Table:
    """A part's rows, text left in the dictionaries of its Parquet pages: no value is copied."""
    text = [name for name, kind in kinds.items() if kind in {"text", "category"}]
    file = pq.ParquetFile(pa.BufferReader(bucket.get(part)), read_dictionary=text)
    return file.read(columns=list(kinds), use_threads=False)
