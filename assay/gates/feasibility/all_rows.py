"""What is counted over all labelled rows, and the rows that are kept whole for all else.

A table is read once, batch by batch: of its rows the gate keeps eight bytes a hash, the columns
that groups and periods are counted by, and as many whole rows as memory should bear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Target
from assay.config.use_case import UseCase
from assay.dataset.row_identity import identity_texts
from assay.dataset.row_source import FrameOrTable
from assay.dataset.target import labels_from_column, no_label_error
from assay.errors import DataError, suggest_name
from assay.gates.statistics.intervals import Bools
from assay.tables.columns import column_kind
from assay.tables.rowhash import row_hashes
from assay.tables.table import Table
from assay.tables.table_writer import IDENTITY_RULE

MAX_KEPT_CELLS = 6_000_000  # columns times rows that are held in memory whole
MIN_CLASS_SAMPLE = 500  # rows of the rarer class that no sample goes below, where there are so many


@dataclass(frozen=True)
class AllRows:
    """Everything of all rows that have a label, in their order; each array has one entry a row.

    `columns` holds those that groups and periods are counted by. The hashes (uint64) are equal
    for rows that are equal in their features; in these and the outcome; in every column; that
    the split keeps on one side; that belong to one declared identity.
    """

    truth: np.ndarray
    columns: pd.DataFrame
    features: np.ndarray
    cases: np.ndarray
    rows: np.ndarray
    units: np.ndarray
    persons: np.ndarray
    unlabelled_count: int
    newest_time: Any = None  # of the column of time, among all rows, those without a label included


def sample_rows(truth: Bools, max_rows: int, seed: int) -> np.ndarray:
    """Numbers of about `max_rows` rows, or all: at random, with the share of positives kept, but
    of a rare class 500 or a tenth of `max_rows`, if it has so many."""
    total = len(truth)
    if total <= max_rows:
        return np.arange(total)
    rng = np.random.default_rng(seed)
    classes = [np.flatnonzero(truth == side) for side in (True, False)]
    least = [min(len(c), MIN_CLASS_SAMPLE, max_rows // 10) for c in classes]
    sizes = [
        min(len(c), max(round(len(c) * max_rows / total), few))
        for c, few in zip(classes, least, strict=True)
    ]
    picked = [rng.choice(c, n, replace=False) for c, n in zip(classes, sizes, strict=True)]
    return np.sort(np.concatenate(picked))


def _read_labels(column: pa.ChunkedArray, target: Target) -> tuple[Bools, np.ndarray]:
    """Which rows have an outcome; of these, which have the positive one."""
    labelled: Bools = ~np.asarray(pc.is_null(column, nan_is_null=True).to_numpy())
    if not labelled.any():
        raise no_label_error(target)
    return labelled, labels_from_column(column.filter(pa.array(labelled)), target)


@dataclass(frozen=True, slots=True)
class OutcomeReading:
    """How outcomes of one type are read, and rows sampled by them.

    `read` gives, of the target's column, which rows have an outcome, and the outcomes of these.
    Raises DataError for a column that cannot be learnt. `sample` gives the numbers of about so many
    rows, or all, by their outcomes, the number and a seed.
    """

    read: Callable[[pa.ChunkedArray, Target], tuple[Bools, np.ndarray]]
    sample: Callable[[np.ndarray, int, int], np.ndarray]


YES_OR_NO = OutcomeReading(_read_labels, sample_rows)


def read_all_rows(
    rows: FrameOrTable, use_case: UseCase, seed: int, reading: OutcomeReading = YES_OR_NO
) -> tuple[AllRows, pd.DataFrame, np.ndarray]:
    """All that is counted, the rows kept whole (numbered anew), and which of all they are.

    Raises DataError when the target is absent, holds no label, or one class only.
    """
    if isinstance(rows, pd.DataFrame):
        rows = _check_readable(rows)
    names = _column_names(rows)
    target = use_case.data.target
    _check_present("target", [target.column], names)
    _check_present("identity", use_case.data.identity, names)
    for role, asked in (
        ("sensitive", list(use_case.data.sensitive)),
        ("time", _time_columns(use_case)),
    ):
        _check_present(role, asked, names)
    held = _read_columns(rows, [target.column, *use_case.data.sensitive, *_time_columns(use_case)])
    labelled, truth = reading.read(held[target.column], target)
    most = max(MAX_KEPT_CELLS // len(names), 2 * MIN_CLASS_SAMPLE)
    kept = reading.sample(truth, most, seed)
    found, whole_rows = _hash_rows(rows, names, use_case, labelled, kept)
    if isinstance(rows, Table):
        frame = pa.Table.from_batches(whole_rows).to_pandas()
    else:
        frame = rows[labelled].iloc[kept].reset_index(drop=True)
    whole = AllRows(
        truth=truth,
        columns=held.filter(pa.array(labelled)).to_pandas(),
        unlabelled_count=int((~labelled).sum()),
        newest_time=_newest_time(held, use_case),
        **found,
    )
    return whole, frame, kept


def read_outcomes(
    rows: FrameOrTable, use_case: UseCase, reading: OutcomeReading = YES_OR_NO
) -> tuple[np.ndarray, pd.DataFrame]:
    """The outcomes of the rows that have one, and their sensitive columns.

    Raises as `read_all_rows`.
    """
    target = use_case.data.target
    _check_present("target", [target.column], _column_names(rows))
    _check_present("sensitive", list(use_case.data.sensitive), _column_names(rows))
    held = _read_columns(rows, [target.column, *use_case.data.sensitive])
    labelled, truth = reading.read(held[target.column], target)
    return truth, held.filter(pa.array(labelled)).to_pandas()


def _column_names(rows: FrameOrTable) -> list[str]:
    return list(rows.schema.names) if isinstance(rows, Table) else list(map(str, rows.columns))


def _check_readable(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame, if it could be a table. Raises DataError."""
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(
            f"two columns are called {twice[0]!r}", where="the frame", remedy="Rename one of them."
        )
    frame = frame.set_axis(names, axis=1)
    try:
        pa.Table.from_pandas(frame, preserve_index=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError) as error:
        raise DataError(
            f"the frame holds values that go into no table: {error.args[-1]}",
            where="the frame",
            remedy="Give each column values of one kind: numbers, dates, text, true and false.",
        ) from None
    return frame


