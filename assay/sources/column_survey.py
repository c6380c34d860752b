"""The evidence on a column of text: what keeps its values from being numbers."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.sources.infinite_values import named_infinite
from assay.sources.number_format import KNOWN_FORMATS, KNOWN_UNITS, NumberFormat
from assay.sources.value_text import MAX_EXACT_INTEGER

Mask = NDArray[np.bool_]

MAX_MISFITS: Final = 1000  # values that do not fit, up to which a hint says how many they are
# Compared in lower case.
KNOWN_MARKS: Final = frozenset(
    {
        *("na", "n/a", "n.a.", "n.a", "#n/a", "#na", "<na>", "nan", "k.a.", "s/o", "\\n"),
        *("null", "nul", "(null)", "[null]", "#null!", "none", "nil", "#value!", "#div/0!"),
        *("missing", "unknown", "unk", "?", "??", "???", ".", "..", "...", "*"),
        *("-", "--", "---", "\u2013", "\u2014"),
    }
)
_KINDS: Final = ("integer", "number", "boolean")
_INTEGER: Final = r"^-?(0|[1-9][0-9]{0,18})$"
_DECIMAL: Final = (
    r"^-?((0|[1-9][0-9]*)?\.[0-9]+|(0|[1-9][0-9]*)\.|(0|[1-9][0-9]*))([eE][+-]?[0-9]+)?$"
)
_GROUPED: Final = NumberFormat(",", ".")
_SAMPLE: Final = 64  # words that are tried first: most columns of text fail on them


@dataclass
class Misfits:
    """Values that are not of a kind: how many, the first of them, and where it stands."""

    count: int = 0
    first: str = ""
    line: int = 0
    file: str = ""  # empty where there is only one

    @property
    def place(self) -> str:
        return f"line {self.line}" + (f" of {self.file}" if self.file else "")


@dataclass
class ColumnSurvey:
    """The evidence on one column, gathered block by block.

    `misfits`: by kind, what keeps the column from being of it; kinds that it cannot be are gone.
    `marks`: known marks of missing values, as they are written; they count as no misfits.
    `formats`: the number formats in which every value is a number. `foreign`: values that are no
    plain numbers, and are numbers in one of these.
    """

    values: int = 0  # that are not missing
    misfits: dict[str, Misfits] = field(default_factory=lambda: {k: Misfits() for k in _KINDS})
    marks: Counter[str] = field(default_factory=Counter)
    first_mark: Misfits = field(default_factory=Misfits)
    formats: tuple[NumberFormat, ...] = KNOWN_FORMATS
    foreign: Misfits = field(default_factory=Misfits)
    units: set[str] = field(default_factory=set)
    kinds: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)
    kinds_by_file: dict[str, set[str]] = field(default_factory=dict)

    @property
    def text_kind(self) -> str:
        """The kind of a column whose values are words: of which all of them are."""
        if not self.values or self.marks or self.mixes_units:
            return "text"
        return next((k for k in _KINDS if k in self.misfits and not self.misfits[k].count), "text")

    @property
    def numeric_but_for_marks(self) -> str | None:
        """The kind that the column would have if its marks of missing values were declared."""
        if not self.marks or self.values == self.marks.total() or self.mixes_units:
            return None
        return next((k for k in _KINDS if k in self.misfits and not self.misfits[k].count), None)

    @property
    def is_foreign(self) -> bool:
        """Whether all values are numbers, and some in another format than the one declared."""
        return bool(self.foreign.count and self.formats)

    @property
    def mixes_units(self) -> bool:
        """Whether numbers bear different units, or some a percent sign and others none."""
        return len(self.units - {""}) > 1 or {"%", ""} <= self.units

    def add_words(
        self, array: pa.DictionaryArray, lines: NDArray[np.int64], form: NumberFormat, file: str
    ) -> None:
        """Add a block of coded text; `form`: how the source is said to write numbers."""
        in_file = self._open_kinds(file)
        watched = [k for k in _KINDS if k in self.misfits or (in_file and k in in_file)]
        if not (watched or self.formats) or array.null_count == len(array):
            return
        block = _BlockWords(array, lines, form, file)
        odd = {kind: block.is_odd(kind) for kind in watched}
        marks = block.find_marks() if all(mask.any() for mask in odd.values()) else None
        if marks is not None and marks.any():
            self._count_marks(block, marks)
            odd = {kind: mask & ~marks for kind, mask in odd.items()}
        for kind, mask in odd.items():
            if kind in self.misfits and mask.any():
                block.count(mask, self.misfits[kind])
                if self.misfits[kind].count > MAX_MISFITS:
                    del self.misfits[kind]
            if in_file is not None and mask.any():
                in_file.discard(kind)
        if self.formats:
            self._narrow_formats(block, marks)
        if form.units:
            self.units |= block.find_units(form.units)

    def _open_kinds(self, file: str) -> set[str] | None:
        """The kinds that the column may still have in a file; None where there is only one file."""
        if not file:
            return None
        return self.kinds_by_file.setdefault(file, set(_KINDS))

    def _count_marks(self, block: _BlockWords, marks: Mask) -> None:
        block.count(marks, self.first_mark)
        for place in np.flatnonzero(marks):
            self.marks[block.trimmed[int(place)].as_py()] += int(block.counts[place])

    def _narrow_formats(self, block: _BlockWords, marks: Mask | None) -> None:
        """Keep the formats in which all values of a block are numbers as well."""
        plain = ~block.is_odd("number") & block.present
        rest = block.present & ~plain if marks is None else block.present & ~plain & ~marks
        if block.form.is_plain:
            if any(form.decimal == "," for form in self.formats) and plain.any():
                self._keep_formats(block.trimmed.filter(pa.array(plain)), _fits_plain)
        else:
            rest |= plain
        if not rest.any():
            return
        words = block.trimmed.filter(pa.array(rest))
        bare, units = _strip_units(words)
        self._keep_formats(bare.slice(0, _SAMPLE), _fits)
        self._keep_formats(bare, _fits)
        foreign = rest & ~plain & block.find_written_marks() if self.formats else rest & False
        if foreign.any():
            block.count(foreign, self.foreign)
            self.units |= units - {""}

    def _keep_formats(
        self, words: pa.Array, fits: Callable[[NumberFormat, pa.Array], bool]
    ) -> None:
        self.formats = tuple(form for form in self.formats if fits(form, words))


class _BlockWords:
    """The distinct words of a column's block, with how often each stands there."""

    def __init__(
        self, array: pa.DictionaryArray, lines: NDArray[np.int64], form: NumberFormat, file: str
    ) -> None:
        self._array, self._lines, self._file, self.form = array, lines, file, form
        self.trimmed = pc.utf8_trim_whitespace(array.dictionary)
        self._normal = form.normalize(self.trimmed)
        self._codes = np.asarray(pc.fill_null(array.indices, -1))
        self.counts = np.bincount(self._codes[self._codes >= 0], minlength=len(self.trimmed))
        self.present: Mask = self.counts > 0
        self._odd: dict[str, Mask] = {}

    def is_odd(self, kind: str) -> Mask:
        """Which words are not of a kind."""
        if kind not in self._odd:
            words = self.trimmed if kind == "boolean" else self._normal
            self._odd[kind] = ~_TESTS[kind](words) & self.present
        return self._odd[kind]

    def find_marks(self) -> Mask:
        lower = pc.utf8_lower(self.trimmed)
        known = pc.is_in(lower, value_set=pa.array(sorted(KNOWN_MARKS)))
        return _mask_to_numpy(known, missing=False) & self.present

    def find_written_marks(self) -> Mask:
        """Which words hold what only some formats have: a mark within the number, or a unit."""
        held = pc.match_substring_regex(self.trimmed, r"[^0-9+\x{2212}-]")
        return _mask_to_numpy(held, missing=False)

    def find_units(self, units: tuple[str, ...]) -> set[str]:
        """The units that stand beside numbers, "" for none beside another number than 0."""
        numbers = self.trimmed.filter(pa.array(~self.is_odd("number") & self.present))
        return _find_units(numbers, units)

    def count(self, mask: Mask, misfits: Misfits) -> None:
        """Add the values of the masked words."""
        if not misfits.count:
            row = int(np.flatnonzero(mask[self._codes] & (self._codes >= 0))[0])
            misfits.first, misfits.line = self._array[row].as_py(), int(self._lines[row])
            misfits.file = self._file
        misfits.count += int(self.counts[mask].sum())


