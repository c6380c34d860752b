"""A table that comes day by day, and what may happen to it.

The rows are Adult, grown (`benchmarks/gates/data.py`), one copy a day, with the day as a column.
They lie in one Arrow file, which is read batch by batch, so that no contender holds them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benchmarks.gates.data import ROWS, copies

CHANGES = {
    "1 % appended": "",
    "slid by 1 %": "the oldest 1 % removed, as much appended",
    "late corrections, newest days": "one row in two of the newest 2 %",
    "late corrections, anywhere": "1 % of all rows, drawn at random",
    "a new column": "for all rows",
}
_CORRECTED = "hours_per_week"
_BATCH = 1 << 16

Batches = Iterator[pa.RecordBatch]


def make(folder: Path, rows: int) -> Path:
    """Write `rows` rows and 1 % more to `folder`/rows.arrow, and their number to rows.json."""
    folder.mkdir(parents=True)
    most, done, sink = rows + rows // 100, 0, None
    for day, frame in enumerate(copies(-(-most // ROWS))):
        batch = _day(frame.head(most - done), day)
        if sink is None:
            sink = pa.ipc.new_file(str(folder / "rows.arrow"), batch.schema)
        for start in range(0, batch.num_rows, _BATCH):
            sink.write_batch(batch.slice(start, _BATCH))
        done += batch.num_rows
    assert sink is not None
    sink.close()
    (folder / "rows.json").write_text(json.dumps(rows))
    return folder


def _day(frame: object, day: int) -> pa.RecordBatch:
    [batch] = pa.Table.from_pandas(frame, preserve_index=False).combine_chunks().to_batches()
    arrays = [pa.array(np.full(batch.num_rows, day)), *batch.columns]
    plain = [a.cast(pa.string()) if pa.types.is_large_string(a.type) else a for a in arrays]
    return pa.RecordBatch.from_arrays(plain, names=["day", *batch.schema.names])


def number(folder: Path) -> int:
    """How many rows the first version has."""
    return int(json.loads((folder / "rows.json").read_text()))


def first(folder: Path) -> Batches:
    """The first version."""
    return _between(folder, 0, number(folder))


def versions(folder: Path) -> dict[str, Callable[[], Batches]]:
    """The next version for each of `CHANGES`, made when called."""
    rows = number(folder)
    some = rows // 100
    rng = np.random.default_rng(7)
    anywhere, newest = np.zeros((2, rows), bool)
    anywhere[rng.choice(rows, some, replace=False)] = True
    newest[rows - 2 * some + rng.choice(2 * some, some, replace=False)] = True
    made = (
        lambda: _between(folder, 0, rows + some),
        lambda: _between(folder, some, rows + some),
        lambda: _corrected(first(folder), newest),
        lambda: _corrected(first(folder), anywhere),
        lambda: _widened(first(folder)),
    )
    return dict(zip(CHANGES, made, strict=True))


def schema(batches: Batches) -> tuple[pa.Schema, Batches]:
    """The schema of the rows, and the rows."""
    head = next(batches)

    def all_() -> Batches:
        yield head
        yield from batches

    return head.schema, all_()


def _between(folder: Path, start: int, stop: int) -> Batches:
    seen = 0
    # Not mapped into memory: the file's pages would count as a contender's.
    with pa.OSFile(str(folder / "rows.arrow")) as source:
        file = pa.ipc.open_file(source)
        for i in range(file.num_record_batches):
            batch = file.get_batch(i)
            low, high = max(start - seen, 0), min(stop - seen, batch.num_rows)
            if low < high:
                yield batch.slice(low, high - low)
            seen += batch.num_rows


def _corrected(batches: Batches, which: np.ndarray) -> Batches:
    seen = 0
    for batch in batches:
        place = batch.schema.names.index(_CORRECTED)
        mask = pa.array(which[seen : seen + batch.num_rows])
        hours = batch.column(place)
        columns = [*batch.columns]
        columns[place] = pc.if_else(mask, pc.add(hours, 1), hours)
        yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)
        seen += batch.num_rows


def _widened(batches: Batches) -> Batches:
    for batch in batches:
        extra = pc.multiply(batch.column("hours_per_week"), 52)
        names = [*batch.schema.names, "hours_per_year"]
        yield pa.RecordBatch.from_arrays([*batch.columns, extra], names=names)
