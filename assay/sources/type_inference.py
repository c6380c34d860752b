"""What kind of values a column holds, judged by all of its rows.

Inference is strict: a column is of a kind only if every value is. Words with leading zeros,
such as 00501, are no integers, for they would lose them; integers beyond 64 bits are no
integers, and beyond 2**53 no numbers, for they would be rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from assay.errors import SourceError
from assay.sources.blocks import RowBlock
from assay.sources.infinite_values import named_infinite
from assay.sources.python_values import common_kind
from assay.sources.value_text import MAX_EXACT_INTEGER
from assay.sources.value_text import values_to_text as words_of
from assay.tables.columns import column_kind

Mask = NDArray[np.bool_]

_MAX_MISFITS: Final = 1000  # values that do not fit, up to which a hint says how many they are
_MAX_MISFIT_SHARE: Final = 0.05
_MOST_CATEGORIES: Final = 10_000
_LARGE_INTEGERS: Final = "integers beyond 2**53"
_INTEGER: Final = r"^-?(0|[1-9][0-9]{0,18})$"
_DECIMAL: Final = (
    r"^-?((0|[1-9][0-9]*)?\.[0-9]+|(0|[1-9][0-9]*)\.|(0|[1-9][0-9]*))([eE][+-]?[0-9]+)?$"
)


@dataclass
class Misfits:
    """Values that are not of a kind: how many, and the first."""

    count: int = 0
    first: str = ""
    line: int = 0


@dataclass
class ColumnSurvey:
    """What was seen of one column."""

    values: int = 0  # that are not missing
    misfits: dict[str, Misfits] = field(
        default_factory=lambda: {"integer": Misfits(), "number": Misfits(), "boolean": Misfits()}
    )
    kinds: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


class TypeSurvey:
    """Collects evidence block by block, then says the kinds of the columns, and hints.

    `textual`: all values are text, of which the kinds are to be guessed. `listed` are the
    columns whose distinct values are wanted: categories that the use case does not enumerate.
    """

    def __init__(self, *, textual: bool, listed: frozenset[str] = frozenset()) -> None:
        self._textual = textual
        self._listed = listed
        self._columns: dict[str, ColumnSurvey] = {}

    def add(self, block: RowBlock) -> None:
        for name, array in zip(block.rows.schema.names, block.rows.columns, strict=True):
            seen = self._columns.setdefault(name, ColumnSurvey())
            seen.values += len(array) - array.null_count
            if self._textual:
                _count_misfits(seen, array, block.lines)
            else:
                seen.kinds |= block.mixed_kinds.get(name) or _arrow_kinds(array)
            if name in self._listed:
                _collect_categories(seen, name, array)

    def kinds(self) -> dict[str, str]:
        """The kind of each column, in the order in which they appeared."""
        decide = _kind_from_text if self._textual else _kind_from_types
        return {name: decide(seen) for name, seen in self._columns.items()}

    def categories(self) -> dict[str, list[str]]:
        """The distinct values of the `listed` columns, sorted."""
        return {n: sorted(self._columns[n].words) for n in self._listed if n in self._columns}

    def hints(self, declared: Mapping[str, str]) -> list[str]:
        """What people may want to declare, for columns not yet `declared`."""
        found = [
            _hint(name, seen, self._textual)
            for name, seen in self._columns.items()
            if name not in declared
        ]
        return [hint for hint in found if hint]


def _count_misfits(seen: ColumnSurvey, array: pa.DictionaryArray, lines: NDArray[np.int64]) -> None:
    if not seen.misfits or array.null_count == len(array):
        return
    words = pc.utf8_trim_whitespace(array.dictionary)
    codes = np.asarray(pc.fill_null(array.indices, -1))
    counts = np.bincount(codes[codes >= 0], minlength=len(words))
    for kind, misfits in list(seen.misfits.items()):
        odd = ~_TESTS[kind](words) & (counts > 0)
        if not odd.any():
            continue
        if not misfits.count:
            row = int(np.flatnonzero(odd[codes] & (codes >= 0))[0])
            misfits.first, misfits.line = array[row].as_py(), int(lines[row])
        misfits.count += int(counts[odd].sum())
        if misfits.count > _MAX_MISFITS:
            del seen.misfits[kind]


def _kind_from_text(seen: ColumnSurvey) -> str:
    if not seen.values:
        return "text"
    fits = [kind for kind, misfits in seen.misfits.items() if not misfits.count]
    return fits[0] if fits else "text"


def _kind_from_types(seen: ColumnSurvey) -> str:
    return common_kind(seen.kinds) or "text"


def _arrow_kinds(array: pa.Array) -> set[str]:
    return set() if array.null_count == len(array) else {column_kind(array.type)}


def _collect_categories(seen: ColumnSurvey, name: str, array: pa.Array) -> None:
    words = array.dictionary if pa.types.is_dictionary(array.type) else array.unique()
    seen.words.update(w for w in words_of(words).to_pylist() if w is not None)
    if len(seen.words) > _MOST_CATEGORIES:
        raise SourceError(
            f"column {name!r}, declared as a category, has over {_MOST_CATEGORIES:,} values",
            remedy=f"Declare it as text, or list its values under data.categories.{name}.",
        )


def _hint(name: str, seen: ColumnSurvey, textual: bool) -> str:
    if not textual:
        named = {_LARGE_INTEGERS if kind == "long" else kind for kind in seen.kinds}
        mixed = " and ".join(sorted(named))
        return f"column {name!r} is text because it mixes {mixed}" if _is_mixture(seen) else ""
    if _kind_from_text(seen) != "text" or not seen.misfits:
        return ""
    # At a tie the narrower kind, which comes first.
    kind, misfits = min(seen.misfits.items(), key=lambda item: item[1].count)
    if misfits.count > max(_MAX_MISFIT_SHARE * seen.values, 1) or misfits.count == seen.values:
        return ""
    return (
        f"column {name!r} is text because of {misfits.count:,} of {seen.values:,} values, the "
        f"first {misfits.first!r} in line {misfits.line}; declare types: {{{name}: {kind}}} to "
        "quarantine such rows, or list the value under missing"
    )


def _is_mixture(seen: ColumnSurvey) -> bool:
    return len(seen.kinds) > 1 and _kind_from_types(seen) == "text"


def integer_mask(words: pa.Array) -> Mask:
    """Which words are integers of 64 bits, written plainly. Nulls count as fitting."""
    fits = _matches(words, _INTEGER)
    long = fits & _mask_to_numpy(pc.greater(pc.utf8_length(words), 18), missing=False)
    for position in np.flatnonzero(long):
        fits[position] = -(2**63) <= int(words[int(position)].as_py()) < 2**63
    return fits


def number_mask(words: pa.Array) -> Mask:
    """Which words are decimal numbers, integers up to 2**53, or infinite. Nulls count as fitting."""
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
