"""How a page of figures says by which command it was made."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from itertools import pairwise

_PLACES = ("--out", "--home")  # where somebody keeps things is not part of what was measured


def command(module: str, words: Sequence[str]) -> str:
    """`python -m module words`, without the options that name a place."""
    kept = [
        word
        for before, word in pairwise(["", *words])
        if before not in _PLACES and word.partition("=")[0] not in _PLACES
    ]
    return shlex.join(["python", "-m", module, *kept])
