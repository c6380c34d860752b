"""What an example brings along so that months of it can be played through the living loop."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

EXAMPLES = ("employment", "wages")
HARMS = ("none", "labels", "scale")


@dataclass(frozen=True)
class Month:
    """The rows of one month, with their outcomes."""

    year: int
    month: int
    rows: pa.Table

    def __str__(self) -> str:
        return f"{self.year}-{self.month:02}"

    @property
    def end(self) -> datetime:
        """The moment at which the month is over."""
        year, month = (self.year + 1, 1) if self.month == 12 else (self.year, self.month + 1)
        return datetime(year, month, 1, tzinfo=UTC)


@dataclass(frozen=True)
class LivingExample:
    """A use case whose months are played.

    `training`: the rows that the first model learns from, where these are not the use case's own
    file; they are written to the folder. `harms`: by the name of each harm, how it changes a
    month's rows. `hidden`: columns that do not arrive with a batch. `because`: why the challenger
    is approved.
    """

    name: str
    begun: str
    months: Callable[[], Iterator[Month]]
    harms: Mapping[str, Callable[[pa.Table], pa.Table]]
    target: str
    hidden: tuple[str, ...]
    folder: Path
    since: str
    because: str
    training: Callable[[], pa.Table] | None = None

    @property
    def config(self) -> str:
        return f"configs/{self.name}.yaml"

    @property
    def overrides(self) -> tuple[str, ...]:
        """The settings that differ from the use case's file."""
        return (f"data.source={self.folder / 'training.parquet'}",) if self.training else ()

    def forget(self) -> None:
        """Delete what was played before. Another example's folder may lie within this one's."""
        for name in ("arrivals", "labels", "answers", "bucket"):
            shutil.rmtree(self.folder / name, ignore_errors=True)

    def write_training_rows(self) -> None:
        if self.training:
            _write_whole(self.training(), self.folder / "training.parquet")

    def add_harm(self, month: Month, harm: str, since: str) -> pa.Table:
        """The month's rows as they arrive: harmed from the month `since` on."""
        if harm == "none" or str(month) < since:
            return month.rows
        return self.harms[harm](month.rows)

    def deliver_batch(self, month: Month, rows: pa.Table) -> None:
        """Put the rows, without their outcomes, where the use case reads batches."""
        path = self.folder / "arrivals" / f"{month}.parquet"
        _write_whole(rows.drop_columns([self.target, *self.hidden]), path)

    def deliver_labels(self, month: Month, rows: pa.Table, when: datetime) -> None:
        """Put the outcomes, known since `when`, where the use case reads labels."""
        known = pa.array([when.replace(tzinfo=None)] * rows.num_rows, pa.timestamp("us"))
        labels = rows.select(["person", self.target]).append_column("known", known)
        path = self.folder / "labels" / f"{month}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        pyarrow.csv.write_csv(labels, path)


def load_example(name: str) -> LivingExample:
    """The example of this name, one of `EXAMPLES`."""
    found: LivingExample = importlib.import_module(f"examples.{name}.months").EXAMPLE
    return found


def set_column(rows: pa.Table, name: str, column: Any) -> pa.Table:
    return rows.set_column(rows.schema.get_field_index(name), name, column)


def _write_whole(rows: pa.Table, path: Path) -> None:
    """Whoever looks at the folder never finds half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    pq.write_table(rows, part)
    part.rename(path)
