"""Settings of a model in use: scoring, labels, monitoring, retraining, promotion.

None of them changes how a question is answered, so they are not part of the question's key.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PrivateAttr, model_validator

from assay.config.data import Source, coerce_path, refuse_passwords
from assay.config.schedule import TimeOfDay
from assay.config.section import ColumnName, Duration, Fraction, Section

_Source = Annotated[
    Source,
    BeforeValidator(coerce_path, json_schema_input_type=str | Source),
]


class Sink(Section):
    """Where predictions are written: a file for each batch, or a SQL table that grows."""

    path: str | None = None
    """A path or any fsspec URL ending in .parquet or .csv; {batch} stands for the batch's name. A
    relative path counts from the use case's folder; from the working folder if its first folder
    is only there.
    """
    table: str | None = None
    """A SQL table, created if it does not exist. A batch's rows are written once."""
    connection: str | None = None
    """An SQLAlchemy URL. Write secrets as ${NAME}: they are read from the environment."""
    formulas: Literal["keep", "escape"] = "keep"
    """escape: in a .csv, text that a spreadsheet would take for a formula, because it begins with =
    + - or @, gets a ' before it. Numbers stay as they are.
    """

    _folder: str = PrivateAttr("")

    def below(self, folder: str) -> Sink:
        """The sink, as a use case in this folder names it."""
        moved = self.model_copy()
        moved._folder = folder
        return moved

    def resolve_path(self) -> str:
        """The path from the working folder, or the URL."""
        path = str(self.path)
        if not self._folder or "://" in path or path.startswith(("/", "~")):
            return path
        first, *within = Path(path).parts
        if within and Path(first).is_dir() and not Path(self._folder, first).is_dir():
            return path
        return str(Path(self._folder, path))

    @model_validator(mode="after")
    def _one_kind(self) -> Sink:
        if (self.path is None) == (self.table is None):
            raise ValueError("name either a path or a SQL table")
        if (self.table is None) != (self.connection is None):
            raise ValueError("a SQL table needs a connection, and a path has none")
        if self.path is not None and "{batch}" not in self.path:
            raise ValueError("the path needs {batch} in it, or one batch would replace another")
        refuse_passwords(self.connection, self.path)
        if self.formulas == "escape" and not (self.path or "").lower().endswith(".csv"):
            raise ValueError("formulas are escaped in a .csv alone")
        return self


class ScoringSettings(Section):
    """Which rows are scored, and where the predictions go besides the bucket."""

    source: _Source | None = None
    """A pattern like incoming/*.parquet, or a folder: each file is a batch. In a folder of folders
    named column=value, each file has these columns too. Or a SQL query.
    """
    to: Annotated[
        Sink | None,
        BeforeValidator(
            coerce_path,
            json_schema_input_type=str | Sink | None,
        ),
    ] = None
    outside: Literal["tell", "refuse"] = "tell"
    """What happens to rows with a value far outside the training range, such as an age of 10^15:
    they are scored and reported, or set aside.
    """
    by: TimeOfDay | None = None
    """By when a new batch is to be scored, such as "06:00" in the zone of `schedule`: on the days
    of the cron text `schedule.score`, otherwise each day. A missed deadline is alerted once.
    """
    reasons: Annotated[int, Field(ge=0, le=20)] = 0
    """Of how many columns, those that moved its answer most, each row is told: reason_1, reason_2
    and so on stand beside the answer. 0 for none. It takes some milliseconds a row.
    """
    would_be: bool = False
    """Whether each no is told a change of `data.actionable` that would make it yes, in the column
    would_be. Of yes or no questions alone.
    """

    @property
    def explains(self) -> bool:
        """Whether anything is told beside the answers."""
        return self.reasons > 0 or self.would_be


class LabelSettings(Section):
    """Where labels come from, once they are known."""

    source: _Source | None = None
    """Files or a query with the columns of the identity and the target. Batches that hold the
    target themselves do not need it.
    """
    known: ColumnName | None = None
    """The column that says when a label became known: the latest replaces earlier ones, in any
    order of arrival. Left out: the label that arrived last does.
    """


class MonitoringSettings(Section):
    """What is expected of batches and labels, and when the monitor judges them."""

    due: Duration | None = None
    """The longest usual time between batches. After 1.5 times that, silence is reported."""
    rows: Annotated[int, Field(ge=20)] = 1000
    """Fewer new rows than this wait for the next look."""
    volume: Annotated[float, Field(gt=1)] = 3.0
    """How many times larger or smaller than usual a batch may be."""
    malformed: Fraction = 0.01
    """Share of a batch's rows that may be unfit for scoring."""
    delay: Duration | None = None
    """When labels are due: older rows without a label count against `coverage`."""
    coverage: Fraction = 0.5
    """Share of those rows that should have a label."""
    false_alarms: Fraction = 0.05
    """The probability, over all looks at one champion together, that unharmed predictions are
    called harmed.
    """


class TrainingWindow(Section):
    """The rows that a retraining uses."""

    rows: Annotated[int, Field(ge=100)] | None = None
    """The number of newest labelled rows."""
    lasting: Duration | None = None
    """Labelled rows of batches that arrived within this time."""

    @model_validator(mode="after")
    def _one_kind(self) -> TrainingWindow:
        if (self.rows is None) == (self.lasting is None):
            raise ValueError("give either rows or lasting")
        return self


class RetrainingSettings(Section):
    """When a model is retrained, and on which rows."""

    window: Literal["all", "change"] | TrainingWindow = "all"
    """all: the first table and every labelled row since. change: labelled rows since the harm was
    first seen, and everything before it if they are too few. Or the newest: {rows: 50000}.
    """
    cooldown: Duration = 86400.0
    """The least time between two retrainings."""
    budget: Annotated[int, Field(ge=1)] = 4
    """Retrainings allowed in thirty days."""
    attempts: Annotated[int, Field(ge=1)] = 3
    """Retrainings in a row without a new champion, after which a person is asked."""


class PromotionPolicy(Section):
    """How a registered model becomes champion."""

    first: Literal["automatic", "approval"] = "approval"
    later: Literal["automatic", "approval"] = "approval"
    by: Literal["anyone", "engineer", "another engineer"] = "anyone"
    """Who may approve, by the roles in configs/people.yaml. With `another`, it must be somebody
    other than the person who trained it.
    """
    shadow: Annotated[int, Field(ge=0)] = 0
    """Number of batches that a challenger must score in shadow deployment, and be compared on,
    before it may be promoted.
    """
    card: Literal["optional", "required"] = "optional"
    """required: a version whose model card has gaps (see `card`) cannot become champion."""
