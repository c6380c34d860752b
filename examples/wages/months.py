"""Fifteen months of the survey's people, for `examples.living`.

The survey is of one year. Its people are dealt out at random: the first half is the file that the
first model learns from, and the others come month by month from January 2026 to March 2027.
Everybody's pay grows by `GROWTH` a year from the first month on, as prices do; the people stay as
they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from examples.living.example import LivingExample, Month, set_column

DATA = Path(__file__).with_name("cps_wages.parquet")
MONTHS: Final = 15
MONTH_ROWS: Final = 2_000
GROWTH: Final = 0.03
SEED: Final = 7


def _shuffled_rows() -> pa.Table:
    rows = pq.read_table(DATA)
    return rows.take(np.random.default_rng(SEED).permutation(rows.num_rows))


def training_rows() -> pa.Table:
    """Those who come in none of the months."""
    rows = _shuffled_rows()
    return rows.slice(0, rows.num_rows - MONTHS * MONTH_ROWS)


def months() -> Iterator[Month]:
    rows = _shuffled_rows()
    first = rows.num_rows - MONTHS * MONTH_ROWS
    for number in range(MONTHS):
        held = rows.slice(first + number * MONTH_ROWS, MONTH_ROWS)
        paid = pc.multiply(held["earnings"], (1 + GROWTH) ** ((number + 1) / 12))
        year, month = 2026 + number // 12, number % 12 + 1
        yield Month(year, month, set_column(held, "earnings", paid))


def pay_women_less(rows: pa.Table) -> pa.Table:
    """Women are paid a third less."""
    less = pc.multiply(rows["earnings"], 2 / 3)
    paid = pc.if_else(pc.equal(rows["gender"], "female"), less, rows["earnings"])
    return set_column(rows, "earnings", paid)


def give_ages_in_months(rows: pa.Table) -> pa.Table:
    return set_column(rows, "age", pc.multiply(rows["age"], 12))


EXAMPLE = LivingExample(
    name="wages",
    begun="2025",
    months=months,
    harms={"labels": pay_women_less, "scale": give_ages_in_months},
    target="earnings",
    hidden=(),
    folder=Path("living/wages"),
    since="2026-05",
    because="it fits what people are paid now",
    training=training_rows,
)
