"""Rule by rule: DuckDB over a stored table says what pandas says of the same rows.

Every expectation of Great Expectations' core is asked, of data that keep and that break it, with
missing values, dates, odd characters, booleans, categories, and integers with gaps.
"""

import math
from datetime import UTC, datetime

import pyarrow as pa
import pytest

from assay.bucket.bucket import Bucket
from assay.config.gates import Expectation
from assay.dataset.row_source import open_rows
from assay.errors import ConfigError
from assay.gates.validation.gate import validate_table
from assay.gates.validation.rule_engine import RuleEngine, choose_engine
from assay.gates.validation.rules import build_rules
from assay.store.memory import MemoryStore
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table

N = None


def _day(*parts):
    """A table's dates have no zone."""
    return datetime(2020, *parts, tzinfo=UTC).replace(tzinfo=None)


COLUMNS = {
    "whole": ("integer", [3, 1, 2, 2, 5, -7, 0, 2**53 + 1]),
    "gaps": ("integer", [3, N, 2, 2, 5, -7, 0, 100]),
    "real": ("number", [0.5, 1.5, N, -2.25, 1e300, 0.1, 3.0, float("inf")]),
    "tame": ("number", [0.5, 1.5, N, -2.25, 1e3, 0.1, -0.0, 0.0]),
    "full": ("number", [0.5, 1.5, 7.0, -2.25, 1e3, 0.1, 3.0, 3.0]),
    "yes": ("boolean", [True, False, True, True, False, True, True, True]),
    "maybe": ("boolean", [True, N, True, True, False, True, True, True]),
    "odd": ("text", ["a", "Ä", N, "it's", "100%", "", '_x "q"', "日本 😀"]),
    "text": ("text", ["abc", "ABC", "abd", "zz", "abc", "b c", "a\nb", "é"]),
    "kind": ("category", ["a", "b", N, "a", "b", "a", "a", "b"]),
    "day": ("date", [_day(1, k) for k in range(1, 9)]),
    "time": (
        "date",
        [
            _day(1, 1, 12, 30, 1, 5),
            N,
            *(_day(2, k) for k in (1, 1, 3, 4, 5, 1)),
        ],
    ),
    "blank": ("text", [N] * 8),
    "void": ("number", [N] * 8),
    "hole": ("integer", [N] * 8),
    "id": ("integer", list(range(8))),
    "json": ("text", ['{"a":1}', "[]", "x", N, "1", '{"a":"b"}', "{", "null"]),
    "when": (
        "text",
        ["2020-01-01", "2020-13-01", "x", N, "01.02.2020", "2020-01-02", "", "March 3"],
    ),
    "one value": ("integer", [1] * 8),
    'quo"ted': ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    "per%cent": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    "col:on": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    "Ünï-code.d": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    "select": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    "Upper": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
    " led": ("integer", [1, 1, 2, 3, N, 5, 6, 7]),
}
EVERY = list(COLUMNS)
NUMBERS = ["whole", "gaps", "real", "tame", "void", "hole", "one value"]
TEXTS = ["odd", "text", "blank", "json", "when", "kind"]
DAYS = ["day", "time"]
FLAGS = ["yes", "maybe"]
NAMES = ['quo"ted', "per%cent", "col:on", "Ünï-code.d", "select", "Upper", " led"]
SETS = {
    "whole": [3, 2, 2**53 + 1], "gaps": [3, 2.0], "real": [0.5, 3, 0.1], "yes": [True],
    "maybe": [True, False], "odd": ["a", "it's", "Ä", ""], "text": ["abc", "é"],
    "kind": ["a", "zzz"], "day": ["2020-01-02"], "time": ["2020-02-01"], "blank": ["a"],
    "void": [1.0], "hole": [1],
}  # fmt: skip
PARTS = {"values": ["a", "b"], "weights": [0.5, 0.5]}
BINS = {"bins": [-10, 0, 1, 2, 5, 1000], "weights": [0.1, 0.2, 0.3, 0.2, 0.2]}
RANGES = [
    {"min_value": 0, "max_value": 5},
    {"max_value": 3, "strict_max": True},
    {"min_value": 2, "strict_min": True},
]
MULTI = [["whole", "id"], ["gaps", "tame"], ["text", "odd"], ["kind", "yes"], ["yes", "maybe"],
         ["day", "time"], ["blank", "void"], ["text", "kind", "gaps"], ["full", "id"]]  # fmt: skip
PAIRS = [("whole", "gaps"), ("real", "tame"), ("yes", "maybe"), ("odd", "text"), ("text", "text"),
         ("kind", "odd"), ("day", "time"), ("blank", "odd"), ("whole", "text"), ("gaps", "real"),
         ("whole", "id"), ("full", "id"), ("day", "day")]  # fmt: skip


def _each(columns, *kwargs):
    return [{"column": name, **more} for name in columns for more in (kwargs or ({},))]


