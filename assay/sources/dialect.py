"""How a delimited file seems to be written, where that is not declared. Proposed, never applied."""

from __future__ import annotations

import codecs
import csv
import io
import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from assay.config.data import Source
from assay.errors import AssayError
from assay.sources.column_survey import ColumnSurvey
from assay.sources.compression import decompress, translate_decompression_errors
from assay.sources.file_format import detect_format
from assay.sources.files import SourceFile, find_files
from assay.sources.number_format import NumberFormat
from assay.sources.type_hints import choose_format
from assay.util.url_secrets import redact_url

_SAMPLE: Final = 256 << 10  # bytes
_DELIMITERS: Final = (",", ";", "\t", "|")
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MIN_SHARE: Final = 0.9  # of lines with as many fields as the header


def reading_hint(
    source: Source, key: str, *, file: SourceFile | None = None, not_utf8: bool = False
) -> str | None:
    """A sentence with the whole line to write at `key` of the use case; None if `file`, or the
    first of the source, is written as declared, or its beginning cannot be read.

    `not_utf8`: the file is known not to be in the declared encoding, which is often UTF-8.
    """
    if source.path is None:
        return None
    try:
        file = file or find_files(source)[0]
        if detect_format(source, file) != "csv":
            return None
        changes = propose_changes(source, file, not_utf8=not_utf8)
    except AssayError:
        return None
    if not changes:
        return None
    given = {"path": redact_url(source.path)}
    if key == "data.source":  # elsewhere the path may be one of many that a pattern found
        given |= source.model_dump(exclude_defaults=True, exclude={"path"})
        line = f"`source: {{{_write_options(given | changes)}}}` under data"
    else:
        line = f"`{_write_options(changes)}` in {key}, beside its path"
    return f"The file seems to have another format: write {line}."


def _write_options(options: dict[str, Any]) -> str:
    return ", ".join(f"{name}: {_to_yaml(value)}" for name, value in options.items())


def propose_changes(source: Source, file: SourceFile, *, not_utf8: bool = False) -> dict[str, Any]:
    """Options of the source in which the beginning of a file differs from what is declared."""
    with translate_decompression_errors(file), file.open() as raw:
        sample = decompress(file, raw).read(_SAMPLE)
    changes: dict[str, Any] = {}
    encoding = _sniff_encoding(sample, source.encoding, not_utf8=not_utf8)
    if encoding is not None:
        changes["encoding"] = encoding
    text = sample.decode(encoding or source.encoding, errors="ignore").removeprefix("\ufeff")
    tabs = file.ending == ".tsv" and "delimiter" not in source.model_fields_set
    declared = "\t" if tabs else source.delimiter
    rows, delimiter = _sniff_delimiter(text, declared, whole=len(sample) < _SAMPLE)
    if delimiter != declared:
        changes["delimiter"] = delimiter
    return changes | _sniff_numbers(rows, NumberFormat.from_source(source))


def _sniff_encoding(sample: bytes, declared: str, *, not_utf8: bool) -> str | None:
    """The encoding, where it is not the declared one."""
    for mark, name in _BYTE_ORDER_MARKS:
        if sample.startswith(mark):
            found = name
            break
    else:
        found = _guess_encoding(sample, not_utf8=not_utf8)
    try:
        fits = codecs.lookup(declared).name in {codecs.lookup(found).name, "utf-8-sig"}
        if not fits and found == "utf-8" and sample.isascii():
            fits = True  # plain letters are the same in nearly all
        if not fits and found in {"cp1252", "latin-1"}:
            sample.decode(declared)
            fits = not not_utf8 and b"\0" not in sample
    except (LookupError, UnicodeDecodeError):
        fits = False
    return None if fits else found


def _guess_encoding(sample: bytes, *, not_utf8: bool) -> str:
    zeros = np.flatnonzero(np.frombuffer(sample, np.uint8) == 0)
    if len(zeros) > len(sample) // 4:
        return "utf-16-be" if (zeros % 2 == 0).mean() > 0.5 else "utf-16-le"
    if not not_utf8:
        try:
            codecs.getincrementaldecoder("utf-8")().decode(sample)
        except UnicodeDecodeError:
            pass
        else:
            return "utf-8"
    try:
        sample.decode("cp1252")
    except UnicodeDecodeError:
        return "latin-1"
    return "cp1252"


def _sniff_delimiter(text: str, declared: str, *, whole: bool) -> tuple[list[list[str]], str]:
    """The rows of a text, header first, and the delimiter: another than the declared one only
    where that one makes no table and the other does.
    """
    if not whole:
        text = text[: text.rfind("\n") + 1]
    parsed = {mark: _parse_rows(text, mark) for mark in dict.fromkeys((declared, *_DELIMITERS))}
    scores = {mark: _table_score(rows) for mark, rows in parsed.items()}
    best = max(scores, key=lambda mark: scores[mark])
    found = best if scores[declared] == 0 else declared
    return parsed[found], found


def _parse_rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return [
            row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if row
        ]
    except csv.Error:
        return []


def _table_score(rows: Sequence[Sequence[str]]) -> float:
    """The number of columns, where nearly all rows have as many as the header; 0 for no table."""
    if not rows or len(rows[0]) < 2:
        return 0
    width = len(rows[0])
    share = sum(len(row) == width for row in rows) / len(rows)
    return width if share >= _MIN_SHARE else 0


def _sniff_numbers(rows: Sequence[Sequence[str]], declared: NumberFormat) -> dict[str, Any]:
    """The number format of the columns, where it is not the declared one."""
    if len(rows) < 2:
        return {}
    lines = np.arange(1, len(rows), dtype=np.int64)
    surveys: dict[str, ColumnSurvey] = {}
    width = len(rows[0])
    for place in range(width):
        values = [(row[place].strip() or None) if place < len(row) else None for row in rows[1:]]
        words = pa.array(values, pa.string()).dictionary_encode()
        survey = surveys[str(place)] = ColumnSurvey(values=len(words) - words.null_count)
        survey.add_words(words, lines, declared, "")
    kinds = {name: survey.text_kind for name, survey in surveys.items()}
    texts = {name: survey for name, survey in surveys.items() if kinds[name] == "text"}
    found = choose_format(texts, surveys, kinds, declared)
    if found is None:
        return {}
    changes = {
        "decimal": found.decimal,
        "thousands": found.thousands,
        "units": list(found.units),
    }
    known = {
        "decimal": declared.decimal,
        "thousands": declared.thousands,
        "units": list(declared.units),
    }
    return {name: value for name, value in changes.items() if value and value != known[name]}


def _to_yaml(value: Any) -> str:
    plain = isinstance(value, str) and value.replace("/", "").replace(".", "").replace("-", "")
    if plain and plain.replace("_", "").isalnum():
        return str(value)
    return json.dumps(value, ensure_ascii=False)