def _fits(form: NumberFormat, words: pa.Array) -> bool:
    return bool(number_mask(form.normalize(words)).all())


def _fits_plain(form: NumberFormat, words: pa.Array) -> bool:
    """Whether plain numbers are numbers of a format, too."""
    if form.decimal == ".":
        return True
    pointed = words.filter(pc.match_substring(words, "."))
    return not len(pointed) or (form.thousands == "." and _fits(_GROUPED, pointed))


def _strip_units(words: pa.Array) -> tuple[pa.Array, set[str]]:
    """Words without a known unit at either end, and the units that were there."""
    units = sorted(KNOWN_UNITS, key=len, reverse=True)
    escaped = "|".join(unit.replace(".", r"\.").replace("$", r"\$") for unit in units)
    sign = r"([+\x{2212}-]?)"
    number = r"([0-9.,][0-9.,' \x{2019}\x{a0}\x{202f}\x{2009}]*)"
    pattern = rf"^{sign}(?:{escaped})\s*{sign}{number}$|^{sign}{number}\s*(?:{escaped})$"
    if not pc.any(pc.match_substring_regex(words, pattern)).as_py():
        return words, set()
    bare = pc.replace_substring_regex(words, pattern, r"\1\2\3\4\5")
    return pc.utf8_trim_whitespace(bare), _find_units(words, KNOWN_UNITS)