def _aggregates():
    between = {"max", "min", "mean", "median", "sum", "stdev"}
    for name in between:
        yield f"expect_column_{name}_to_be_between", _each([*NUMBERS, "odd", "yes"], *RANGES[1:])
    for name in ("unique_value_count", "proportion_of_unique_values",
                 "proportion_of_non_null_values"):  # fmt: skip
        yield f"expect_column_{name}_to_be_between", _each(EVERY[:20], RANGES[0])
    dates = {"min_value": "2020-01-02", "max_value": "2020-02-01"}
    yield "expect_column_min_to_be_between", _each(DAYS, dates)
    yield "expect_column_max_to_be_between", _each(DAYS, dates)
    quantiles = {"quantiles": [0.0, 0.1, 0.5, 1.0], "value_ranges": [[0, 5]] * 4}
    yield (
        "expect_column_quantile_values_to_be_between",
        [
            *_each([*NUMBERS, *DAYS], {"quantile_ranges": quantiles}),
            # A tenth of the way pandas is at 0.1, DuckDB's percentile at -2.25.
            *_each(["full"], {"quantile_ranges": {"quantiles": [0.1], "value_ranges": [[0, 1]]}}),
        ],
    )
    yield (
        "expect_column_value_z_scores_to_be_less_than",
        _each(NUMBERS, {"threshold": 1, "double_sided": True}),
    )
    yield (
        "expect_column_values_to_not_be_outliers",
        _each(NUMBERS, {"method": "iqr", "multiplier": 1.5}, {"method": "std", "multiplier": 1.5}),
    )
    yield (
        "expect_column_kl_divergence_to_be_less_than",
        [
            *_each(["kind", "text"], {"partition_object": PARTS, "threshold": 0.5}),
            *_each(["gaps", "tame"], {"partition_object": BINS, "threshold": 0.5}),
        ],
    )


def _values():
    column = "expect_column_values_to_"
    yield (
        f"{column}be_between",
        [
            *_each([*NUMBERS, *FLAGS], *RANGES),
            *_each(NAMES, RANGES[0]),
            *_each(DAYS, {"min_value": "2020-01-02", "max_value": "2020-02-01"}),
        ],
    )
    for rule in ("be_null", "not_be_null", "be_unique", "be_increasing", "be_decreasing"):
        yield f"{column}{rule}", [*_each(EVERY), *_each(["gaps", "odd"], {"mostly": 0.8})]
    for rule in ("values_to_be_in_set", "values_to_not_be_in_set", "distinct_values_to_be_in_set",
                 "distinct_values_to_contain_set", "distinct_values_to_equal_set",
                 "most_common_value_to_be_in_set"):  # fmt: skip
        yield (
            f"expect_column_{rule}",
            [
                {"column": name, "value_set": values}
                for name, given in SETS.items()
                for values in (given, [*given, *given[:1]])
            ],
        )
    for size in ("between", "equal"):
        yield (
            f"expect_column_value_lengths_to_{'be_' * (size == 'between')}{size}",
            _each(
                [*TEXTS, "whole"],
                {"value": 1} if size == "equal" else {"min_value": 1, "max_value": 3},
            ),
        )
    types = ("int64", "float64", "str", "object", "bool", "BIGINT", "datetime64[us]", "category")
    yield f"{column}be_of_type", _each(EVERY, *({"type_": kind} for kind in types))
    yield "expect_column_type_to_be", _each(EVERY, *({"type_": kind} for kind in types))
    yield f"{column}be_in_type_list", _each(EVERY, {"type_list": list(types[:4])})
    for rule in ("match", "not_match"):
        yield (
            f"{column}{rule}_regex",
            _each(
                TEXTS, *({"regex": r} for r in ("^a", "[", r"\d", "(?i)ABC", "^$", "(?<=a)b", "Ä"))
            ),
        )
        yield f"{column}{rule}_regex_list", _each(TEXTS, {"regex_list": ["^a", r"\d"]})
        yield f"{column}{rule}_like_pattern", _each(TEXTS, {"like_pattern": "%b%"})
        yield f"{column}{rule}_like_pattern_list", _each(TEXTS, {"like_pattern_list": ["a_%"]})
    yield f"{column}match_strftime_format", _each(TEXTS, {"strftime_format": "%Y-%m-%d"})
    yield f"{column}be_dateutil_parseable", _each(TEXTS)
    yield f"{column}be_json_parseable", _each(TEXTS)
    yield f"{column}match_json_schema", _each(["json"], {"json_schema": {"type": "object"}})