def time_column(use_case: UseCase) -> str | None:
    """The column that says when a row was so: data.time, else that of a split by time."""
    by_time = use_case.split.column if use_case.split.by == "time" else None
    return use_case.data.time or by_time


def _newest_time(table: pa.Table, use_case: UseCase) -> object:
    time = time_column(use_case)
    return None if time is None else pc.max(table[time]).as_py()


def _read_columns(rows: FrameOrTable, columns: Sequence[str]) -> pa.Table:
    """Each column once, however often it is asked for."""
    wanted = list(dict.fromkeys(columns))
    if isinstance(rows, Table):
        return rows.to_arrow(wanted)
    return pa.Table.from_pandas(rows[wanted], preserve_index=False)


def _batches(rows: FrameOrTable) -> Iterator[pa.RecordBatch]:
    if isinstance(rows, Table):
        return rows.batches()
    return iter(pa.Table.from_pandas(rows, preserve_index=False).to_batches(1 << 16))


def _time_columns(use_case: UseCase) -> list[str]:
    """data.time, and the column of a split by time or group."""
    return [name for name in (use_case.data.time, use_case.split.column) if name]


def _check_present(role: str, columns: Sequence[str], names: Sequence[str]) -> None:
    for name in columns:
        if name not in names:
            raise DataError(
                f"the table has no {role} column {name!r}",
                where=None if role == "target" else f"data.{role}",
                remedy=suggest_name(name, names, "Name a column of the table."),
            )


def _hash_rows(
    rows: FrameOrTable, names: list[str], use_case: UseCase, labelled: Bools, kept_rows: np.ndarray
) -> tuple[dict[str, np.ndarray], list[pa.RecordBatch]]:
    """The hashes of all labelled rows, and the batches of those that are kept."""
    features = use_case.feature_columns(names)
    identity = list(use_case.data.identity)
    target = use_case.data.target.column
    wanted = {"features": features, "cases": [*features, target], "rows": names}
    hashed: dict[str, list[np.ndarray]] = {key: [] for key in (*wanted, "units", "persons")}
    rule = rows.identity_rule if isinstance(rows, Table) else IDENTITY_RULE
    held, row, done = [], 0, 0
    for whole in _batches(rows):
        mask = labelled[row : row + whole.num_rows]
        batch = whole.filter(pa.array(mask))
        row += whole.num_rows
        for key, columns in wanted.items():
            hashed[key].append(_hashes(batch, columns))
        hashed["persons"].append(_identity_hashes(batch, identity, rule))
        hashed["units"].append(_unit_hashes(batch, use_case, names, done, rule))
        if isinstance(rows, Table):
            inside = kept_rows[(kept_rows >= done) & (kept_rows < done + batch.num_rows)] - done
            held.append(batch.take(pa.array(inside)))
        done += batch.num_rows
    return {key: np.concatenate(parts) for key, parts in hashed.items()}, held


def _hashes(batch: pa.RecordBatch, columns: Sequence[str]) -> np.ndarray:
    if not columns:
        return np.zeros(batch.num_rows, dtype=np.uint64)
    return np.asarray(row_hashes(batch, columns))


def _unit_hashes(
    batch: pa.RecordBatch, use_case: UseCase, names: Sequence[str], first: int, rule: int
) -> np.ndarray:
    """As `dataset.row_identity` divides the rows; by time, entities are those of the identity."""
    split, identity = use_case.split, list(use_case.data.identity)
    if split.by == "group":
        return _identity_hashes(batch, [str(split.column)], rule)
    if identity:
        return _identity_hashes(batch, identity, rule)
    if split.by == "time":
        return np.arange(first, first + batch.num_rows).astype(np.uint64)
    features = [name for name in names if name != use_case.data.target.column]
    return _identity_hashes(batch, features, rule)


def _identity_hashes(batch: pa.RecordBatch, columns: Sequence[str], rule: int) -> np.ndarray:
    """Hashes that are equal where the split's are. Only rule 1 needs texts for that: a hash of a
    value tells values of one type apart as it is, and costs less.
    """
    if rule > 1:
        return _hashes(batch, columns)
    arrays = [
        identity_texts(one, rule) if column_kind(one.type) == "text" else one
        for one in (batch.column(name) for name in columns)
    ]
    return _hashes(pa.RecordBatch.from_arrays(arrays, names=list(columns)), columns)
