"""The rows of a retraining: the first table's, and those that were scored and labelled since.

They stand in order of arrival, the first table's first. Of a row that came more than once, by its
identity, the last counts, with the label known now. Without a declared identity, equal rows are
different rows: each counts, with its own label. Rows without a label are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.production import TrainingWindow
from assay.config.use_case import UseCase
from assay.dataset.row_identity import identity_hashes
from assay.errors import DataError
from assay.problems.outcome_format import OutcomeFormat, Outcomes, TargetValues
from assay.production.labels.known_labels import own_labels, use_case_outcomes
from assay.registry.batch_ledger import BatchHistory
from assay.tables import columns
from assay.tables.rowhash import Hashes
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from assay.util.sorted_arrays import isin_sorted, sorted_unique

LabelLookup = Callable[[Hashes], Outcomes]
"""For the units of some rows what became of them, or that it is not known (see `OutcomeFormat`)."""

_FIRST_TABLE: Final = 0  # stands for the ledger entry of the first table's rows


@dataclass(frozen=True)
class RowSelection:
    """Which labelled rows count. `harm_since`: the ledger's length before the harm."""

    window: str | TrainingWindow
    harm_since: int | None
    as_of: datetime
    minimum_rows: int
    """Where fewer rows came since, the newest of those before are taken as well."""


@dataclass(frozen=True)
class TrainingRows:
    """`table` holds the rows. `arrival_entries` names for each row the ledger entry that brought it
    (0: the first table). `row_counts`: how many rows are of the first table, and how many came
    later.
    """

    table: Artifact
    arrival_entries: Artifact
    row_counts: dict[str, int]


def training_sources(
    bucket: Bucket,
    first_table: Artifact,
    batches: BatchHistory,
    labels: LabelLookup,
    use_case: UseCase,
) -> list[TrainingSource]:
    """The table of the use case's source, then every batch since, once, in order."""
    named, outcomes = bool(use_case.data.identity), use_case_outcomes(use_case)

    def read(artifact: Artifact, number: int, as_of: str | None) -> TrainingSource:
        table = Table.read(bucket, artifact)
        units = identity_hashes(table, use_case) if named else None
        truth = _own_truth(table, use_case, outcomes) if units is None else labels(units)
        when = datetime.fromisoformat(as_of) if as_of else None
        return TrainingSource(table, number, when, units, truth, outcomes)

    # Nameless rows are not known again where another version read their batch otherwise.
    came = batches.unique_batches if named else batches.served_batches
    later = [read(one.table, one.number, one.as_of) for one in came]
    return [read(first_table, _FIRST_TABLE, None), *later]


def _own_truth(table: Table, use_case: UseCase, outcomes: OutcomeFormat) -> Outcomes:
    return np.concatenate([outcomes.fill_unknown(0), *own_labels(table, use_case)])


def write_training_rows(
    bucket: Bucket, sources: Sequence[TrainingSource], use_case: UseCase, selection: RowSelection
) -> TrainingRows:
    """Write the table of a retraining's rows.

    Memory: 17 bytes a row, and a bounded amount besides. Raises DataError where no rows are left.
    """
    kept = _apply_window(sources, _latest_rows(sources), selection)
    if not any(mask.any() for mask in kept):
        raise DataError(
            "no labelled rows are left to train on",
            remedy="Bring labels with `assay label`, or widen retrain.window.",
        )
    schema = _training_schema(sources, use_case)
    values = use_case_outcomes(use_case).target_values(sources[0].table)
    column = TargetColumn(use_case.data.target.column, values)
    pairs = list(zip(sources, kept, strict=True))
    rows = (batch for source, mask in pairs for batch in source.rows(mask, schema, column))
    came_by = pa.schema([pa.field("arrived", pa.int64())])
    marks = (
        pa.RecordBatch.from_arrays([pa.array(np.full(int(m.sum()), s.entry))], schema=came_by)
        for s, m in pairs
    )
    later = sum(int(mask.sum()) for mask in kept[1:])
    return TrainingRows(
        write_table(bucket, rows, schema, "gathered", identity_rule=sources[0].table.identity_rule),
        write_table(bucket, marks, came_by, "arrived"),
        {"first": int(kept[0].sum()), "later": later},
    )


@dataclass(frozen=True)
class TargetColumn:
    """The target's name, and how labels become its values again."""

    name: str
    values: TargetValues