def _across():
    pairs = [
        {"column_A": a, "column_B": b, "ignore_row_if": ignore}
        for a, b in PAIRS
        for ignore in ("both_values_are_missing", "either_value_is_missing", "neither")
    ]
    yield "expect_column_pair_values_to_be_equal", pairs
    greater = "expect_column_pair_values_a_to_be_greater_than_b"
    yield greater, [{**pair, "or_equal": pair["column_A"] > "g"} for pair in pairs]
    yield (
        "expect_column_pair_values_to_be_in_set",
        [{**pair, "value_pairs_set": [[3, 3], ["a", "a"], [0.5, 0]]} for pair in pairs],
    )
    lists = [
        {"column_list": columns, "ignore_row_if": ignore}
        for columns in MULTI
        for ignore in ("all_values_are_missing", "any_value_is_missing", "never")
    ]
    for rule in ("expect_compound_columns_to_be_unique",
                 "expect_select_column_values_to_be_unique_within_record",
                 "expect_multicolumn_values_to_be_equal"):  # fmt: skip
        yield rule, lists
    yield "expect_multicolumn_sum_to_equal", [{**kwargs, "sum_total": 4} for kwargs in lists]


def _table():
    yield (
        "expect_column_to_exist",
        [*_each([*EVERY, "zip"]), {"column": "whole", "column_index": 3}],
    )
    for rule in ("row", "column"):
        for count in (8, len(EVERY)):
            yield f"expect_table_{rule}_count_to_equal", [{"value": count}]
            yield f"expect_table_{rule}_count_to_be_between", [{"min_value": 9, "max_value": count}]
    yield "expect_table_columns_to_match_set", [
        {"column_set": EVERY}, {"column_set": [*EVERY[1:], "zip"], "exact_match": False}
    ]  # fmt: skip
    yield "expect_table_columns_to_match_ordered_list", [
        {"column_list": EVERY}, {"column_list": EVERY[::-1]}
    ]  # fmt: skip


ASKED: dict[str, list[dict]] = {}
for made in (_aggregates, _values, _across, _table):
    for kind, kwargs in made():
        ASKED.setdefault(kind, []).extend(kwargs)

# Rules that need another source of data, or that are SQL themselves.
ELSEWHERE = {
    "expect_query_results_to_match_comparison",
    "expect_table_row_count_to_equal_other_table",
    "unexpected_rows_expectation",
}


def made(columns, rows=8):
    """A table of these columns, in memory: DuckDB reads it through the bucket."""
    schema = pa.schema([column_field(n, k, ["a", "b", "unused"] if k == "category" else None)
                        for n, (k, _) in columns.items()])  # fmt: skip
    held = [pa.array(values[:rows], _stored(kind)) for kind, values in columns.values()]
    bucket = Bucket.from_store(MemoryStore()).prepare()
    batch = pa.RecordBatch.from_arrays(held, names=list(columns))
    return Table.read(bucket, write_table(bucket, [batch], schema, "rows"))


def _stored(kind):
    return {"integer": pa.int64(), "number": pa.float64(), "boolean": pa.bool_(),
            "date": pa.timestamp("us")}.get(kind, pa.string())  # fmt: skip


@pytest.fixture(scope="module")
def table():
    return made(COLUMNS)


def test_every_expectation_of_the_core_is_asked():
    from great_expectations.expectations import core, registry

    of_core = {
        name
        for name in registry.list_registered_expectation_implementations()
        if registry.get_expectation_impl(name).__module__.startswith(core.__name__)
    }
    assert of_core - ELSEWHERE <= set(ASKED)


def told(found):
    """What must be the same: verdicts, estimates, counts, and which rows fail."""
    return [
        (c.name, c.verdict, c.threshold, c.rows, c.hard) for c in found.report.checks if asked_of(c)
    ]


def asked_of(check):
    return check.name.startswith("expect")


def rules_for(kind, rows):
    """The rules of this kind that DuckDB answers, and a few of those that it leaves to pandas.

    Some hold what GX or we refuse, such as a value set without a value of the column's kind.
    """
    in_sql, in_memory = [], []
    for kwargs in ASKED[kind]:
        rule = Expectation(type=kind, kwargs=kwargs)
        try:
            [made] = build_rules(rows.columns, [rule], lambda _path: "")
        except ConfigError:
            continue
        there = in_memory if choose_engine(made, rows.columns) is RuleEngine.PANDAS else in_sql
        there.append(rule)
    return in_sql + in_memory[:: max(1, len(in_memory) // 3)]


@pytest.mark.parametrize("kind", sorted(ASKED))
def test_duckdb_says_what_pandas_says(table, kind):
    with open_rows(table) as rows:
        rules = rules_for(kind, rows)
    assert rules
    stored = validate_table(table, rules, subject="rows")
    framed = validate_table(table.to_pandas(), rules, subject="rows")
    assert told(stored) == told(framed)
    for one, other in zip(stored.report.checks, framed.report.checks, strict=True):
        if asked_of(one):
            assert_close(one.estimate, other.estimate, one)
    columns = ["row", "rule", "column"]
    assert stored.failing_rows[columns].equals(framed.failing_rows[columns])


def assert_close(one, other, check):
    if one is None or other is None:
        assert one is other, check
    else:
        assert math.isclose(one, other, rel_tol=1e-12), check
