"""How a source writes its numbers: 1234.5, 1.234,5 or 1 234,50 EUR."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from assay.config.data import Source

# Typesetters have several spaces and apostrophes for one purpose.
_VARIANTS: Final = {" ": "[ \u00a0\u2009\u202f]", "'": "['\u2019]"}
_SIGN: Final = "[+\u2212-]?"


@dataclass(frozen=True)
class NumberFormat:
    """The decimal mark, the mark between thousands, and the units that may stand beside a number.

    A unit says nothing of the value: 12 % is 12.
    """

    decimal: str = "."
    thousands: str = ""
    units: tuple[str, ...] = ()

    @classmethod
    def from_source(cls, source: Source) -> NumberFormat:
        return cls(source.decimal, source.thousands or "", source.units)

    @property
    def is_plain(self) -> bool:
        """Whether it is the format of Python and JSON."""
        return self.decimal == "." and not self.thousands and not self.units

    def normalize(self, words: pa.Array) -> pa.Array:
        """Numbers of this format in the plain one. What is no number becomes the empty text."""
        if self.is_plain:
            return words
        fits = pc.match_substring_regex(words, self._pattern)
        bare = pc.replace_substring_regex(words, self._pattern, r"\1\2\3")
        bare = pc.replace_substring(bare, "\u2212", "-")
        if self.thousands:
            bare = pc.replace_substring_regex(bare, _character(self.thousands), "")
        if self.decimal != ".":
            bare = pc.replace_substring(bare, self.decimal, ".")
        return pc.if_else(fits, bare, pa.scalar("", words.type))

    @cached_property
    def _pattern(self) -> str:
        whole = "[0-9]+"
        if self.thousands:
            mark = _character(self.thousands)
            # Groups of two are India's: 12,34,567.
            pairs = (
                f"(?:{mark}[0-9]{{2,3}})*" if self.thousands == "," else f"(?:{mark}[0-9]{{3}})*"
            )
            whole = f"(?:[1-9][0-9]{{0,2}}{pairs}{mark}[0-9]{{3}}|[0-9]+)"
        point = _character(self.decimal)
        number = f"(?:{whole}(?:{point}[0-9]*)?|{point}[0-9]+)"
        # RE2 knows no escaped space.
        unit = "|".join(
            re.escape(unit).replace("\\ ", " ")
            for unit in sorted(self.units, key=len, reverse=True)
        )
        beside = f"(?:(?:{unit})\\s*)?" if unit else ""
        after = f"(?:\\s*(?:{unit}))?" if unit else ""
        return f"^{beside}({_SIGN}){beside}({number})((?:[eE][+-]?[0-9]+)?){after}$"


def _character(mark: str) -> str:
    return _VARIANTS.get(mark, re.escape(mark))


PLAIN: Final = NumberFormat()

# Formats that are told apart where no other is declared, the simplest first.
KNOWN_FORMATS: Final = (
    PLAIN,
    NumberFormat(","),
    NumberFormat(".", ","),
    NumberFormat(",", "."),
    NumberFormat(",", " "),
    NumberFormat(".", " "),
    NumberFormat(".", "'"),
    NumberFormat(",", "'"),
)
KNOWN_UNITS: Final = (
    *("%", "‰", "€", "$", "£", "¥", "₹", "₽", "₺", "₩", "₴", "zł", "kr", "Kč", "Ft"),
    *("EUR", "USD", "GBP", "JPY", "INR", "CHF", "Fr.", "PLN", "CZK", "SEK", "NOK", "DKK"),
    *("US$", "R$", "CAD", "AUD", "CNY", "BRL", "RUB", "TRY", "HUF", "RON", "lei"),
)
