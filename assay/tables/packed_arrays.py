"""Arrays and lists of texts in JSON, in few bytes: it has no 64-bit integers and no infinities."""

from __future__ import annotations

import base64
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def narrow_integers(array: NDArray[Any]) -> NDArray[Any]:
    """Integers that are not negative, in as few bytes each as the largest takes."""
    return array.astype(np.min_scalar_type(int(array.max(initial=0))))


def pack_array(array: NDArray[Any]) -> list[str]:
    """The type of the values, and their bytes in base64, little-endian."""
    kind = array.dtype.newbyteorder("<")
    return [kind.str, base64.b64encode(array.astype(kind, copy=False).tobytes()).decode("ascii")]


def unpack_array(text: Sequence[str], kind: type[Any]) -> NDArray[Any]:
    held = np.frombuffer(base64.b64decode(text[1]), np.dtype(text[0]))
    return held.astype(kind, copy=False)


def pack_texts(names: Sequence[str]) -> list[Any]:
    """As one text, and the length of each: a canonical writer is slow over many small ones."""
    return [
        "".join(names),
        pack_array(narrow_integers(np.fromiter(map(len, names), np.int64, len(names)))),
    ]


def unpack_texts(text: str, lengths: Sequence[str]) -> tuple[str, ...]:
    ends = [0, *np.cumsum(unpack_array(lengths, np.int64)).tolist()]
    return tuple(text[start:end] for start, end in itertools.pairwise(ends))
