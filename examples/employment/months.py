"""The years 2016 to 2018 of the survey, month by month, for `examples.living`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from examples.living.example import LivingExample, Month, set_column

DATA = Path(__file__).parent


def months() -> Iterator[Month]:
    """Twelfths of each year, in the order of the survey's file."""
    for year in (2016, 2017, 2018):
        rows = pq.read_table(DATA / f"{year}.parquet")
        for month in range(12):
            start, stop = (rows.num_rows * m // 12 for m in (month, month + 1))
            yield Month(year, month + 1, rows.slice(start, stop - start))


def flip_unmarried(rows: pa.Table) -> pa.Table:
    """The outcome of those who never married is written the wrong way round."""
    wrong, flipped = pc.equal(rows["MAR"], "5"), pc.subtract(1, rows["employed"])
    return set_column(rows, "employed", pc.if_else(wrong, flipped, rows["employed"]))


def give_ages_in_months(rows: pa.Table) -> pa.Table:
    return set_column(rows, "AGEP", pc.multiply(rows["AGEP"], 12))


EXAMPLE = LivingExample(
    name="employment",
    begun="2015",
    months=months,
    harms={"labels": flip_unmarried, "scale": give_ages_in_months},
    target="employed",
    hidden=("year",),
    folder=Path("living"),
    since="2017-07",
    because="it fits the people who come now",
)
