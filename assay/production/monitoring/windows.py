"""The rows of a look: those that the champion answered since the last one, those of which a label
is new, and what they are held against, each as a stored table.

Bounded memory: beside the parts in hand a byte for every row that the champion ever answered, and
what is known of the labels.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.errors import DataError
from assay.problems.lookup import problem_type
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.production.labels.known_labels import use_case_outcomes
from assay.production.labels.label_counts import count_labels
from assay.production.monitoring.look import Look
from assay.registry.batch_ledger import ScoredBatch
from assay.registry.history import Version
from assay.runs.lineage import find_training_table
from assay.tables import columns
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table
from assay.tables.zip_batches import zip_batches

TRUTH = "truth"


@dataclass(frozen=True)
class LookWindow:
    """`current`: rows that no look has judged. `labelled`: rows of which a label is new. Either is
    None where there are too few, which wait. `same_rows`: both are the very same rows, and
    `labelled` stands for both. `label_counts`: JSON about the labels (see `counting.count`), and
    the batches whose new labels are too few and `waits`.
    """

    current: Artifact | None
    labelled: Artifact | None
    same_rows: bool
    label_counts: dict[str, Any]


def output_column(name: str, column_names: Sequence[str]) -> str:
    """What a column of the model's answers is called among the columns that are `column_names`."""
    return f"({name})" if name in column_names else name


def output_kinds(use_case: UseCase) -> dict[str, str]:
    """The columns of a model's answers and last the truth, with their kinds."""
    target = use_case.data.target
    problem = problem_type(target)
    return {**problem.answer_columns(target), TRUTH: problem.outcome_format(target).kind}