@dataclass(frozen=True, eq=False)
class TrainingSource:
    """One table that rows come from. `entry` is its ledger entry, or 0. `units` is None without a
    declared identity. `truth` is an outcome a row, or that none is known, as `outcomes` has it.
    """

    table: Table
    entry: int
    as_of: datetime | None
    units: Hashes | None
    truth: Outcomes
    outcomes: OutcomeFormat

    @property
    def labelled_mask(self) -> NDArray[np.bool_]:
        """Which rows have a label; those of the first table always do."""
        return self.outcomes.mask_known(self.truth) | (self.entry == _FIRST_TABLE)

    def rows(
        self, mask: NDArray[np.bool_], schema: pa.Schema, target: TargetColumn
    ) -> Iterator[pa.RecordBatch]:
        """The rows that `mask` keeps, in the schema's columns."""
        start = 0
        for batch in self.table.batches():
            here = slice(start, start + batch.num_rows)
            start = here.stop
            if mask[here].any():
                chosen = batch.filter(pa.array(mask[here]))
                yield _conform_rows(chosen, self.truth[here][mask[here]], schema, target)


def _latest_rows(sources: Sequence[TrainingSource]) -> list[NDArray[np.bool_]]:
    """Masks of the rows that have a label and do not come again later."""
    seen, kept = np.empty(0, np.uint64), []
    for source in reversed(sources):
        if source.units is None:
            kept.append(source.labelled_mask)
            continue
        _, last = np.unique(source.units[::-1], return_index=True)
        mask = np.zeros(len(source.units), bool)
        mask[len(source.units) - 1 - last] = True
        mask &= source.labelled_mask & ~isin_sorted(source.units, seen)
        seen = sorted_unique(np.concatenate([seen, source.units[mask]]))
        kept.append(mask)
    return kept[::-1]


def _apply_window(
    sources: Sequence[TrainingSource], masks: Sequence[NDArray[np.bool_]], selection: RowSelection
) -> list[NDArray[np.bool_]]:
    """The masks, narrowed to the window."""
    if isinstance(selection.window, TrainingWindow):
        if selection.window.rows is not None:
            return _newest_rows(masks, selection.window.rows)
        assert selection.window.lasting is not None, "a window has rows or lasts"
        oldest = selection.as_of - timedelta(seconds=selection.window.lasting)
        return [
            m & (s.as_of is not None and s.as_of >= oldest)
            for s, m in zip(sources, masks, strict=True)
        ]
    if selection.window == "all" or selection.harm_since is None:
        return list(masks)
    later = [m & (s.entry > selection.harm_since) for s, m in zip(sources, masks, strict=True)]
    enough = sum(int(mask.sum()) for mask in later) >= selection.minimum_rows
    return later if enough else _newest_rows(masks, selection.minimum_rows)


def _newest_rows(masks: Sequence[NDArray[np.bool_]], rows: int) -> list[NDArray[np.bool_]]:
    """The masks, narrowed to the last `rows` rows."""
    left, found = rows, []
    for mask in reversed(masks):
        places = np.flatnonzero(mask)[-left:] if left else np.empty(0, np.int64)
        newest = np.zeros(len(mask), bool)
        newest[places] = True
        left -= len(places)
        found.append(newest)
    return found[::-1]


def _training_schema(sources: Sequence[TrainingSource], use_case: UseCase) -> pa.Schema:
    """The first table's columns, their categories widened by those that came later."""
    first, target = sources[0].table.schema, use_case.data.target.column
    listed = {
        column.name: values
        for column in first
        if column.name != target and (values := columns.field_categories(column)) is not None
    }
    later = _category_values(sources[1:], list(listed))
    return pa.schema(
        [
            _widen_categories(c, listed[c.name], later[c.name]) if c.name in listed else c
            for c in first
        ]
    )


def _widen_categories(column: pa.Field, values: Sequence[str], later: set[str]) -> pa.Field:
    new = sorted(later - set(values))
    return columns.column_field(column.name, "category", [*values, *new], nullable=True)


def _category_values(
    sources: Sequence[TrainingSource], names: Sequence[str]
) -> dict[str, set[str]]:
    """The values of these columns, in one pass over each table."""
    found: dict[str, set[str]] = {name: set() for name in names}
    for source in sources:
        there = [name for name in names if name in source.table.schema.names]
        for batch in source.table.batches(there) if there else ():
            for name in there:
                texts = pc.unique(batch.column(name).cast(pa.string())).to_pylist()
                found[name].update(text for text in texts if text is not None)
    return found


def _conform_rows(
    batch: pa.RecordBatch, truth: Outcomes, schema: pa.Schema, target: TargetColumn
) -> pa.RecordBatch:
    """The rows in the schema: absent columns are null, the target is the label known now."""
    arrays = []
    for column in schema:
        held = batch.column(column.name) if column.name in batch.schema.names else None
        if column.name == target.name:
            arrays.append(target.values.outcomes(truth, held, column.type))
        else:
            arrays.append(pa.nulls(len(truth), column.type) if held is None else held)
    return columns.conform_batch(pa.RecordBatch.from_arrays(arrays, names=schema.names), schema)
