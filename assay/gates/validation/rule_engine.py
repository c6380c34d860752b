"""Which rules DuckDB may answer: those for which it says what pandas says, to the last count.

The table below was found by asking both, over every expectation of GX's core
(`tests/gates/validation/test_rule_engine.py` asks them again). What it leaves out goes to pandas:
regular expressions and quantiles, of which the two know different kinds; rules about neighbours,
distributions, and the names of pandas' types; conditions in pandas' words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

import pandas as pd

from assay.dataset.row_source import ColumnSummary
from assay.gates.validation.gx_results import ExpectationRule


class RuleEngine(Enum):
    """What answers a rule. `DUCKDB_ONE_THREAD` is DuckDB in one thread: sums of floats depend on
    their order, and a report may not.
    """

    DUCKDB = "duckdb"
    DUCKDB_ONE_THREAD = "duckdb, one thread"
    PANDAS = "pandas"


_NUMBERS = frozenset({"integer", "number"})
_TEXTS = frozenset({"text", "category"})
_ALL_TYPES = frozenset({*_NUMBERS, *_TEXTS, "boolean", "date"})
_DUCKDB_TYPES: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "expect_column_values_to_be_null",
            "expect_column_values_to_not_be_null",
            "expect_column_proportion_of_non_null_values_to_be_between",
            "expect_column_to_exist",
            "expect_column_values_to_be_unique",
            "expect_column_unique_value_count_to_be_between",
            "expect_column_proportion_of_unique_values_to_be_between",
            "expect_compound_columns_to_be_unique",
        ),
        _ALL_TYPES,
    ),
    **dict.fromkeys(
        (
            "expect_column_values_to_be_between",
            "expect_column_min_to_be_between",
            "expect_column_max_to_be_between",
        ),
        _NUMBERS | {"date"},
    ),
    **dict.fromkeys(
        (
            "expect_column_mean_to_be_between",
            "expect_column_median_to_be_between",
            "expect_column_stdev_to_be_between",
            "expect_column_sum_to_be_between",
            "expect_multicolumn_sum_to_equal",
        ),
        _NUMBERS,
    ),
    **dict.fromkeys(
        (
            "expect_column_value_lengths_to_be_between",
            "expect_column_value_lengths_to_equal",
        ),
        _TEXTS,
    ),
    **dict.fromkeys(
        (
            "expect_column_values_to_be_in_set",
            "expect_column_values_to_not_be_in_set",
            "expect_column_distinct_values_to_be_in_set",
            "expect_column_distinct_values_to_contain_set",
            "expect_column_distinct_values_to_equal_set",
        ),
        _NUMBERS | _TEXTS,
    ),
    **dict.fromkeys(
        (
            "expect_column_pair_values_to_be_equal",
            "expect_select_column_values_to_be_unique_within_record",
        ),
        _ALL_TYPES,
    ),
    "expect_column_pair_values_a_to_be_greater_than_b": _NUMBERS | {"date"},
}
# Rules about the table, which read no column's values.
_TABLE_RULES = frozenset(
    {
        "expect_table_row_count_to_be_between",
        "expect_table_row_count_to_equal",
        "expect_table_column_count_to_be_between",
        "expect_table_column_count_to_equal",
        "expect_table_columns_to_match_ordered_list",
        "expect_table_columns_to_match_set",
        "unexpected_rows_expectation",  # itself SQL: pandas cannot answer it at all
    }
)
_RULES_ABOUT_MISSING = frozenset(
    {
        "expect_column_values_to_be_null",
        "expect_column_values_to_not_be_null",
        "expect_column_proportion_of_non_null_values_to_be_between",
        "expect_column_to_exist",
    }
)
_COMPARISON_RULES = frozenset(
    {
        "expect_column_pair_values_to_be_equal",
        "expect_column_pair_values_a_to_be_greater_than_b",
        "expect_select_column_values_to_be_unique_within_record",
        "expect_compound_columns_to_be_unique",
        "expect_multicolumn_sum_to_equal",
    }
)
_SUM_RULES = re.compile(r"expect_column_(mean|sum|stdev)_|expect_multicolumn_sum_")
# GX writes names into SQL and into conditions of its own, and does not quote all of them.
_PLAIN_NAME = re.compile(r"[^\W\d][\w .-]*")


def choose_engine(rule: ExpectationRule, columns: Mapping[str, ColumnSummary]) -> RuleEngine:
    """What answers a rule about a table with these columns."""
    if rule.expectation.type in _TABLE_RULES:
        return RuleEngine.DUCKDB
    kinds = _DUCKDB_TYPES.get(rule.expectation.type, frozenset())
    asked = [columns[name] for name in rule.columns if name in columns]
    sayable = (
        not rule.expectation.kwargs.get("row_condition")
        and all(column.type in kinds and _PLAIN_NAME.fullmatch(column.name) for column in asked)
        and _values_fit(rule, asked)
        and _missing_cannot_matter(rule, asked)
    )
    if not (kinds and sayable):
        return RuleEngine.PANDAS
    return (
        RuleEngine.DUCKDB_ONE_THREAD
        if _SUM_RULES.match(rule.expectation.type)
        else RuleEngine.DUCKDB
    )


def _missing_cannot_matter(rule: ExpectationRule, columns: list[ColumnSummary]) -> bool:
    """Whether missing values cannot matter: to a sum of nothing, a deviation of one value, or a
    comparison with what is not there, SQL and pandas have different answers."""
    if rule.expectation.type in _RULES_ABOUT_MISSING:
        return True
    if rule.expectation.type in _COMPARISON_RULES:
        alike = {_family(column.type) for column in columns}
        return len(alike) == 1 and not any(column.missing for column in columns)
    least = 2 if "stdev" in rule.expectation.type else 1
    return all(column.distinct >= least for column in columns)


def _family(kind: str) -> str:
    return "number" if kind in _NUMBERS else "text" if kind in _TEXTS else kind


def _values_fit(rule: ExpectationRule, columns: list[ColumnSummary]) -> bool:
    """Whether what the rule compares with is of the column's own kind: SQL converts, pandas
    says that they differ."""
    given: list[Any] = [
        value
        for word in ("min_value", "max_value")
        if (value := getattr(rule.gx, word, None)) is not None
    ]
    sizes = "length" in rule.expectation.type or "count" in rule.expectation.type
    if "value_set" in rule.expectation.kwargs:
        given = list(getattr(rule.gx, "value_set", None) or [None])
        if len(set(given)) < len(given):  # GX counts a repeated one twice, in SQL alone
            return False
        if any(isinstance(v, float) for v in given) and any(c.type == "integer" for c in columns):
            return False  # beyond 2**53 they take different values for the same
    elif sizes or "proportion" in rule.expectation.type:
        return all(_TYPE_TESTS["number"](value) for value in given)
    return all(_TYPE_TESTS[_family(column.type)](value) for column in columns for value in given)


_TYPE_TESTS: dict[str, Callable[[Any], bool]] = {
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "text": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "date": lambda v: isinstance(v, pd.Timestamp) and v.tz is None,
}
