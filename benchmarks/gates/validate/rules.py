"""The fifteen rules, in Great Expectations' words and in SQL. Adult keeps them all."""

from __future__ import annotations

from typing import Any

RANGES = {
    "age": (17, 90),
    "hours_per_week": (1, 99),
    "education_num": (1, 16),
    "fnlwgt": (1, 2_000_000),
    "capital_gain": (0, 110_000),
    "capital_loss": (0, 5_000),
}
SETS = {
    "income": ("<=50K", ">50K"),
    "sex": ("Female", "Male"),
    "race": ("Amer-Indian-Eskimo", "Asian-Pac-Islander", "Black", "Other", "White"),
    "relationship": (
        "Husband", "Not-in-family", "Other-relative", "Own-child", "Unmarried", "Wife",
    ),
}  # fmt: skip
KNOWN = {"age": 1.0, "workclass": 0.9, "occupation": 0.9}  # least share of rows with a value
LENGTHS = {"native_country": (2, 40)}
MEANS = {"age": (30, 50)}


def expectations() -> list[tuple[str, dict[str, Any]]]:
    """Type and keyword arguments of each rule."""
    made: list[tuple[str, dict[str, Any]]] = []
    for kind, rules in (
        ("values_to_be_between", RANGES),
        ("value_lengths_to_be_between", LENGTHS),
        ("mean_to_be_between", MEANS),
    ):
        made += [
            (f"expect_column_{kind}", {"column": name, "min_value": low, "max_value": high})
            for name, (low, high) in rules.items()
        ]
    made += [
        ("expect_column_values_to_be_in_set", {"column": name, "value_set": list(values)})
        for name, values in SETS.items()
    ]
    made += [
        ("expect_column_values_to_not_be_null", {"column": name, "mostly": share})
        for name, share in KNOWN.items()
    ]
    return made


def counts() -> list[str]:
    """SQL that counts the values which break each rule, or measures what the rule is about."""
    broken = [f'"{c}" NOT BETWEEN {low} AND {high}' for c, (low, high) in RANGES.items()]
    broken += [f'length("{c}") NOT BETWEEN {low} AND {high}' for c, (low, high) in LENGTHS.items()]
    broken += [f'"{c}" NOT IN {values}' for c, values in SETS.items()]
    broken += [f'"{c}" IS NULL' for c in KNOWN]
    return [f"count(*) FILTER ({rule})" for rule in broken] + [f'avg("{c}")' for c in MEANS]
