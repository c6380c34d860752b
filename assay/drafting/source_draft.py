"""How data that nobody has described are read: format, marks of missing values, dates, rows."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from assay.bucket.bucket import Bucket
from assay.config.data import Data, Source, Target
from assay.errors import ConfigError, SourceError, suggest_name
from assay.sources.column_survey import ColumnSurvey
from assay.sources.dialect import propose_changes
from assay.sources.file_format import detect_format
from assay.sources.files import find_files
from assay.sources.ingestion import store_source_table
from assay.sources.number_format import NumberFormat
from assay.tables.table import Table

MOST_ROWS: Final = 20_000  # that are looked at
_DATE_FORMATS: Final = (
    *("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d-%m-%Y", "%d %b %Y"),
    *("%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M:%S %p"),
)
_EPOCHS: Final = {"s": (1e8, 4.2e9), "ms": (1e11, 4.2e12), "us": (1e14, 4.2e15)}
_TIME_WORDS: Final = ("time", "date", "stamp", "created", "updated", "_at", "_ts")


@dataclass(frozen=True)
class DraftSource:
    """Data as they were read. `frame`: all rows with an outcome, or `MOST_ROWS` evenly spaced ones.
    `ranges`: the least and largest value of each column of numbers, over all rows.

    `options`: settings of the source beside its path; `missing`: texts that mean a missing value,
    by how many there are; `dates`: formats of date columns; `unlabelled`: rows without an outcome.
    """

    data: Data
    table: Table
    frame: pd.DataFrame
    ranges: dict[str, tuple[float, float]]
    rows: int
    unlabelled: int
    malformed: int
    options: dict[str, Any] = field(default_factory=dict)
    missing: dict[str, int] = field(default_factory=dict)
    marked_columns: dict[str, int] = field(default_factory=dict)
    dates: dict[str, str] = field(default_factory=dict)


def read_draft_source(
    bucket: Bucket, path: str, target: str, *, say: Callable[[str], None]
) -> DraftSource:
    """Read the file or files at `path` twice: as they are, then with what was seen declared.

    Raises SourceError, ConfigError for a `target` that is no column.
    """
    source = Source.from_argument(path)
    files = find_files(source)
    options: dict[str, Any] = {}
    if detect_format(source, files[0]) == "csv":
        options = propose_changes(source, files[0], not_utf8=_is_not_utf8(source, files[0]))
    source = Source.from_argument(path, **options)
    first = _store(bucket, source, target, {}, say)
    as_it_is = Table.read(bucket, first.table)
    columns = as_it_is.schema.names
    if target not in columns:
        raise ConfigError(
            f"the data have no column {target!r}",
            where="--target",
            remedy=suggest_name(target, columns, f"Columns: {', '.join(columns)}."),
        )
    words = _survey_text(as_it_is, NumberFormat.from_source(source))
    marks, marked = _missing_marks(words, target)
    dates = _date_formats(as_it_is, target)
    more: dict[str, Any] = {"dates": dates} if dates else {}
    if marks:
        more["missing"] = ("", *marks)
    found = _store(bucket, source, target, more, say)
    table = Table.read(bucket, found.table)
    return DraftSource(
        data=_data(source, target, more),
        table=table,
        frame=_sample(table),
        ranges=_ranges(table),
        rows=table.rows,
        unlabelled=found.notes.unlabelled,
        malformed=found.metadata["malformed"],
        options=options,
        missing=marks,
        marked_columns=marked,
        dates=dates,
    )


def store_without(bucket: Bucket, source: DraftSource, names: Sequence[str]) -> Table:
    """The rows as a table that lacks the columns that must never be stored."""
    if not names:
        return source.table
    data = source.data.model_copy(update={"never_store": tuple(names)})
    found = store_source_table(bucket, data, "draft")
    return Table.read(bucket, found.table)


def _data(source: Source, target: str, more: dict[str, Any]) -> Data:
    # A unit asks nothing of the values, and what type the question is of is not known yet.
    asked = Target(column=target, unit="units", unlabelled="leave_out")
    return Data(source=source, target=asked, **more)


def _store(
    bucket: Bucket, source: Source, target: str, more: dict[str, Any], say: Callable[[str], None]
) -> Any:
    return store_source_table(bucket, _data(source, target, more), "draft", say=say)


def _is_not_utf8(source: Source, file: Any) -> bool:
    """Whether the file holds bytes that are no UTF-8 beyond its beginning, which is sniffed."""
    if source.path is None or file.remote is not None or file.compression:
        return False
    with Path(file.path).open("rb") as raw:
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            for block in iter(lambda: raw.read(1 << 20), b""):
                decoder.decode(block)
        except UnicodeDecodeError:
            return True
    return False


def _sample(table: Table) -> pd.DataFrame:
    """All rows, or `MOST_ROWS` of them at even distances."""
    if table.rows <= MOST_ROWS:
        return table.to_pandas()
    step = -(-table.rows // MOST_ROWS)
    kept, before = [], 0
    for batch in table.batches():
        places = range(-before % step, batch.num_rows, step)
        kept.append(batch.take(pa.array(places, pa.int64())))
        before += batch.num_rows
    frame: pd.DataFrame = pa.Table.from_batches(kept).to_pandas()
    return frame


def _ranges(table: Table) -> dict[str, tuple[float, float]]:
    found: dict[str, tuple[float, float]] = {}
    for batch in table.batches():
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            if not (pa.types.is_integer(array.type) or pa.types.is_floating(array.type)):
                continue
            seen = pc.min_max(array).as_py()
            if seen["min"] is not None:
                low, high = found.get(name, (seen["min"], seen["max"]))
                found[name] = (min(low, seen["min"]), max(high, seen["max"]))
    return found


def _survey_text(table: Table, form: NumberFormat) -> dict[str, ColumnSurvey]:
    """What keeps the columns of text from being numbers."""
    found: dict[str, ColumnSurvey] = {}
    row = 0
    for batch in table.batches():
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            kind = array.type.value_type if pa.types.is_dictionary(array.type) else array.type
            if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
                continue
            words = array if pa.types.is_dictionary(array.type) else array.dictionary_encode()
            seen = found.setdefault(name, ColumnSurvey())
            seen.values += len(array) - array.null_count
            lines = pd.RangeIndex(row, row + len(array)).to_numpy()
            seen.add_words(words, lines, form, "")
        row += batch.num_rows
    return found


def _missing_marks(
    surveys: dict[str, ColumnSurvey], target: str
) -> tuple[dict[str, int], dict[str, int]]:
    """Marks with how often each stands in columns that are numbers but for them; and by column."""
    marks: dict[str, int] = {}
    columns: dict[str, int] = {}
    for name, seen in surveys.items():
        if seen.numeric_but_for_marks:
            columns[name] = seen.marks.total()
            for mark, count in seen.marks.items():
                marks[mark] = marks.get(mark, 0) + count
    for name, seen in surveys.items():  # words beside a "?" as "NA" there mean the same here
        if name not in columns and name != target and seen.marks:
            plain = {m: n for m, n in seen.marks.items() if m in marks or m in {"?", "NA", "N/A"}}
            if plain:
                columns[name] = sum(plain.values())
                for mark, count in plain.items():
                    marks[mark] = marks.get(mark, 0) + count
    return marks, columns


def _date_formats(table: Table, target: str) -> dict[str, str]:
    """Columns of text that are dates in one known format, and of numbers that count from 1970."""
    sample = _sample(table)
    found: dict[str, str] = {}
    for name in sample.columns:
        values = sample[name].dropna()
        if name == target or not len(values):
            continue
        if pd.api.types.is_integer_dtype(values) and any(w in name.lower() for w in _TIME_WORDS):
            low, high = float(values.min()), float(values.max())
            unit = next((u for u, (a, b) in _EPOCHS.items() if a < low and high < b), None)
            if unit:
                found[name] = unit
        elif _is_text(values):
            texts = values.astype(str).drop_duplicates()
            if texts.str.contains(r"\d").all():
                form = next((f for f in _DATE_FORMATS if _all_parse(texts, f)), None)
                if form:
                    found[name] = form
    return found


def _is_text(values: pd.Series) -> bool:
    return isinstance(values.dtype, pd.CategoricalDtype) or pd.api.types.is_string_dtype(values)


def _all_parse(texts: pd.Series, form: str) -> bool:
    for text in islice(texts, 5000):
        try:
            datetime.strptime(text.strip(), form)  # noqa: DTZ007 # only whether it is one
        except ValueError:
            return False
    return True


def require_rows(frame: pd.DataFrame, path: str) -> None:
    """Raise SourceError for data without a row."""
    if not len(frame):
        raise SourceError("no row has an outcome", where=path, remedy="Check --target.")
