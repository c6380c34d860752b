"""Rows in the shape that the table wants; those that do not fit, with the reason."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.sources.blocks import MalformedRow, RowBlock
from assay.sources.conversion import ColumnSpec, convert_values
from assay.sources.infinite_values import null_infinite


@dataclass(frozen=True)
class ConvertedBlock:
    """`batch` holds the rows of a block that fit, `malformed_rows` all others, in the order of
    their lines. `infinite`: by column, how many values were infinite and are missing now.
    """

    batch: pa.RecordBatch
    malformed_rows: list[MalformedRow]
    infinite: dict[str, int]


def convert_block(block: RowBlock, specs: Mapping[str, ColumnSpec]) -> ConvertedBlock:
    """The rows of a block in the kinds that are wanted of their columns."""
    rows = block.rows
    held = dict(zip(rows.schema.names, rows.columns, strict=True))
    arrays, unfit = [], {}
    infinite: dict[str, int] = {}
    for name, kind in specs.items():
        array = held[name] if name in held else pa.nulls(rows.num_rows)
        if kind.kind in {"integer", "number"}:
            array, count = null_infinite(array)
            infinite |= {name: count} if count else {}
        arrays.append(convert_values(array, kind))
        if (odd := _lost_values(array, arrays[-1])) is not None:
            unfit[name] = odd
    batch = pa.RecordBatch.from_arrays(arrays, names=list(specs))
    malformed = list(block.malformed_rows)
    if unfit:
        bad = np.logical_or.reduce(list(unfit.values()))
        batch = batch.filter(pa.array(~bad))
        malformed = sorted([*malformed, *_explain_malformed(block, bad, unfit, specs)])
    if block.file:
        malformed = [m._replace(reason=f"of {block.file} {m.reason}") for m in malformed]
    return ConvertedBlock(batch, malformed, infinite)


def _lost_values(before: pa.Array, after: pa.Array) -> NDArray[np.bool_] | None:
    """Where a value went missing because it does not fit."""
    if before.null_count == after.null_count:
        return None
    lost = pc.and_(pc.is_valid(before), pc.is_null(after))
    mask: NDArray[np.bool_] = lost.to_numpy(zero_copy_only=False)
    return mask


def _python_rows(rows: pa.RecordBatch) -> list[dict[str, Any]]:
    """Rows as Python values; dates as text, for Python knows no year after 9999."""
    arrays = [
        one.cast(pa.string()) if pa.types.is_temporal(one.type) else one for one in rows.columns
    ]
    found: list[dict[str, Any]]
    found = pa.RecordBatch.from_arrays(arrays, names=rows.schema.names).to_pylist()
    return found


def _explain_malformed(
    block: RowBlock,
    bad: NDArray[np.bool_],
    unfit: Mapping[str, NDArray[np.bool_]],
    specs: Mapping[str, ColumnSpec],
) -> list[MalformedRow]:
    places = np.flatnonzero(bad)
    rows = _python_rows(block.rows.take(pa.array(places)))
    found = []
    for place, row in zip(places, rows, strict=True):
        reasons = [
            f"{name} {row[name]!r} {specs[name].describe_misfit(row[name])}"
            for name, odd in unfit.items()
            if odd[place]
        ]
        text = json.dumps(row, ensure_ascii=False, default=str)
        found.append(MalformedRow(int(block.lines[place]), "; ".join(reasons), text))
    return found
