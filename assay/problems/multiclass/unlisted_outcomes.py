"""Values of the target that are no class, and rows without one."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from assay.config.use_case import UseCase
from assay.dataset.row_source import FrameOrTable
from assay.gates.report import Check, Verdict
from assay.problems.multiclass.class_rows import match_classes
from assay.tables.table import Table

SHOWN = 5


def check_unlisted_outcomes(rows: FrameOrTable, use_case: UseCase) -> Check | None:
    """A caution that names them, with the line that leaves them out; None where every row holds a
    class. A run would refuse such rows.
    """
    target = use_case.data.target
    if isinstance(rows, pd.DataFrame):
        column = pa.chunked_array([pa.Array.from_pandas(rows[target.column])])
    else:
        column = _read(rows, target.column)
    codes = match_classes(column, target)
    odd = column.filter(pa.array(codes < 0))
    if not len(odd):
        return None
    counts = odd.drop_null().value_counts().to_pylist()
    named = sorted(((str(o["values"]), int(o["counts"])) for o in counts), key=lambda o: -o[1])
    missing = int(odd.null_count)
    told = [f"{value} ({count:,} rows)" for value, count in named[:SHOWN]]
    more = f" and {len(named) - SHOWN} more" if len(named) > SHOWN else ""
    said = [f"{target.column} holds {', '.join(told)}{more}, listed as no class"] if told else []
    said += [f"{missing:,} rows have no value"] if missing else []
    dropped = target.unlabelled == "leave_out"
    return Check(
        name="unlisted_outcomes",
        claim=f"Every row's {target.column} is one of the classes, or left out on purpose",
        verdict=Verdict.PASS if dropped else Verdict.CAUTION,
        statistic="rows without a class",
        estimate=float(len(odd)),
        threshold=0.0,
        why=f"{'; '.join(said)}. They were left out here.",
        remedy=""
        if dropped
        else "If they are outcomes, name them under data.target.classes. If not, add"
        " data.target.unlabelled: leave_out, so that they are dropped and counted.",
        hard=False,
        rows=len(column),
    )


def _read(table: Table, name: str) -> pa.ChunkedArray:
    return table.to_arrow([name])[name]
