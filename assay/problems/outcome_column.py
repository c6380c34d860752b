"""The target's column as the types of question read it, and where a wrong question is noticed."""

from __future__ import annotations

import json

import pyarrow as pa

from assay.config.data import Target
from assay.dataset.target import unlabelled_error
from assay.errors import DataError


def plain_column(column: pa.ChunkedArray, target: Target) -> pa.ChunkedArray:
    """The column in its values' own type. Raises DataError without rows, or for missing values."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if not len(column):
        raise DataError("the table has no rows")
    if column.null_count:
        raise unlabelled_error(column.null_count, len(column), target)
    return column


def is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )


def target_line(target: Target, key: str, value: str) -> str:
    """The use case's line for a target, as in `target: {column: pay, unit: ...}`."""
    return f"target: {{column: {yaml_text(target.column)}, {key}: {value}}}"


def yaml_text(value: object) -> str:
    """A value as one writes it within braces in YAML; in quotes where it would mean another."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if not isinstance(value, str):
        return text
    plain = all(letter.isalnum() or letter in " _-" for letter in text) and text == text.strip()
    other = text.lower() in {"yes", "no", "on", "off", "true", "false", "null", "y", "n", ""}
    return text if plain and not other and text[0].isalpha() else json.dumps(text)