def _find_units(words: pa.Array, units: tuple[str, ...]) -> set[str]:
    if not len(words):
        return set()
    by_length = sorted(units, key=len, reverse=True)
    found: set[str] = set()
    rest = words
    for unit in by_length:
        held = pc.or_(pc.starts_with(rest, unit), pc.ends_with(rest, unit))
        if pc.any(held).as_py():
            found.add(unit)
            rest = rest.filter(pc.invert(held))
    bare = rest.filter(pc.invert(pc.match_substring_regex(rest, r"^[+-]?0*[.,]?0*$")))
    return found | ({""} if len(bare) else set())


def integer_mask(words: pa.Array) -> Mask:
    """Which words are integers of 64 bits, written plainly. Nulls count as fitting."""
    fits = _matches(words, _INTEGER)
    long = fits & _mask_to_numpy(pc.greater(pc.utf8_length(words), 18), missing=False)
    for position in np.flatnonzero(long):
        fits[position] = -(2**63) <= int(words[int(position)].as_py()) < 2**63
    return fits


def number_mask(words: pa.Array) -> Mask:
    """Which words are decimal numbers, integers up to 2**53, or infinite. Nulls fit."""
    there = _mask_to_numpy(pc.is_valid(words), missing=False)
    fits = _matches(words, _DECIMAL)
    long = fits & there & _matches(words, r"^-?[0-9]{16,}(\.0*)?$")
    for position in np.flatnonzero(long):
        fits[position] = (
            abs(int(words[int(position)].as_py().partition(".")[0])) <= MAX_EXACT_INTEGER
        )
    for position in np.flatnonzero(fits & there & _matches(words, "[eE]")):
        fits[position] = math.isfinite(float(words[int(position)].as_py()))  # not 1e999
    return fits | named_infinite(words)


def boolean_mask(words: pa.Array) -> Mask:
    """Which words are true or false, in any case. Nulls count as fitting."""
    return _matches(words, r"^(?i:true|false)$")


def _matches(words: pa.Array, pattern: str) -> Mask:
    return _mask_to_numpy(pc.match_substring_regex(words, pattern), missing=True)


def _mask_to_numpy(mask: pa.Array, *, missing: bool) -> Mask:
    values: Mask = pc.fill_null(mask, missing).to_numpy(zero_copy_only=False)
    return values.copy()


_TESTS: Final[dict[str, Callable[[pa.Array], Any]]] = {
    "integer": integer_mask,
    "number": number_mask,
    "boolean": boolean_mask,
}
