"""Infinite values, as a division by zero leaves them: no learner takes them, so they are missing.

In every format alike: as numbers, as the words inf and Infinity and, in a column that is known to
hold numbers, as one such as 1e999 that is too large for 64 bits.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_INFINITE: Final = r"^(?i)[+-]?inf(inity)?$"
_EXPONENT: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)[eE]\+?[0-9]+$"


def null_infinite(array: pa.Array) -> tuple[pa.Array, int]:
    """The values with the infinite ones made null, and how many these were."""
    if pa.types.is_dictionary(array.type) and pa.types.is_string(array.type.value_type):
        odd = pa.array(infinite_words(array.dictionary)).take(array.indices)
        codes = pc.if_else(odd, pa.scalar(None, array.indices.type), array.indices)
        return _counted(array, pa.DictionaryArray.from_arrays(codes, array.dictionary))
    if pa.types.is_string(array.type):
        odd = pa.array(infinite_words(array))
    elif pa.types.is_floating(array.type):
        odd = pc.is_inf(array)
    else:
        return array, 0
    return _counted(array, pc.if_else(odd, pa.scalar(None, array.type), array))


def _counted(before: pa.Array, after: pa.Array) -> tuple[pa.Array, int]:
    count = after.null_count - before.null_count
    return (after, count) if count else (before, 0)


def infinite_words(words: pa.Array) -> NDArray[np.bool_]:
    """Which words mean an infinite number."""
    named, words = named_infinite(words), pc.utf8_trim_whitespace(words)
    large = _mask(pc.match_substring_regex(words, _EXPONENT))
    for place in np.flatnonzero(large):
        named[place] = np.isinf(float(words[int(place)].as_py()))
    return named


def named_infinite(words: pa.Array) -> NDArray[np.bool_]:
    """Which words are inf or Infinity, in any case, with or without a sign."""
    return _mask(pc.match_substring_regex(pc.utf8_trim_whitespace(words), _INFINITE))


def _mask(flags: pa.Array) -> NDArray[np.bool_]:
    mask: NDArray[np.bool_] = pc.fill_null(flags, False).to_numpy(zero_copy_only=False)
    return mask.copy()
