"""Columns that seem to hold names, addresses or numbers of people."""

from __future__ import annotations

import re
from typing import Final

import pandas as pd

MIN_SHARE: Final = 0.5  # of a column's values, that look like personal data of one kind
_LOOKED_AT: Final = 2_000

_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}")
_PHONE: Final = re.compile(r"(?:\+\d[\d ()/.-]{6,18}\d|\(?0\d{1,5}\)?[ /-][\d /-]{4,14}\d)")
_PHONE_US: Final = re.compile(r"\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}")
_CARD: Final = re.compile(r"\d(?:[ -]?\d){12,18}")
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?")
_SSN: Final = re.compile(r"\d{3}-\d{2}-\d{4}")
_NAME: Final = re.compile(r"[^\W\d_][\w'.\- ]*,? [^\W\d_][\w'.\- ]*")
_NAMED: Final = {
    "names of people": r"(?:first|last|full|family|given|sur|middle|maiden|customer|patient)[ _]?"
    r"names?|name|vorname|nachname|nom|prenom|apellidos?",
    "addresses": r"(?:e[ _-]?mail|street|home|postal|mailing)?[ _]?(?:address|adresse|anschrift)"
    r"|street|strasse",
    "e-mail addresses": r"e[ _-]?mails?",
    "telephone numbers": r"(?:tele)?phone(?:[ _]?(?:number|no))?|mobile|tel|fax|handy",
    "card numbers": r"(?:credit[ _]?)?card[ _]?(?:number|no)|ccn?|pan",
    "identity numbers": r"ssn|social[ _]?security.*|passport.*|national[ _]?id|tax[ _]?id|iban",
}


def find_personal_data(name: str, column: pd.Series) -> str | None:
    """What kind of personal data a column holds, by its values and then by its name; None if it
    seems to hold none. Numbers count by their values only where they pass a check digit.
    """
    values = column.dropna().astype(str).str.strip().drop_duplicates().head(_LOOKED_AT)
    if not len(values):
        return None
    for kind, looks in _BY_VALUE.items():
        if values.map(looks).mean() >= MIN_SHARE:
            return kind
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold().strip()
    for kind, pattern in _NAMED.items():
        if re.fullmatch(pattern, words) and _may_be(kind, values, column):
            return kind
    return None


def _may_be(kind: str, values: pd.Series, column: pd.Series) -> bool:
    """A name or address is text that differs from row to row; few values are categories."""
    if kind in {"names of people", "addresses"}:
        text = not pd.api.types.is_numeric_dtype(column)
        return text and column.nunique() > 0.5 * column.notna().sum()
    return len(values) > 1


def is_card_number(text: str) -> bool:
    """Whether a text is the number of a payment card: 13 to 19 digits of which the last checks the
    others (Luhn, US patent 2950048; ISO/IEC 7812-1).
    """
    if not _CARD.fullmatch(text):
        return False
    digits = [int(sign) for sign in text if sign.isdigit()][::-1]
    doubled = [2 * d - 9 * (d > 4) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0 and len(set(digits)) > 1


def _is_titled(text: str) -> bool:
    return bool(_NAME.fullmatch(text) and re.search(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Herr|Frau)\b", text))


_BY_VALUE: Final = {
    "e-mail addresses": lambda text: bool(_EMAIL.fullmatch(text)),
    "card numbers": is_card_number,
    "bank accounts": lambda text: bool(_IBAN.fullmatch(text)) and any(c.isdigit() for c in text),
    "identity numbers": lambda text: bool(_SSN.fullmatch(text)),
    "telephone numbers": lambda text: bool(_PHONE.fullmatch(text) or _PHONE_US.fullmatch(text)),
    "names of people": _is_titled,
}
