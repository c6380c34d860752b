"""Personal data are told by their values, and by names where values fit them."""

import pandas as pd
import pytest

from assay.drafting.personal_data import find_personal_data, is_card_number

DIFFERENT = [
    f"{first} {last}" for first in ("Ada", "Ben", "Cleo") for last in ("Roe", "Poe", "Doe")
]


@pytest.mark.parametrize(
    ("name", "values", "kind"),
    [
        ("contact", [f"a{i}@example.org" for i in range(9)], "e-mail addresses"),
        ("x1", ["4111 1111 1111 1111", "5500-0000-0000-0004"], "card numbers"),
        ("x2", ["+49 30 1234567", "+1 (555) 010-9999", "030/7654321"], "telephone numbers"),
        ("x3", ["555-010-1234", "(555) 010-4321"], "telephone numbers"),
        ("x4", ["DE89 3704 0044 0532 0130 00", "GB29NWBK60161331926819"], "bank accounts"),
        ("x5", ["078-05-1120", "219-09-9999"], "identity numbers"),
        ("FirstName", DIFFERENT, "names of people"),
        ("name", DIFFERENT, "names of people"),
        ("passenger", [f"{n}, Mr. John" for n in ("Braund", "Allen", "Moran")], "names of people"),
        ("ssn", [123456789, 987654321], "identity numbers"),
        ("Home_Address", [f"{i} Long Road" for i in range(9)], "addresses"),
    ],
)
def test_personal_data_are_named(name, values, kind):
    assert find_personal_data(name, pd.Series(values)) == kind


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("name", ["basic", "plus"] * 20),  # of a product
        ("income", list(range(4_111_111_111_111_100, 4_111_111_111_111_110))),
        ("date", ["2026-01-31", "2026-02-01"]),
        ("code", ["A-1", "B-2"]),
        ("wage", [12.5, 13.25, 800.0]),
        ("tel", [1, 1, 1]),
        ("empty", [None, None]),
    ],
)
def test_other_columns_are_not(name, values):
    assert find_personal_data(name, pd.Series(values)) is None


def test_a_card_number_is_told_by_its_check_digit():
    assert is_card_number("4111111111111111")
    assert not is_card_number("4111111111111112")
    assert not is_card_number("0000000000000000")
