"""One file of labels, read by the use case: rows that are labels, and those that are not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from assay.config.data import Data, Source
from assay.config.loaded_use_case import LoadedUseCase
from assay.dataset.row_identity import hash_units
from assay.errors import DataError, SourceError, suggest_name
from assay.problems.lookup import problem_type
from assay.problems.outcome_format import OutcomeFormat
from assay.sources.block_conversion import convert_block
from assay.sources.blocks import BlockSpool, MalformedRow, RowBlock, describe_malformed_row
from assay.sources.conversion import ColumnSpec
from assay.sources.dialect import reading_hint
from assay.sources.ingestion import open_reader
from assay.sources.number_format import NumberFormat
from assay.tables import columns
from assay.tables.table import Table

UNIT, LABEL, KNOWN_AT = "unit", "label", "known"


@dataclass(eq=False)
class LabelReader:
    """One pass over a source: labels go on, rows that are none are left out or listed."""

    data: Data
    wanted_columns: dict[str, ColumnSpec]
    outcome_format: OutcomeFormat
    target_values: pa.Array | None  # of training, where outcomes are compared with them
    known_column: str | None
    identity_rule: int  # of the trained table, as whose rows these are known
    name: str
    unfit_blocks: BlockSpool = field(default_factory=BlockSpool)
    rows: int = 0
    unfit_rows: int = 0
    reasons: list[str] = field(default_factory=list)  # the first few
    line_unit: str = "line"

    @classmethod
    def for_source(
        cls, loaded_use_case: LoadedUseCase, trained: Table, source: Source, name: str
    ) -> LabelReader:
        case = loaded_use_case.use_case
        data, target = case.data, case.data.target.column
        wanted = {column: _trained_type(trained, column, data) for column in data.identity}
        wanted[target] = _trained_type(trained, target, data)
        if case.labels.known:
            wanted[case.labels.known] = ColumnSpec(
                "date", (), data.dates.get(case.labels.known, "iso")
            )
        written_as = NumberFormat.from_source(source)
        wanted = {name: replace(spec, number_format=written_as) for name, spec in wanted.items()}
        outcomes = problem_type(data.target).outcome_format(data.target)
        reading = data.model_copy(update={"source": source, "types": {}, "categories": {}})
        return cls(
            reading,
            wanted,
            outcomes,
            outcomes.trained_values(trained),
            case.labels.known,
            trained.identity_rule,
            name,
        )

    @property
    def schema(self) -> pa.Schema:
        kinds = {
            _identity_column(n): w.kind
            for n, w in self.wanted_columns.items()
            if n in self.data.identity
        }
        return pa.schema(
            [
                columns.column_field(UNIT, "integer", nullable=False),
                columns.column_field(LABEL, self.outcome_format.kind, nullable=False),
                columns.column_field(KNOWN_AT, "date"),
                *(columns.column_field(name, kind) for name, kind in kinds.items()),
            ]
        )

    def batches(self) -> Iterator[pa.RecordBatch]:
        reader = open_reader(self.data, list(self.wanted_columns))
        self.line_unit = reader.position_unit
        if reader.columns:
            self._check_columns(reader.columns)
        for block in reader.blocks():
            yield self._parse_block(block)
        self._check_columns(reader.columns)

    def check_unfit_share(self) -> None:
        """Raises SourceError where most of the rows are no labels."""
        total = self.rows + self.unfit_rows
        if self.unfit_rows * 2 > total:
            raise SourceError(
                f"{self.unfit_rows:,} of {total:,} rows are no labels: {'; '.join(self.reasons)}",
                where=self.name,
                remedy="Labels need the identity and the target, with the values that the model "
                "was trained with.",
            )

    def _check_columns(self, column_names: Sequence[str]) -> None:
        for name in self.wanted_columns:
            if name not in column_names:
                raise DataError(
                    f"the labels have no column {name!r}",
                    where=self.name,
                    remedy=suggest_name(
                        name,
                        column_names,
                        reading_hint(self.data.source, "labels.source")
                        or f"Columns: {', '.join(column_names)}.",
                    ),
                )

    def _parse_block(self, block: RowBlock) -> pa.RecordBatch:
        """The labels of one block; rows whose outcome is not known yet are none."""
        converted = convert_block(block, self.wanted_columns)
        batch, malformed = converted.batch, converted.malformed_rows
        target = list(self.wanted_columns)[len(self.data.identity)]
        missing = _mask(batch.column(target).is_null())
        nameless = np.logical_and.reduce(
            [_mask(batch.column(name).is_null()) for name in self.data.identity]
        )
        odd = self.outcome_format.mask_unfit(batch.column(target), self.target_values)
        unfit = (nameless | odd) & ~missing
        lines = block.lines[~np.isin(block.lines, [m.line for m in malformed])]
        listed = [
            self._unfit_row(batch, int(place), int(lines[place]), target, bool(nameless[place]))
            for place in np.flatnonzero(unfit)
        ]
        self._set_aside(block, sorted([*malformed, *listed]))
        kept = batch.filter(pa.array(~unfit & ~missing))
        self.rows += kept.num_rows
        return self._label_batch(kept, target)

    def _set_aside(self, block: RowBlock, malformed: Sequence[MalformedRow]) -> None:
        if malformed:
            self.unfit_rows += len(malformed)
            self.unfit_blocks.add(RowBlock(block.lines[:0], block.rows.slice(0, 0), malformed))
            self.reasons += [describe_malformed_row(m, self.line_unit) for m in malformed]
            del self.reasons[3:]

    def _unfit_row(
        self, batch: pa.RecordBatch, place: int, line: int, target: str, nameless: bool
    ) -> MalformedRow:
        row = batch.slice(place, 1).to_pylist()[0]
        value = row[target]
        odd = f"{target} {value!r} {self.outcome_format.describe_unfit(value)}"
        text = ", ".join(f"{name}: {said!r}" for name, said in row.items())
        return MalformedRow(line, "has no identity" if nameless else odd, text)

    def _label_batch(self, rows: pa.RecordBatch, target: str) -> pa.RecordBatch:
        identity = rows.select(list(self.data.identity))
        outcome = rows.column(target)
        if pa.types.is_dictionary(outcome.type):
            outcome = outcome.cast(outcome.type.value_type)
        label = self.outcome_format.write_labels(outcome)
        known = (
            rows.column(self.known_column)
            if self.known_column
            else pa.nulls(len(label), pa.timestamp("us"))
        )
        arrays = [
            pa.array(hash_units(identity, self.identity_rule).view(np.int64)),
            label,
            known,
            *identity.columns,
        ]
        return pa.RecordBatch.from_arrays(arrays, names=self.schema.names)


def _mask(array: pa.Array) -> np.ndarray:
    mask: np.ndarray = array.to_numpy(zero_copy_only=False)
    return mask


def _identity_column(name: str) -> str:
    """An identity's column under its own name, unless the table needs that for itself."""
    return f"identity {name}" if name in {UNIT, LABEL, KNOWN_AT} else name


def _trained_type(trained: Table, name: str, data: Data) -> ColumnSpec:
    """What a column is to become: what it is in the trained table. New people have new names, so
    an identity is never held to the categories of those who were there."""
    if name not in trained.schema.names:
        return ColumnSpec("text")  # withheld from training; the identity's text is all that counts
    column = trained.schema.field(name)
    listed = columns.field_categories(column)
    kind = "text" if listed is not None else columns.column_kind(column.type)
    plain = name in data.identity and name not in data.types
    return ColumnSpec(kind, (), data.dates.get(name, "iso"), plain=plain)
