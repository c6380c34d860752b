"""How many equal rows the weighted ones are worth, and whether a few of them carry the weight."""

from __future__ import annotations

from typing import Final

import pyarrow as pa

from assay.config.row_weight import RowWeight
from assay.dataset.row_source import RowSource
from assay.dataset.row_weights import weight_values
from assay.gates.report import Check, Verdict
from assay.gates.statistics.design_effect import TOP_SHARE, weight_spread

MOST_OF_TOP: Final = 0.2
"""The share of all weight that the heaviest 1 % of the rows may carry. They carry .11 where weights
are lognormal with a design effect of 3, and .20 with one of 10.
"""


def check_weights(rows: RowSource, declared: RowWeight) -> Check:
    """A caution where few rows carry the result. Raises DataError for weights that are none."""
    frame = rows.frame([declared.column])
    column = pa.chunked_array([pa.Array.from_pandas(frame[declared.column])])
    values = weight_values(column, declared)
    if declared.kind == "frequency":
        return Check(
            name="weights",
            claim=f"{declared.column} counts the rows that were merged into each row",
            verdict=Verdict.PASS,
            statistic="rows that the table stands for",
            estimate=float(values.sum()),
            why=f"{rows.count:,} rows stand for {values.sum():,.0f} observed ones, by "
            f"{declared.column}.",
            hard=False,
            rows=rows.count,
        )
    spread = weight_spread(values)
    few = spread.top > MOST_OF_TOP
    return Check(
        name="weights",
        claim=f"The heaviest {TOP_SHARE:.0%} of rows carry at most {MOST_OF_TOP:.0%} of the weight",
        verdict=Verdict.CAUTION if few else Verdict.PASS,
        statistic=f"share of the weight that the heaviest {TOP_SHARE:.0%} of rows carry",
        estimate=spread.top,
        threshold=MOST_OF_TOP,
        why=f"By the weights in {declared.column}, {spread.rows:,} rows tell as much as "
        f"{spread.effective:,.0f} equal ones (Kish's design effect {spread.design_effect:.2f}); "
        f"the heaviest {TOP_SHARE:.0%} carry {spread.top:.1%} of all weight, the largest weight "
        f"is {values.max():,.4g}.",
        remedy="A few rows decide the result. Look whether the largest weights are right, or trim "
        "them in the source; the intervals of all gates take them as they are."
        if few
        else "",
        hard=False,
        rows=rows.count,
    )
