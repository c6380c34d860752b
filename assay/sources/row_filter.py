"""`data.where`: which rows of a source count, by one SQL expression over the row.

DuckDB evaluates it, in a database without tables, files and network. Refused is whatever is more
than an expression over the row (subqueries, aggregates, windows) or says something else tomorrow
(random numbers, today's date): the same source gives the same table.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from assay.errors import ConfigError, suggest_name

_EXPRESSIONS: Final = frozenset(
    {"BETWEEN", "CASE", "CAST", "COLUMN_REF", "COMPARISON", "CONJUNCTION", "CONSTANT"}
    | {"FUNCTION", "OPERATOR", "TYPE"}
)
_TODAY: Final = frozenset({"age"})  # with one argument it counts from today
_EXAMPLE: Final = (
    "Write one condition over the row's columns, such as age >= 18 AND country = 'NO'."
)


class RowFilter:
    """Tells which rows of a batch an expression holds for. Where it is null, it does not hold.

    `columns`: those that the rows have. Raises ConfigError for an expression that is none, or that
    names no column of them; `where` says on which line of the use case it stands.
    """

    def __init__(self, expression: str, columns: Sequence[str], location: str) -> None:
        import duckdb

        self._expression, self._where = expression, location
        self._connection = duckdb.connect(
            config={
                "enable_external_access": False,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
                "threads": 1,
            }
        )
        self._columns = self._check(columns)

    def mask(self, batch: pa.RecordBatch) -> NDArray[np.bool_]:
        """One bool a row. Raises ConfigError where a value breaks the expression."""
        import duckdb

        rows = pa.Table.from_batches([batch.select(self._columns)])
        self._connection.register("rows", rows)
        try:
            found = self._connection.sql(f"SELECT (\n{self._expression}\n) AS kept FROM rows")  # noqa: S608 - checked
            kept = found.to_arrow_table()["kept"]
        except duckdb.Error as error:
            raise self._error(_first_sentence(error)) from None
        finally:
            self._connection.unregister("rows")
        if not pa.types.is_boolean(kept.type):
            raise self._error(f"it yields {kept.type}, not true or false")
        mask: NDArray[np.bool_] = kept.fill_null(False).to_numpy()
        return mask

    def _check(self, columns: Sequence[str]) -> list[str]:
        """The columns that the expression names, at least one."""
        node = self._parse()
        by_lower = {name.lower(): name for name in columns}
        named = []
        for part in _walk(node):
            if part["class"] not in _EXPRESSIONS:
                raise self._error(f"it holds a {part['class'].lower().replace('_', ' ')}")
            if part["class"] == "FUNCTION":
                self._check_function(part["function_name"])
            if part["class"] == "COLUMN_REF":
                name = ".".join(part["column_names"])
                if name not in columns and name.lower() not in by_lower:
                    raise self._error(
                        f"the rows have no column {name!r}",
                        suggest_name(name, list(columns), f"Columns: {', '.join(columns)}."),
                    )
                named.append(name if name in columns else by_lower[name.lower()])
        if not named:
            raise self._error("it names no column")
        return list(dict.fromkeys(named))

    def _parse(self) -> dict[str, Any]:
        """The expression's tree. Raises ConfigError for what is no single expression."""
        # The line break ends a comment, which would else hide the bracket.
        [text] = self._connection.execute(
            "SELECT json_serialize_sql(?)", [f"SELECT (\n{self._expression}\n)"]
        ).fetchall()[0]
        tree = json.loads(text)
        if tree.get("error"):
            raise self._error(str(tree["error_message"]).partition("\n")[0])
        node = tree["statements"][0]["node"]
        alone = (
            len(tree["statements"]) == 1
            and node["type"] == "SELECT_NODE"
            and len(node["select_list"]) == 1
            and node["from_table"]["type"] == "EMPTY"
            and not any(
                node[key] for key in ("modifiers", "where_clause", "group_expressions", "having")
            )
        )
        if not alone:
            raise self._error("it is more than one expression")
        found: dict[str, Any] = node["select_list"][0]
        return found

    def _check_function(self, name: str) -> None:
        known = self._connection.execute(
            "SELECT DISTINCT function_type, stability FROM duckdb_functions() "
            "WHERE function_name = lower(?)",
            [name],
        ).fetchall()
        if (known and set(known) != {("scalar", "CONSISTENT")}) or name.lower() in _TODAY:
            raise self._error(f"{name} is not a function of the row's values alone")

    def _error(self, message: str, remedy: str | None = _EXAMPLE) -> ConfigError:
        return ConfigError(
            f"data.where cannot be asked of the rows: {message}", where=self._where, remedy=remedy
        )


def _walk(part: Any) -> Iterator[dict[str, Any]]:
    """Every expression of a tree, from the top."""
    if isinstance(part, dict):
        if "class" in part and "type" in part:
            yield part
        for held in part.values():
            yield from _walk(held)
    elif isinstance(part, list):
        for held in part:
            yield from _walk(held)


def _first_sentence(error: Exception) -> str:
    return str(error).partition("\n")[0].removesuffix(".")
