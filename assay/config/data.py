"""The data of a use case: where rows come from, how they are read, what columns mean."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    Field,
    JsonValue,
    PrivateAttr,
    ValidationError,
    field_validator,
    model_validator,
)

from assay.config.row_weight import RowWeight, coerce_weight
from assay.config.section import ColumnName, Fraction, NonEmptyText, Section, as_tuples
from assay.errors import ConfigError
from assay.util.url_secrets import has_written_secret, redact_url

ColumnType = Literal["integer", "number", "text", "boolean", "category", "date"]
FileFormat = Literal["csv", "parquet", "jsonl", "arrow", "excel"]
DecimalMark = Literal[".", ","]
ThousandsMark = Literal[",", ".", " ", "'", "_"]


def coerce_path(value: Any) -> Any:
    """Wrap a path in a mapping; keep a mapping as it is. Raises ValueError."""
    if isinstance(value, str):
        return {"path": value}
    if value is None or isinstance(value, dict | BaseModel):
        return value
    raise ValueError("write a path, or a mapping such as {path: rows.csv, delimiter: ;}")


class Source(Section):
    """Where the rows come from: a file (path or any fsspec URL), or a SQL query."""

    path: str | None = None
    """A path or any fsspec URL. A pattern like data/*.parquet reads all matching files, in order. A
    relative path counts from the use case's folder, or from the working folder if nothing is there.
    Write secrets, such as a signed URL, as ${NAME}: they are read from the environment.
    """
    format: FileFormat | None = None
    """The file format. Left out: taken from the file's ending."""
    sheet: str | None = None
    """The sheet of an Excel workbook; required if it has several."""
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    decimal: DecimalMark = "."
    """The decimal mark of numbers in text: "," for 12,5."""
    thousands: ThousandsMark | None = None
    """The thousands separator of numbers in text: "." for 1.234,5, " " for 1 234,5."""
    units: Annotated[
        tuple[NonEmptyText, ...],
        BeforeValidator(as_tuples, json_schema_input_type=NonEmptyText | list[NonEmptyText]),
    ] = ()
    """Units and currencies next to numbers in text, which are left off: ["€", "%"]. 12 % is 12. A
    column that mixes several of them stays text.
    """
    sql: str | None = None
    """A query. The order of its rows is kept, so use ORDER BY if the order matters."""
    connection: str | None = None
    """An SQLAlchemy URL. Write secrets as ${NAME}: they are read from the environment."""
    _folder: str = PrivateAttr("")
    _partition: tuple[tuple[str, str | None], ...] = PrivateAttr(())

    @property
    def partition(self) -> tuple[tuple[str, str | None], ...]:
        """Columns that the folders of one file of a partitioned folder tell, with their values."""
        return self._partition

    @property
    def folder(self) -> str:
        """The folder of the use case that names the source; empty for a source named elsewhere."""
        return self._folder

    @classmethod
    def from_argument(cls, path: str, **settings: Any) -> Source:
        """The source that a command's argument names. Raises ConfigError."""
        try:
            return cls(path=path, **settings)
        except ValidationError as error:
            said = error.errors()[0]["msg"].removeprefix("Value error, ")
            raise ConfigError(said, where=redact_url(path)) from None

    def below(self, folder: str) -> Source:
        """The source, as a use case in this folder names it."""
        moved = self.model_copy()
        moved._folder = folder
        return moved

    def file_in_partition(self, path: str, partition: tuple[tuple[str, str | None], ...]) -> Source:
        """One file of the source, a partitioned folder."""
        moved = self.model_copy(update={"path": path})
        moved._partition = partition
        return moved

    @model_validator(mode="after")
    def _one_kind(self) -> Source:
        if (self.path is None) == (self.sql is None):
            raise ValueError("name either a path or a sql query")
        if self.sql is not None and self.connection is None:
            raise ValueError("a sql query needs a connection")
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands cannot both be {self.decimal!r}")
        if odd := next((unit for unit in self.units if re.search(r"[\d,+]|^[.-]", unit)), None):
            raise ValueError(f"{odd!r} cannot be a unit: it would change a number")
        refuse_passwords(self.connection, self.path)
        return self


def refuse_passwords(connection: str | None, path: str | None) -> None:
    """Raise ValueError for a password in either text.

    A run keeps its use case, and everyone who may read the bucket can read it.
    """
    for name, held in (("connection", connection), ("path", path)):
        if has_written_secret(held or ""):
            raise ValueError(f"the {name} holds a password; write ${{NAME}}, set it outside")


class Target(Section):
    """What the model predicts. Its keys say of which type the question is.

    Yes or no: whether `column` holds the `positive` value, or a number `above` a limit. Which of
    several: `classes`. How much: `unit`. Any other type: `problem`.
    """

    column: ColumnName
    positive: str | int | float | bool | None = None
    above: Annotated[float, Field(allow_inf_nan=False)] | None = None
    """In place of `positive`, for a column of numbers: larger ones mean yes, all others no."""
    negative: tuple[str | int | float | bool, ...] = ()
    """The values that mean no; rows with any other value are refused. Left out: every other value
    means no, and validation is a caution if there are several.
    """
    classes: tuple[str | int | float | bool, ...] = ()
    """The outcomes to tell apart, three or more: [none, minor, serious]. With `unlabelled:
    leave_out`, rows with any other value are left out.
    """
    ordered: bool = False
    """Whether `classes` ascend."""
    unit: NonEmptyText | None = None
    """For a column of numbers: what an amount is counted in, such as "dollars an hour"."""
    log: bool = False
    """For amounts above 0 whose errors count by ratio: models learn the logarithm."""
    problem: Annotated[str, Field(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)+$")] | None = None
    """The import path of a problem type that Assay does not know, with its `options`."""
    options: dict[str, JsonValue] = {}
    unlabelled: Literal["refuse", "leave_out"] = "refuse"
    """What happens to rows without an outcome: `leave_out` drops them as the source is read, and
    validation says how many.
    """

    @model_validator(mode="after")
    def _one_type(self) -> Target:
        kinds = {
            "positive": self.positive is not None,
            "above": self.above is not None,
            "classes": bool(self.classes),
            "unit": self.unit is not None,
            "problem": self.problem is not None,
        }
        if sum(kinds.values()) != 1:
            raise ValueError(
                "write one of `positive`, the value that means yes; `above`, a number that must "
                "be exceeded; `classes`, the outcomes to tell apart; `unit`, of an amount"
            )
        kind = next(name for name, written in kinds.items() if written)
        for name, needed in _BELONGS_TO.items():
            if getattr(self, name) and kind != needed:
                raise ValueError(f"`{name}` belongs to `{needed}`, and stands beside `{kind}`")
        if str(self.positive) in map(str, self.negative):
            raise ValueError(f"{self.positive!r} cannot be both positive and negative")
        self._check_classes()
        return self

    def _check_classes(self) -> None:
        labels = self.class_labels
        if 0 < len(labels) < 3:
            raise ValueError("of two outcomes, name the one that means yes as `positive`")
        if twice := next((label for label in labels if labels.count(label) > 1), None):
            raise ValueError(f"the class {twice!r} stands here twice")
        if odd := next((label for label in labels if "|" in label or not label.strip()), None):
            raise ValueError(f"{odd!r} cannot be a class: sets of classes are written as a|b")

    @property
    def class_labels(self) -> tuple[str, ...]:
        """The classes as text, in order; empty for a question of another type."""
        texts = (str(one).lower() if isinstance(one, bool) else str(one) for one in self.classes)
        return tuple(texts)

    @property
    def problem_type(self) -> str:
        """binary, multiclass, regression, or the import path of another type."""
        if self.problem is not None:
            return self.problem
        return "multiclass" if self.classes else "regression" if self.unit else "binary"

    @property
    def outcome_text(self) -> str:
        """The column and what it holds in a positive row: "income = '>50K'", "earnings > 30"."""
        held = f"= {self.positive!r}" if self.above is None else f"> {self.above:g}"
        return f"{self.column} {held}"


_BELONGS_TO = {"negative": "positive", "ordered": "classes", "log": "unit", "options": "problem"}


MISSING_GROUP = "(missing)"
"""The group of the people whose value is missing."""


def bin_labels(marks: Sequence[str]) -> list[str]:
    """What ascending cut points, as text, divide numbers into: "<30", "30-50", ">=50"."""
    middle = [f"{low}-{high}" for low, high in itertools.pairwise(marks)]
    return [f"<{marks[0]}", *middle, f">={marks[-1]}"]


class Sensitive(Section):
    """A column that marks groups of people who must be treated alike."""

    reference: str | None = None
    """The group that others are compared with. Left out: the largest group."""
    bins: tuple[float, ...] = ()
    """Cut points for a numeric column: [30, 50] makes the groups "<30", "30-50", ">=50"."""
    population: dict[str, Fraction] = {}
    """Shares of the groups among the people who will be decided about, where they are known:
    {Female: 0.51}. Groups left out are not compared.
    """
    feature: bool = False
    """Whether the model may see the column. By default it may not."""

    def bin_labels(self) -> list[str]:
        """The groups that the cut points make, ascending; none without cut points."""
        marks = [f"{cut:g}" if float(f"{cut:g}") == cut else repr(cut) for cut in self.bins]
        return bin_labels(marks) if marks else []

    @field_validator("bins")
    @classmethod
    def _ascending(cls, bins: tuple[float, ...]) -> tuple[float, ...]:
        if list(bins) != sorted(set(bins)):
            raise ValueError("cut points must ascend")
        return bins

    @field_validator("population")
    @classmethod
    def _at_most_all(cls, population: dict[str, float]) -> dict[str, float]:
        if sum(population.values()) > 1 + 1e-9:
            raise ValueError("the shares of the population come to more than 1")
        return population


class Actionable(Section):
    """A column that the person whom a row is about can change."""

    column: ColumnName
    direction: Literal["any", "up", "down"] = "any"
    """Which way it can change: of a number or a date, up or down alone."""


def _coerce_actionable(value: Any) -> Any:
    """A column's name in place of a mapping, since both may be written."""
    if not isinstance(value, list | tuple):
        return value
    return tuple({"column": one} if isinstance(one, str) else one for one in value)


class Data(Section):
    """The rows, what their columns mean, and which columns must never be stored."""

    source: Annotated[
        Source,
        BeforeValidator(coerce_path, json_schema_input_type=str | Source),
    ]
    target: Target
    identity: tuple[ColumnName, ...] = ()
    """Columns that identify a row over time. Left out: all columns but the target."""
    missing: tuple[str, ...] = ("",)
    """Texts that stand for a missing value, such as ["", "NA", "-999"]."""
    types: dict[str, ColumnType] = {}
    """Types of columns that inference should not decide. Values that do not fit are malformed."""
    categories: dict[str, tuple[str, ...]] = {}
    """The only values that a column may hold, in order. Rows with other values are malformed."""
    dates: dict[str, str] = {}
    """Date columns and their format: iso, strptime's directives such as %d.%m.%Y, or s, ms, us or
    ns for numbers that count from 1970 in that unit.
    """
    where: str | None = None
    """Which rows count: a SQL expression over the row, in DuckDB's dialect, such as
    age >= 18 AND country = 'NO'. Other rows are dropped as the source is read.
    """
    never_store: tuple[ColumnName, ...] = ()
    """Personal columns, dropped before anything is written."""
    exclude: tuple[ColumnName, ...] = ()
    """Columns that are stored but are not features."""
    after_outcome: tuple[ColumnName, ...] = ()
    """Columns that are known only after the outcome: they leak it and cannot be features."""
    sensitive: dict[str, Sensitive] = {}
    """The columns whose groups are compared. `{}` says that there are none."""
    not_sensitive: tuple[ColumnName, ...] = ()
    """Columns whose names suggest sex, age and the like, but whose groups need no comparison: the
    fairness gate does not ask about them.
    """
    actionable: Annotated[
        tuple[Actionable, ...],
        BeforeValidator(
            _coerce_actionable, json_schema_input_type=tuple[ColumnName | Actionable, ...]
        ),
    ] = ()
    """Features that people can change: [hours_per_week, {column: education_num, direction: up}].
    What a no is told (`score.would_be`) names no others.
    """
    weight: (
        Annotated[RowWeight, BeforeValidator(coerce_weight, json_schema_input_type=str | RowWeight)]
        | None
    ) = None
    """The column that says how much each row counts, such as the weight of a survey. It is not a
    feature, and rows to be scored need none. Rows of weight 0 are left out.
    """
    time: ColumnName | None = None
    """The column, a date or an ascending number, that gives a row's time. It is not a feature."""

    def reading_settings(self) -> dict[str, Any]:
        """Ingestion's settings as JSON: where rows come from and how they are read."""
        kept = {"source", "missing", "types", "categories", "dates", "where", "never_store"}
        of_target = {"column", "unlabelled"}
        if self.target.classes and self.target.unlabelled == "leave_out":
            of_target |= {"classes"}  # rows of others are left out
        include: dict[str, Any] = dict.fromkeys(kept, True) | {"target": of_target}
        if self.weight is not None:
            include["weight"] = {"column"}  # rows of weight 0 are left out
        return self.model_dump(mode="json", include=include)

    def weight_setting(self) -> dict[str, Any]:
        """The weight as JSON, under that name; nothing without one."""
        if self.weight is None:
            return {}
        return {"weight": self.weight.model_dump(mode="json")}

    def column_meaning(self) -> dict[str, Any]:
        """What the columns mean, as JSON, without where they come from or how they are read."""
        kept = {"target", "identity", "exclude", "after_outcome", "sensitive", "time"}
        return self.model_dump(mode="json", include=kept) | self.weight_setting()
