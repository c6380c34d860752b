"""Pairs the challenger's shadow predictions with the champion's, row by row.

Memory holds the predictions and units of one batch, and the known labels, at a time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.dataset.groups import MISSING_LABEL, unchecked_group_labels
from assay.gates.report import Report
from assay.gates.shadow.facts import PairedBatch, ShadowFacts
from assay.gates.shadow.rows import BATCH, CHAMPION_PREFIX, ROW, TRUTH, ShadowRows
from assay.problems.lookup import problem_type
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.production.labels.known_labels import KnownLabels, row_labels, use_case_outcomes
from assay.production.labels.label_reader import UNIT
from assay.production.shadow.comparison import ShadowComparison
from assay.registry.batch_ledger import ScoredBatch, ScoredPair
from assay.sources.source_lines import SourceLines
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table


def judge_comparison(
    bucket: Bucket, comparison: ShadowComparison, paired: PairedRows, use_case: UseCase
) -> Report:
    """Compare the two. Raises ObjectMissing, ObjectCorrupt."""
    reference = Table.read(bucket, comparison.challenger.artifact("predictions"))
    seen = ShadowRows(paired.facts, Table.read(bucket, paired.rows), reference)
    return problem_type(use_case.data.target).judge_shadow(seen, use_case)


@dataclass(frozen=True)
class PairedRows:
    """`rows` that both versions answered (see `gates.shadow.rows`), and `facts` about them."""

    rows: Artifact
    facts: ShadowFacts


def pair_rows(bucket: Bucket, comparison: ShadowComparison, use_case: UseCase) -> PairedRows:
    """Put both versions' answers side by side, batch by batch.

    Where both read a batch alike, rows pair by place. Otherwise they pair by unit, equal units in
    order, or by source line where the use case names no identity.
    Raises DataError for cut points on a group that is no number.
    """
    known = KnownLabels.from_batches(bucket, comparison.batches, use_case)
    tables = [Table.read(bucket, pair.served.table) for pair in comparison.pairs]
    groups = [n for n in use_case.data.sensitive if any(n in t.schema.names for t in tables)]
    outcomes = use_case_outcomes(use_case)
    answers = problem_type(use_case.data.target).answer_columns(use_case.data.target)
    reserved = {BATCH, ROW, TRUTH, *answers, *(CHAMPION_PREFIX + name for name in answers)}
    groups = [name for name in groups if name not in reserved]
    schema = _pair_schema(groups, answers, outcomes.kind)
    told: list[PairedBatch] = []
    labels = [False]

    def batches() -> Iterator[pa.RecordBatch]:
        for pair, table in zip(comparison.pairs, tables, strict=True):
            both = _BatchPair.from_pair(bucket, pair, known, use_case, [*answers])
            told.append(both.facts)
            labels[0] |= bool(outcomes.mask_known(both.truth[both.places >= 0]).any())
            yield from both.batches(table, groups, use_case, schema)

    rows = write_table(bucket, batches(), schema, f"{comparison.challenger.name} in shadow")
    facts = ShadowFacts(
        champion=comparison.champion.name,
        challenger=comparison.challenger.name,
        asked=comparison.required_batches,
        pairs=tuple(told),
        alone=sum(scored.rows for scored in comparison.unpaired),
        known=labels[0],
    )
    return PairedRows(rows, facts)


def _pair_schema(groups: Sequence[str], answers: Mapping[str, str], truth_kind: str) -> pa.Schema:
    return pa.schema(
        [
            column_field(BATCH, "integer", nullable=False),
            column_field(ROW, "integer", nullable=False),
            *(column_field(name, "text") for name in groups),
            *(column_field(name, kind) for name, kind in answers.items()),
            *(column_field(CHAMPION_PREFIX + name, kind) for name, kind in answers.items()),
            column_field(TRUTH, truth_kind),
        ]
    )


@dataclass(frozen=True, eq=False)
class _BatchPair:
    """One batch. `places`: for each row of the champion's, the place of the challenger's answer, or
    -1.
    """

    pair: ScoredPair
    champion_answers: dict[str, NDArray[Any]]
    challenger_answers: dict[str, NDArray[Any]]
    places: NDArray[np.int64]
    truth: Outcomes
    outcomes: OutcomeFormat

    @classmethod
    def from_pair(
        cls,
        bucket: Bucket,
        pair: ScoredPair,
        known_labels: KnownLabels,
        use_case: UseCase,
        names: Sequence[str],
    ) -> _BatchPair:
        served, shadow = pair.served, pair.shadow
        old, new = (_read_answers(bucket, scored, names) for scored in (served, shadow))
        place = _challenger_places(bucket, pair, (old.pop(UNIT), new.pop(UNIT)), use_case)
        truth = row_labels(bucket, served, known_labels, use_case).truth
        return cls(pair, old, new, place, truth, known_labels.outcome_format)

    @property
    def facts(self) -> PairedBatch:
        served, shadow = self.pair.served, self.pair.shadow
        return PairedBatch(
            name=served.name,
            as_of=served.as_of,
            rows=served.rows,
            answered=int((self.places >= 0).sum()),
            seconds=served.seconds,
            unseen=shadow.seconds,
        )

    def batches(
        self, table: Table, groups: Sequence[str], use_case: UseCase, schema: pa.Schema
    ) -> Iterator[pa.RecordBatch]:
        """The rows that both answered, in the schema's columns."""
        start, held = 0, [name for name in groups if name in table.schema.names]
        for part in table.batches(held or table.schema.names[:1]):
            here = np.arange(start, start + part.num_rows)
            start += part.num_rows
            here = here[self.places[here] >= 0]
            taken = part.take(pa.array(here - (start - part.num_rows)))
            yield pa.RecordBatch.from_arrays(
                [
                    pa.array(np.full(len(here), self.pair.served.number)),
                    pa.array(here),
                    *(_group_labels(taken, name, use_case) for name in groups),
                    *self._answer_arrays(here, schema),
                ],
                schema=schema,
            )

    def _answer_arrays(self, row_numbers: NDArray[np.int64], schema: pa.Schema) -> list[pa.Array]:
        there, truth = self.places[row_numbers], self.truth[row_numbers]
        return [
            *(
                pa.array(values[there], schema.field(name).type)
                for name, values in self.challenger_answers.items()
            ),
            *(
                pa.array(values[row_numbers], schema.field(name).type)
                for name, values in self.champion_answers.items()
            ),
            _truth_array(truth, self.outcomes),
        ]