def split_outputs(names: Sequence[str], outputs: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """The columns of a table that a look compares: those of its rows, and by output the column of
    the model's answers and the truth. Such a table ends with the latter, in the order of `outputs`.
    """
    rows = [*names[: -len(outputs)]]
    return rows, {name: output_column(name, rows) for name in outputs}


def look_columns(names: Sequence[str], use_case: UseCase) -> list[str]:
    """The columns that a look needs: features, and those that mark groups."""
    features = set(use_case.feature_columns(names))
    return [name for name in names if name in features or name in use_case.data.sensitive]


# --- the reference ----------------------------------------------------------------------------


def build_reference(bucket: Bucket, version: Version, use_case: UseCase) -> Artifact:
    """The test rows of a version's training: what the model saw, what it said, what was true.

    Rows are in the order of their table. Raises DataError for a version that answers a question of
    another type, ObjectMissing, ObjectCorrupt.
    """
    table = Table.read(bucket, find_training_table(bucket, version))
    kinds, predictions = output_kinds(use_case), Table.read(bucket, version.artifact("predictions"))
    _require_answers(predictions, kinds, version.name)
    said = predictions.to_arrow(["row", *kinds]).sort_by("row")
    rows = said["row"].to_numpy()
    schema = _reference_schema(table, use_case, kinds)
    names, _ = split_outputs(schema.names, [*kinds])

    def batches() -> Iterator[pa.RecordBatch]:
        start = 0
        for batch in table.batches(names):
            first, last = np.searchsorted(rows, [start, start + batch.num_rows])
            held = batch.take(pa.array(rows[first:last] - start))
            answers = said.slice(first, last - first).combine_chunks()
            more = [answers[name].combine_chunks() for name in kinds]
            yield _record_batch([*held.columns, *more], schema)
            start += batch.num_rows

    return write_table(bucket, batches(), schema, f"reference of {version.name}")


def _require_answers(predictions: Table, names: Iterable[str], whose: str) -> None:
    absent = [name for name in names if name not in predictions.schema.names]
    if absent:
        raise DataError(
            f"the answers of {whose} have no column {absent[0]!r}: they answer another question",
            where="data.target",
            remedy="Train and promote a model of this question, or ask under another name.",
        )


def _reference_schema(table: Table, use_case: UseCase, outputs: Mapping[str, str]) -> pa.Schema:
    """Categories become text: rows that come later may hold others."""
    names = look_columns(table.schema.names, use_case)
    held = [table.schema.field(name) for name in names]
    plain = [
        column_field(one.name, "text")
        if columns.field_categories(one) is not None
        else one.with_nullable(True)
        for one in held
    ]
    return pa.schema(
        [*plain, *(column_field(output_column(n, names), kind) for n, kind in outputs.items())]
    )


def _record_batch(arrays: Sequence[pa.Array], schema: pa.Schema) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays(
        [_decode_dictionary(one) for one in arrays], names=schema.names
    )


def _decode_dictionary(array: pa.Array) -> pa.Array:
    return array.cast(pa.string()) if pa.types.is_dictionary(array.type) else array


# --- the rows of a look -----------------------------------------------------------------------


def build_window(bucket: Bucket, look: Look, use_case: UseCase, reference: Artifact) -> LookWindow:
    """Gather the rows that a look is about. `reference`: the reference, whose columns they get.

    Raises DataError for a batch whose columns cannot be compared with the reference's.
    """
    counted, new = count_labels(bucket, look, use_case)
    shape = Table.read(bucket, reference).schema
    least = use_case.monitor.rows
    fresh = look.waiting_batches if sum(s.rows for s in look.waiting_batches) >= least else ()
    told = new if counted["new"] >= least else {}
    outcomes = use_case_outcomes(use_case)
    writer = _RowWriter(bucket, shape, [*output_kinds(use_case)][:-1], outcomes)
    same = bool(fresh) and _is_same_rows(fresh, told, outcomes)
    current = None if same or not fresh else writer.write_current(fresh)
    labelled = writer.write_labelled(look.served_batches, told) if told else None
    waits = [] if told else sorted(new)
    return LookWindow(current, labelled, same, counted | {"waits": waits})


def _is_same_rows(
    fresh: Sequence[ScoredBatch], truth_by_batch: dict[int, Outcomes], outcomes: OutcomeFormat
) -> bool:
    """Whether all the new rows have a label, and no others have a new one."""
    return {s.number for s in fresh} == set(truth_by_batch) and all(
        outcomes.mask_known(t).all() for t in truth_by_batch.values()
    )


# --- tables -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _RowWriter:
    """Writes rows in the columns of `shape`, the reference's: those of rows, of the `answers`, and
    the truth.
    """

    bucket: Bucket
    shape: pa.Schema
    answers: Sequence[str]
    outcomes: OutcomeFormat

    @property
    def plain_schema(self) -> pa.Schema:
        """All but the truth."""
        return pa.schema([*self.shape][:-1])

    def write_current(self, fresh: Sequence[ScoredBatch]) -> Artifact:
        schema = self.plain_schema
        rows = (
            _record_batch(self._input_arrays(rows, said), schema)
            for scored in fresh
            for rows, said in _rows_with_answers(self.bucket, scored, schema, self.answers)
        )
        return write_table(self.bucket, rows, schema, "rows since the last look")

    def write_labelled(
        self, served: Sequence[ScoredBatch], truth_by_batch: dict[int, Outcomes]
    ) -> Artifact:
        plain = self.plain_schema

        def batches() -> Iterator[pa.RecordBatch]:
            for scored in served:
                if scored.number not in truth_by_batch:
                    continue
                start, truth = 0, truth_by_batch[scored.number]
                for rows, said in _rows_with_answers(self.bucket, scored, plain, self.answers):
                    here = truth[start : start + rows.num_rows]
                    start += rows.num_rows
                    known = self.outcomes.mask_known(here)
                    if known.any():
                        mask = pa.array(known)
                        arrays = [one.filter(mask) for one in self._input_arrays(rows, said)]
                        told = self.outcomes.write_outcomes(here[known])
                        yield _record_batch([*arrays, told], self.shape)

        return write_table(self.bucket, batches(), self.shape, "rows with new labels")

    def _input_arrays(self, rows: pa.RecordBatch, answers: pa.RecordBatch) -> list[pa.Array]:
        """The columns of the schema; those that a batch lacks are missing."""
        held = [
            rows.column(column.name)
            if column.name in rows.schema.names
            else pa.nulls(rows.num_rows, column.type)
            for column in [*self.plain_schema][: -len(self.answers)]
        ]
        return [*held, *(answers.column(name) for name in self.answers)]


def _rows_with_answers(
    bucket: Bucket, scored: ScoredBatch, schema: pa.Schema, answers: Sequence[str] = ()
) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """A batch's rows and what was said of them, side by side. `schema` ends with the answers.

    Raises DataError where one is longer, and for answers to a question of another type.
    """
    table, predictions = (Table.read(bucket, a) for a in (scored.table, scored.predictions))
    if table.rows != predictions.rows:
        raise DataError(
            f"{predictions.rows:,} predictions for {table.rows:,} rows", where=scored.name
        )
    _require_answers(predictions, answers, scored.name)
    wanted = schema.names[: len(schema.names) - len(answers)]
    names = [name for name in wanted if name in table.schema.names]
    yield from zip_batches(table.batches(names), predictions.batches(answers))
