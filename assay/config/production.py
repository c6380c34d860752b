"""What is asked of a model that is in use: scoring, labels, monitoring, retraining, promotion.

None of this changes how a question is answered, so it is no part of the question's key.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from assay.config.data import Source, coerce_path, refuse_passwords
from assay.config.section import ColumnName, Duration, Fraction, Section

_Source = Annotated[
    Source,
    BeforeValidator(coerce_path, json_schema_input_type=str | Source),
]


class Sink(Section):
    """Where predictions are written: a file a batch, or a SQL table that grows."""

    path: str | None = None
    """A path or any fsspec URL ending in .parquet or .csv; {batch} stands for the batch's name."""
    table: str | None = None
    """A SQL table, made if it is not there. A batch's rows are written once."""
    connection: str | None = None
    """An SQLAlchemy URL. Write secrets as ${NAME}: they are read from the environment."""

    @model_validator(mode="after")
    def _one_kind(self) -> Sink:
        if (self.path is None) == (self.table is None):
            raise ValueError("name either a path or a SQL table")
        if (self.table is None) != (self.connection is None):
            raise ValueError("a SQL table needs a connection, and a path has none")
        if self.path is not None and "{batch}" not in self.path:
            raise ValueError("the path needs {batch} in it, or one batch would replace another")
        refuse_passwords(self.connection, self.path)
        return self


class ScoringSettings(Section):
    """Which rows are scored, and where the answers go besides the bucket."""

    source: _Source | None = None
    """A pattern like incoming/*.parquet: each file that fits is a batch. Or a SQL query."""
    to: Annotated[
        Sink | None,
        BeforeValidator(
            coerce_path,
            json_schema_input_type=str | Sink | None,
        ),
    ] = None
    outside: Literal["tell", "refuse"] = "tell"
    """What becomes of rows with a value far outside what training held, such as an age of 10^15:
    they are scored and told, or set aside."""


class LabelSettings(Section):
    """Where the outcomes come from, once they are known."""

    source: _Source | None = None
    """Files or a query with the identity's columns and the target's. Those of a batch that hold
    the target themselves need no second coming."""
    known: ColumnName | None = None
    """The column that says when a label became known: the latest replaces earlier ones, in
    whatever order they arrive. Left out: the one that arrived last does."""


class MonitoringSettings(Section):
    """What is expected of batches and labels, and when a look at them counts."""

    due: Duration | None = None
    """A batch is due at least every so long; after one and a half times that, silence is told."""
    rows: Annotated[int, Field(ge=20)] = 1000
    """Fewer new rows than this wait for the next look."""
    volume: Annotated[float, Field(gt=1)] = 3.0
    """How many times larger or smaller than usual a batch may be."""
    malformed: Fraction = 0.01
    """Share of a batch's rows that may be unfit for scoring."""
    delay: Duration | None = None
    """By when labels should have come: older rows without one count against `coverage`."""
    coverage: Fraction = 0.5
    """Share of those rows that should have a label."""
    false_alarms: Fraction = 0.05
    """The chance, over all looks at one champion together, that predictions which are as good as
    ever are called harmed."""


class TrainingWindow(Section):
    """How much of the past a model is trained on anew."""

    rows: Annotated[int, Field(ge=100)] | None = None
    """The newest so many labelled rows."""
    lasting: Duration | None = None
    """Labelled rows of batches that came within so long."""

    @model_validator(mode="after")
    def _one_kind(self) -> TrainingWindow:
        if (self.rows is None) == (self.lasting is None):
            raise ValueError("give either rows or lasting")
        return self


class RetrainingSettings(Section):
    """When a model is trained anew, and on what."""

    window: Literal["all", "change"] | TrainingWindow = "all"
    """all: the first table and every labelled row since. change: labelled rows since the harm was
    first seen, and everything before it where they are too few. Or the newest: {rows: 50000}."""
    cooldown: Duration = 86400.0
    """The least time between two retrainings."""
    budget: Annotated[int, Field(ge=1)] = 4
    """Retrainings in thirty days."""
    attempts: Annotated[int, Field(ge=1)] = 3
    """Retrainings in a row that bring no new champion before a person is asked."""


class PromotionPolicy(Section):
    """How a registered model becomes champion."""

    first: Literal["automatic", "approval"] = "approval"
    later: Literal["automatic", "approval"] = "approval"
    by: Literal["anyone", "engineer", "another engineer"] = "anyone"
    """Who may approve, by the roles in configs/people.yaml: with `another`, somebody other than
    who trained it."""
    shadow: Annotated[int, Field(ge=0)] = 0
    """Batches that a challenger must have scored beside the champion, unseen, and been compared on,
    before it may be promoted."""