def _truth_array(truth: Outcomes, outcomes: OutcomeFormat) -> pa.Array:
    """The column of outcomes, missing where nothing is known."""
    known = outcomes.mask_known(truth)
    told = outcomes.write_outcomes(truth[known])
    place = np.cumsum(known) - 1
    return told.take(pa.array(place, mask=~known))


def _group_labels(rows: pa.RecordBatch, name: str, use_case: UseCase) -> pa.Array:
    if name not in rows.schema.names:
        return pa.nulls(rows.num_rows, pa.string()).fill_null(MISSING_LABEL)
    column = rows.column(name).to_pandas()
    labels = unchecked_group_labels(column, use_case.data.sensitive[name], name)
    return pa.array(labels.astype(object), pa.string())


def _read_answers(
    bucket: Bucket, scored: ScoredBatch, names: Sequence[str]
) -> dict[str, NDArray[Any]]:
    held = Table.read(bucket, scored.predictions).to_arrow([UNIT, *names])
    return {name: held[name].to_numpy() for name in held.column_names}


def _challenger_places(
    bucket: Bucket, pair: ScoredPair, units: Sequence[NDArray[np.int64]], use_case: UseCase
) -> NDArray[np.int64]:
    """By row of the champion's, where the challenger's answer stands, or -1."""
    served, shadow, named = pair.served, pair.shadow, bool(use_case.data.identity)
    whole = served.rows == shadow.rows and not (served.unfit_rows or shadow.unfit_rows)
    if served.batch_digest == shadow.batch_digest or (whole and not named):
        return np.arange(served.rows)
    if named or served.lines is None or shadow.lines is None:
        return _match_in_order(*units)
    # What is hashed where there is no identity the two may read otherwise.
    lines = ((served.lines, served.rows), (shadow.lines, shadow.rows))
    return _match_in_order(*(_source_lines(bucket, *one) for one in lines))


def _source_lines(bucket: Bucket, lines: Artifact, rows: int) -> NDArray[np.int64]:
    return SourceLines.from_table(Table.read(bucket, lines)).lines(np.arange(rows))


def _match_in_order(old: NDArray[np.int64], new: NDArray[np.int64]) -> NDArray[np.int64]:
    """The place of each unit (or line) of one side in the other, or -1; the k-th of equal units
    pairs with the k-th.
    """
    sides = [pd.DataFrame({UNIT: units, "at": np.arange(len(units))}) for units in (old, new)]
    left, right = (side.assign(k=side.groupby(UNIT).cumcount()) for side in sides)
    found = left.merge(right, on=[UNIT, "k"], how="left", suffixes=("", " there"))
    place: NDArray[np.int64] = found["at there"].fillna(-1).to_numpy(np.int64)
    return place
