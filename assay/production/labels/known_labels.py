"""What is known now of each row's outcome: of all its labels, the one that was known last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.dataset.row_identity import hash_units, identity_columns
from assay.problems.lookup import problem_type
from assay.problems.outcome_format import OutcomeFormat, Outcomes
from assay.production.labels.label_reader import KNOWN_AT, LABEL, UNIT
from assay.production.labels.unit_index import match_tables, table_units
from assay.registry.batch_ledger import BatchHistory, ReceivedLabels, ScoredBatch
from assay.tables.rowhash import Hashes
from assay.tables.table import Table
from assay.util import clock
from assay.util.sorted_arrays import isin_sorted

Integers = NDArray[np.int64]
_NO_MOMENT: Final = np.iinfo(np.int64).min
_AT_ONCE: Final = 1 << 20  # labels


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """The last known label of every unit, whether or not such a row was ever scored.

    `units` ascend (int64, a hash's bits); `labels` are of the `known_type` of `outcome_format`, so
    bool for yes or no; `entries` name the entry of the ledger by which a label came to say what it
    says, and `known_at` the moment at which it was known (microseconds since 1970); `first_entries`
    is the entry that said anything at all. 28 bytes a unit and those of its label.
    """

    units: Integers
    labels: NDArray[Any]
    entries: NDArray[np.int32]
    known_at: Integers
    first_entries: NDArray[np.int32]
    outcome_format: OutcomeFormat

    @classmethod
    def from_batches(cls, bucket: Bucket, batches: BatchHistory, use_case: UseCase) -> KnownLabels:
        """The view of a ledger. By `labels.known` the latest counts, in whatever order labels
        arrived, else the one that arrived last. A label that does not say when it was known was
        known when it arrived. Batches whose own rows hold the target bring their labels.
        """
        return cls.from_entries(bucket, _label_entries(batches), use_case)

    @classmethod
    def from_entries(
        cls,
        bucket: Bucket,
        entries: Sequence[ReceivedLabels | ScoredBatch],
        use_case: UseCase,
        *,
        only_units: Integers | None = None,
    ) -> KnownLabels:
        """The view of these entries of a ledger, in its order. `only_units` such units, which
        ascend; what speaks of none of them is not read.
        """
        if only_units is not None:
            speaks = match_tables(bucket, [units_table(entry) for entry in entries], only_units)
            entries = [entry for entry, does in zip(entries, speaks, strict=True) if does]
        found = _LabelAccumulator(use_case_outcomes(use_case))
        for entry in entries:
            moment = _microseconds(clock.parse_timestamp(entry.as_of))
            told = _read_labels(bucket, entry, use_case)
            units, labels, when = told if only_units is None else _filter_units(told, only_units)
            if not len(units):
                continue
            when[when == _NO_MOMENT] = moment
            number = np.full(len(units), entry.number, np.int32)
            # Without a column that says when, the order of arrival does.
            rank = when if use_case.labels.known else number
            found.add(_RankedLabels(units, labels, number, when, rank, number))
        return found.build_known_labels()

    def __call__(self, units: Hashes) -> Outcomes:
        """The outcome of each unit, unknown where nothing is known: for yes or no 1, 0, or -1."""
        place, known = self.find(units.view(np.int64))
        found = self.outcome_format.fill_unknown(len(units))
        found[known] = self.labels[place[known]]
        return found

    def find(self, units: Integers) -> tuple[Integers, NDArray[np.bool_]]:
        """The place of each unit here, and whether it is here at all."""
        if not len(self.units):
            return np.zeros(len(units), np.int64), np.zeros(len(units), bool)
        order = np.argsort(units)  # in order they are found three times as fast
        place = np.empty(len(units), np.int64)
        place[order] = np.searchsorted(self.units, units[order]).clip(max=len(self.units) - 1)
        return place, self.units[place] == units

    def __len__(self) -> int:
        return len(self.units)


@dataclass(frozen=True, eq=False)
class _RankedLabels:
    """Labels in the order of arrival, and by what they count: of one unit the greatest `rank`."""

    units: Integers
    labels: NDArray[Any]
    entries: NDArray[np.int32]
    known_at: Integers
    rank: NDArray[np.int64] | NDArray[np.int32]
    first_entries: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.units)

    def latest_labels(self) -> _RankedLabels:
        """One a unit, ascending. Beside the result a million labels are in hand at once."""
        if len(self) <= _AT_ONCE:
            return self._latest()
        found, rows = [np.empty_like(column) for column in self._columns()], 0
        for piece in self._ranges():
            latest = piece._latest()
            for column, more in zip(found, latest._columns(), strict=True):
                column[rows : rows + len(latest)] = more
            rows += len(latest)
        return _RankedLabels(*(column[:rows] for column in found))

    def _latest(self) -> _RankedLabels:
        """One a unit. A label that is told again and says the same is no news: it keeps the first
        entry and the first moment at which it was told so.
        """
        order = self._order()
        units, labels = self.units[order], self.labels[order]
        other = np.ones(len(order), bool)  # where a unit, or what is said of it, begins
        other[1:] = (units[1:] != units[:-1]) | (labels[1:] != labels[:-1])
        starts = np.flatnonzero(other)
        last = np.ones(len(starts), bool)
        last[:-1] = units[starts[1:]] != units[starts[:-1]]
        told, said = units[starts[last]], labels[starts[last]]
        del units, labels, other
        ends = np.append(starts[1:], len(order))[last] - 1
        entries = np.minimum.reduceat(self.entries[order], starts)[last]
        when = np.minimum.reduceat(self.known_at[order], starts)[last]
        begins = np.append(0, np.flatnonzero(last)[:-1] + 1)
        first = np.minimum.reduceat(self.first_entries[order], starts[begins])
        return _RankedLabels(told, said, entries, when, self.rank[order[ends]], first)

    def _order(self) -> Integers:
        """By unit, and of a unit by rank; of equals the later stands last."""
        if (self.rank[1:] >= self.rank[:-1]).all():
            return np.argsort(self.units, kind="stable")
        return np.lexsort((self.rank, self.units))

    def _ranges(self) -> Iterator[_RankedLabels]:
        """In as many pieces as it takes to sort few at once, by ascending units. These are
        hashes: equal ranges hold about as many.
        """
        pieces = len(self) // _AT_ONCE + 1
        of = (((self.units >> 32) + (1 << 31)) * pieces >> 32).astype(np.int32)
        for piece in range(pieces):
            mask = of == piece
            if mask.any():
                yield _RankedLabels(*(column[mask] for column in self._columns()))

    def _columns(self) -> tuple[NDArray[Any], ...]:
        return tuple(getattr(self, one.name) for one in fields(self))

    @classmethod
    def concatenate(cls, parts: Sequence[_RankedLabels]) -> _RankedLabels:
        return cls(*map(np.concatenate, zip(*(part._columns() for part in parts), strict=True)))


class _LabelAccumulator:
    """The view so far, and what came since: sorted in once it is as much again, so that many
    small files cost no more than one large one."""

    def __init__(self, outcomes: OutcomeFormat) -> None:
        self._outcomes = outcomes
        self._merged: list[_RankedLabels] = []
        self._pending: list[_RankedLabels] = []

    def add(self, labels: _RankedLabels) -> None:
        self._pending.append(labels)
        if self._rows(self._pending) >= max(_AT_ONCE, self._rows(self._merged)):
            self._merge()

    def build_known_labels(self) -> KnownLabels:
        self._merge()
        if not self._merged:
            nothing = np.empty(0, np.int64)
            none = nothing.astype(np.int32)
            labels = nothing.astype(self._outcomes.known_type)
            return KnownLabels(nothing, labels, none, nothing, none, self._outcomes)
        (view,) = self._merged
        return KnownLabels(
            view.units,
            view.labels,
            view.entries,
            view.known_at,
            view.first_entries,
            self._outcomes,
        )

    def _merge(self) -> None:
        if self._pending:
            parts, self._merged, self._pending = [*self._merged, *self._pending], [], []
            whole = parts[0] if len(parts) == 1 else _RankedLabels.concatenate(parts)
            parts.clear()  # what was put together need not be held twice
            self._merged = [whole.latest_labels()]

    @staticmethod
    def _rows(parts: Sequence[_RankedLabels]) -> int:
        return sum(map(len, parts))


def use_case_outcomes(use_case: UseCase) -> OutcomeFormat:
    """How the outcomes of a use case's question are held."""
    target = use_case.data.target
    return problem_type(target).outcome_format(target)


def own_labels(table: Table, use_case: UseCase) -> Iterator[Outcomes]:
    """By batch of rows, what a table's own target says; unknown where it is missing or the table
    has no such column."""
    outcomes, column = use_case_outcomes(use_case), use_case.data.target.column
    if column not in table.schema.names:
        yield from map(outcomes.fill_unknown, table.part_rows)
        return
    for batch in table.batches([column]):
        yield outcomes.read_target(batch.column(0))


def entry_units(bucket: Bucket, entry: ReceivedLabels | ScoredBatch) -> Integers:
    """The different units that an entry is about, ascending."""
    return table_units(bucket, units_table(entry))


def units_table(entry: ReceivedLabels | ScoredBatch) -> Artifact:
    """The table that has the units that an entry is about."""
    return entry.table if isinstance(entry, ReceivedLabels) else entry.predictions


class RowLabels(NamedTuple):
    """Of each row of a batch: the label known now, the entry that brought it, when it was known,
    and the first entry that brought any.
    """

    truth: Outcomes
    entries: Integers
    known_at: Integers
    first_entries: Integers


def row_labels(
    bucket: Bucket, served: ScoredBatch, known_labels: KnownLabels, use_case: UseCase
) -> RowLabels:
    """What is `build_known_labels` of a batch's rows, in order.

    Where the use case names no identity, rows that are alike are not the same row: each has its
    own label, that came with it.
    """
    if not use_case.data.identity:
        own = list(own_labels(Table.read(bucket, served.table), use_case))
        truth = np.concatenate(own) if own else known_labels.outcome_format.fill_unknown(0)
        when = round(clock.parse_timestamp(served.as_of).timestamp() * 1e6)
        number = np.full(len(truth), served.number)
        return RowLabels(truth, number, np.full(len(truth), when), number)
    parts = [b.column(0) for b in Table.read(bucket, served.predictions).batches([UNIT])]
    units = np.concatenate([part.to_numpy() for part in parts] or [np.empty(0, np.int64)])
    outcomes = known_labels.outcome_format
    place, found = known_labels.find(units)
    if not len(known_labels):
        nothing = np.zeros(len(units), np.int64)
        return RowLabels(outcomes.fill_unknown(len(units)), nothing, nothing, nothing)
    truth = outcomes.keep_where(found, known_labels.labels[place])
    numbers = (
        known_labels.entries[place].astype(np.int64),
        known_labels.first_entries[place].astype(np.int64),
    )
    return RowLabels(truth, numbers[0], known_labels.known_at[place], numbers[1])


def _label_entries(batches: BatchHistory) -> list[ReceivedLabels | ScoredBatch]:
    """What may bring labels, in the order of the ledger; a batch once, when it first came."""
    return sorted(
        [*batches.received_labels, *batches.unique_batches], key=lambda entry: entry.number
    )


_LabelArrays = tuple[Integers, NDArray[Any], Integers]


def has_own_labels(bucket: Bucket, scored: ScoredBatch, use_case: UseCase) -> bool:
    """Whether a batch's own rows hold the target."""
    return use_case.data.target.column in Table.read(bucket, scored.table).schema.names


def _filter_units(label_arrays: _LabelArrays, only: Integers) -> _LabelArrays:
    mask = isin_sorted(label_arrays[0], only)
    return label_arrays[0][mask], label_arrays[1][mask], label_arrays[2][mask]


def _read_labels(
    bucket: Bucket, entry: ReceivedLabels | ScoredBatch, use_case: UseCase
) -> _LabelArrays:
    """Units, labels, and moments (or `_NO_MOMENT`): a whole entry at once, so that it is sorted
    once.
    """
    table, outcomes = Table.read(bucket, entry.table), use_case_outcomes(use_case)
    parts = (
        _iter_label_file(table, outcomes)
        if isinstance(entry, ReceivedLabels)
        else _iter_own_labels(table, use_case)
    )
    # Filled as they come: to put parts together would hold them twice.
    units, known = np.empty(table.rows, np.int64), np.empty(table.rows, np.int64)
    labels, rows = np.empty(table.rows, outcomes.known_type), 0
    for part in parts:
        here = slice(rows, rows + len(part[0]))
        units[here], labels[here], known[here] = part
        rows = here.stop
    return units[:rows], labels[:rows], known[:rows]


def _iter_label_file(table: Table, outcomes: OutcomeFormat) -> Iterator[_LabelArrays]:
    """Labels that mean nothing now, such as a class that the use case no longer lists, are none."""
    for batch in table.batches([UNIT, LABEL, KNOWN_AT]):
        units = batch.column(UNIT).to_numpy(zero_copy_only=False)
        labels, when = outcomes.read_labels(batch.column(LABEL)), batch.column(KNOWN_AT)
        known = outcomes.mask_known(labels)
        yield units[known], labels[known], _known_moments(when)[known]


def _iter_own_labels(table: Table, use_case: UseCase) -> Iterator[_LabelArrays]:
    target, known = use_case.data.target, use_case.labels.known
    outcomes = use_case_outcomes(use_case)
    if target.column not in table.schema.names:
        return
    identity = identity_columns(table.schema.names, use_case)
    more = [known] if known and known in table.schema.names else []
    for batch in table.batches(list(dict.fromkeys([*identity, target.column, *more]))):
        said = outcomes.read_target(batch.column(target.column))
        units = hash_units(batch.select(identity), table.identity_rule).view(np.int64)
        when = np.full(len(said), _NO_MOMENT)
        if known in batch.schema.names and pa.types.is_timestamp(batch.schema.field(known).type):
            when = _known_moments(batch.column(known))
        there = outcomes.mask_known(said)
        yield units[there], said[there], when[there]


def _known_moments(column: pa.Array) -> Integers:
    found: Integers = column.cast(pa.int64()).fill_null(_NO_MOMENT).to_numpy(zero_copy_only=False)
    return found


def _microseconds(timestamp: datetime) -> int:
    return round(timestamp.timestamp() * 1e6)
