"""Columns whose names speak of sex, age, ethnicity and the like, and that nobody declared."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Final

from assay.config.data import Data
from assay.gates.report import Check, Verdict

SENSITIVE_COLUMNS: Final = "sensitive_columns"  # the check that some are declared

UNDECLARED_COLUMNS: Final = "undeclared_columns"

# By what a column is about, the words of its name that say so, without accents.
_WORDS: Final = {
    "sex": "sex sexe sexo gender genre genero geschlecht sesso male female",
    "age": "age edad alter eta dob yob birthday birthdate birthyear geburtsdatum geburtsjahr",
    "ethnicity": "race racial raza rasse ethnic ethnicity ethnie etnia nationality nationalitat "
    "citizen citizenship staatsangehorigkeit hispanic latino",
    "religion": "religion religious religione konfession faith creed",
    "disability": "disability disabled disabilities handicap handicapped behinderung discapacidad",
    "marital status": "marital marriage married spouse civilstatus familienstand divorced widowed",
}
_PHRASES: Final = {
    "age": ("birth date", "date birth", "year birth", "birth year"),
    "ethnicity": ("native country", "country birth", "birth country", "place birth", "skin color"),
    "marital status": ("civil status", "estado civil", "etat civil"),
}
# Words beside which an age is that of a thing.
_THINGS: Final = frozenset(
    {"account", "building", "car", "company", "contract", "credit", "device", "file", "house"}
    | {"loan", "machine", "product", "property", "vehicle"}
)
_SUBJECTS: Final = {word: about for about, words in _WORDS.items() for word in words.split()}


def sensitive_subject(name: str) -> str | None:
    """What a column's name says that it is about: "sex", "age"; None for nothing of the kind."""
    words = _split_words(name)
    told = " ".join(word for word in words if word not in {"of", "the", "de"})
    for about, phrases in _PHRASES.items():
        if any(phrase in told for phrase in phrases):
            return about
    subjects = [_SUBJECTS[word] for word in words if word in _SUBJECTS]
    if not subjects or (subjects[0] == "age" and _THINGS & set(words)):
        return None
    return subjects[0]


def _split_words(name: str) -> list[str]:
    """The words of a column's name: of "ageOfOwner", "Marital-Status", "GESCHLECHT"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", plain)
    return re.findall(r"[a-z]+", parted.lower())


def undeclared_columns(columns: Sequence[str], data: Data) -> dict[str, str]:
    """Of a table's `columns`, by name what they seem to be about, where the use case does not say
    whether they are sensitive.
    """
    known = {data.target.column, *data.identity, *data.sensitive, *data.not_sensitive}
    found = {name: sensitive_subject(name) for name in columns if name not in known}
    return {name: about for name, about in found.items() if about is not None}


def check_declared(undeclared: dict[str, str]) -> Check:
    """Whether every column whose name speaks of people's groups is declared either way."""
    names, one = list(undeclared), len(undeclared) == 1
    told = ", ".join(f"{name} ({about})" for name, about in undeclared.items())
    settings = ", ".join(f"{name}: {{}}" for name in names)
    return Check(
        name=UNDECLARED_COLUMNS,
        claim="The use case says of every column that looks sensitive whether it is",
        verdict=Verdict.CAUTION if undeclared else Verdict.PASS,
        statistic="columns that look sensitive and are not declared",
        estimate=float(len(undeclared)),
        threshold=0.0,
        why=f"{len(names)} column{'' if one else 's'} by {'its' if one else 'their'} name "
        f"look{'s' if one else ''} sensitive and {'is' if one else 'are'} not declared: {told}"
        if undeclared
        else "No other column looks sensitive by its name",
        remedy=f"Declare {'it' if one else 'them'} under data: `sensitive: {{{settings}}}` "
        f"compares the groups; `not_sensitive: [{', '.join(names)}]` says that nobody needs to."
        if undeclared
        else "",
        hard=False,
    )


def check_declarations(columns: Sequence[str], data: Data) -> list[Check]:
    """What the use case says of a table's `columns`: which are sensitive, and which look so."""
    some = check_sensitive_declared(data)
    return [*([some] if some else []), check_declared(undeclared_columns(columns, data))]


def undeclared_summaries(checks: Sequence[Check]) -> list[str]:
    """A sentence about the columns that are asked about, if any are."""
    asked = [c for c in checks if c.name == UNDECLARED_COLUMNS and c.verdict is Verdict.CAUTION]
    return [f"{check.why}." for check in asked]


def check_sensitive_declared(data: Data) -> Check | None:
    """Without sensitive columns no gap is judged, unless the use case says that there are none."""
    if data.sensitive:
        return None
    declared = "sensitive" in data.model_fields_set
    return Check(
        name=SENSITIVE_COLUMNS,
        claim="The use case says which columns are sensitive",
        verdict=Verdict.PASS if declared else Verdict.CAUTION,
        statistic="sensitive columns",
        estimate=0.0,
        why="The use case declares that no column is sensitive"
        if declared
        else "Fairness is not judged, as no sensitive column is declared",
        remedy=""
        if declared
        else "Name the columns under data.sensitive, or write `sensitive: {}` there if no decision "
        "about people rests on this model.",
        hard=False,
    )
