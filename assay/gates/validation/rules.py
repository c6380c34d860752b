"""From expectations as people write them to GX's objects, or to an error that names the word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from assay.config.gates import Expectation
from assay.dataset.row_source import ColumnSummary
from assay.errors import ConfigError, nearest_name
from assay.gates.validation.gx_results import COLUMN_KWARGS, ExpectationRule, expectation_columns

Locator = Callable[[tuple[str | int, ...]], str]

# Fields of GX's classes that belong to Assay or to the use case, not to a rule's kwargs.
_RESERVED_FIELDS = frozenset(
    {"id", "meta", "notes", "result_format", "description", "catch_exceptions"}
    | {"rendered_content", "severity", "windows", "batch_id", "library_metadata"}
)
# Rules about which columns there are: an absent column breaks them, it does not make them wrong.
COLUMN_EXISTENCE_RULES = frozenset(
    {
        "expect_column_to_exist",
        "expect_table_columns_to_match_set",
        "expect_table_columns_to_match_ordered_list",
    }
)
_TYPE_WORDS = {"number": "numbers", "text": "text", "boolean": "true or false"}


def build_rules(
    columns: Mapping[str, ColumnSummary], expectations: Sequence[Expectation], locate: Locator
) -> list[ExpectationRule]:
    """The rules for a table with these columns, each with a name of its own.

    Raises ConfigError, with the place and the nearest right word, for a rule that GX does not
    know or that does not fit the table.
    """
    seen: Counter[str] = Counter()
    rules = []
    for i, asked in enumerate(expectations):
        gx = _build_expectation(i, asked, columns, locate)
        named = expectation_columns(asked.kwargs)
        plain = f"{asked.type}[{','.join(named)}]" if named else asked.type
        seen[plain] += 1
        name = plain if seen[plain] == 1 else f"{plain}#{seen[plain]}"
        rules.append(ExpectationRule(asked, name, gx))
    return rules


def _build_expectation(
    i: int, expectation: Expectation, columns: Mapping[str, ColumnSummary], locate: Locator
) -> Any:
    from great_expectations.compatibility.pydantic import ValidationError
    from great_expectations.expectations.metadata_types import FailureSeverity

    kind = _expectation_class(i, expectation, locate)
    known = [name for name in kind.__fields__ if name not in _RESERVED_FIELDS]
    for word in expectation.kwargs:
        if word not in known:
            raise ConfigError(
                f"{expectation.type} takes no {word!r}",
                where=locate(("expectations", i, "kwargs", word)) or None,
                remedy=_suggest_word(word, known),
            )
    _check_columns_exist(i, expectation, columns, locate)
    _check_values_fit(i, expectation, columns, locate)
    try:
        kwargs = _kwargs_with_timestamps(expectation.kwargs, columns)
        return kind(**kwargs, meta={"position": i}, severity=FailureSeverity(expectation.severity))
    except ValidationError as error:
        first = error.errors()[0]
        word = str(first["loc"][0])
        subject = "" if word == "__root__" else f" {word!r}:"
        raise ConfigError(
            f"{expectation.type}:{subject} {first['msg']}",
            where=locate(("expectations", i, "kwargs", word)) or None,
            remedy=f"Its kwargs: {', '.join(known)}.",
        ) from None


def _expectation_class(i: int, expectation: Expectation, locate: Locator) -> Any:
    """GX's class for an expectation."""
    from great_expectations.exceptions.exceptions import ExpectationNotFoundError
    from great_expectations.expectations import registry

    try:
        return registry.get_expectation_impl(expectation.type)
    except ExpectationNotFoundError:
        known = registry.list_registered_expectation_implementations()
        raise ConfigError(
            f"Great Expectations knows no {expectation.type!r}",
            where=locate(("expectations", i, "type")) or None,
            remedy=_suggest_word(expectation.type, known),
        ) from None


def _check_columns_exist(
    i: int, expectation: Expectation, columns: Mapping[str, ColumnSummary], locate: Locator
) -> None:
    if expectation.type in COLUMN_EXISTENCE_RULES:
        return
    for column in expectation_columns(expectation.kwargs):
        if column not in columns:
            key = next(
                k
                for k in COLUMN_KWARGS
                if column in expectation_columns({k: expectation.kwargs.get(k)})
            )
            raise ConfigError(
                f"the table has no column {column!r}",
                where=locate(("expectations", i, "kwargs", key)) or None,
                remedy=_suggest_word(column, list(columns)),
            )


def _check_values_fit(
    i: int, expectation: Expectation, columns: Mapping[str, ColumnSummary], locate: Locator
) -> None:
    """Refuse a value set of which no value is of the column's kind: it could only ever fail."""
    values, name = expectation.kwargs.get("value_set"), expectation.kwargs.get("column")
    if values is None or not isinstance(name, str):
        return
    where = locate(("expectations", i, "kwargs", "value_set")) or None
    if not isinstance(values, list):
        raise ConfigError(
            f"{expectation.type}: the value_set is no list but {values!r}",
            where=where,
            remedy=f"Write [{values}]." if isinstance(values, str) else "Write a list of values.",
        )
    held = _type_family(columns[name].type)
    found = {_value_family(value) for value in values if value is not None}
    if held is None or not found or held in found or (held == "boolean" and "number" in found):
        return
    raise ConfigError(
        f"{expectation.type}: {name!r} holds {_TYPE_WORDS[held]}, the value_set "
        f"{' and '.join(sorted(_TYPE_WORDS[kind] for kind in found))}",
        where=where,
        remedy="Write the values with quotes if they are text and without if they are not, or "
        f"declare data.types.{name}.",
    )


def _type_family(kind: str) -> str | None:
    """The family of a column's type, as a table or a frame calls it; None where any may be."""
    if kind.startswith(("int", "float", "number", "uint")):
        return "number"
    return {"text": "text", "str": "text", "boolean": "boolean", "bool": "boolean"}.get(kind)


def _value_family(value: Any) -> str:
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _kwargs_with_timestamps(
    kwargs: Mapping[str, Any], columns: Mapping[str, ColumnSummary]
) -> dict[str, Any]:
    """Text that names a date as a moment, for columns of time.

    GX 1.24 reads "2020-01-02" as a date, which pandas refuses to compare with a timestamp, and
    leaves it text in a value set, where it equals none.
    """
    column = columns.get(str(kwargs.get("column")))
    if column is None or not column.type.startswith(("date", "datetime64")):
        return dict(kwargs)
    moments = {
        word: _as_timestamp(kwargs[word]) for word in ("min_value", "max_value") if word in kwargs
    }
    if isinstance(kwargs.get("value_set"), list):
        moments["value_set"] = [_as_timestamp(value) for value in kwargs["value_set"]]
    return {**kwargs, **moments}


def _as_timestamp(value: Any) -> Any:
    try:
        return pd.Timestamp(value) if isinstance(value, str) else value
    except ValueError:
        return value  # GX says what is wrong with it


def _suggest_word(word: str, words: Sequence[str]) -> str:
    near = nearest_name(word, words)
    if near:
        return f"Did you mean {near!r}?"
    return f"Known: {', '.join(list(words)[:20])}{', ...' if len(words) > 20 else ''}."
