"""What is written is read back as the same value, whatever people called it."""

import pytest

from assay.config.yaml_reader import parse_yaml
from assay.drafting.yaml_value import write_value

TEXTS = [
    *("yes", "No", "null", "~", "1e5", "2026-01-31", "12:30", "0x1F", "1_000", "+1", ".inf", "NaN"),
    *(
        "",
        " a",
        "a ",
        "a: b",
        "a #b",
        "- a",
        "'",
        '"',
        "\\",
        "<<",
        "=",
        "!!x",
        "&a",
        "*a",
        "{",
        "]",
    ),
    *("a\nb", "null\n", "\t", "\0", "\x1b[31m", "\x7f", "\x85", "\x9f", "\u2028", "\u202e"),
    *("\ufeff", "\uffff", "\ud800", "\U0001f600", "\U0001fffe", "\xa0", "a" * 3000),
]


@pytest.mark.parametrize("text", TEXTS, ids=lambda text: ascii(text[:20]))
def test_every_text_means_itself_as_a_value_in_a_list_and_as_a_key(text):
    for value in (text, [text, "x"], {text: "x", "y": text}):
        written = write_value(value)
        assert "\n" not in written
        written.encode()
        assert parse_yaml(f"k: {written}\n", "f")["k"] == value


@pytest.mark.parametrize("number", [0, -1, 1e-7, 1e16, 1e300, 0.1, float("inf"), -float("inf")])
def test_every_number_stays_a_number(number):
    assert parse_yaml(f"k: {write_value(number)}\n", "f")["k"] == number
    assert parse_yaml(f"k: {write_value(float('nan'))}\n", "f")["k"] != number
