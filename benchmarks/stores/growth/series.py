"""A table stored once, and then again after each change: what is new each time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.stores.growth.rows import Batches, first, number, versions

Pieces = dict[str, int]  # digest to bytes


def series(folder: Path, store: Callable[[Batches], Pieces]) -> str:
    """JSON: rows, bytes and pieces of the first version; of each next one, stored beside the first
    alone, the bytes and pieces that the first does not have, and seconds.

    `store` stores one version and returns the pieces that it consists of.
    """
    known = store(first(folder))
    found: dict[str, object] = {
        "rows": number(folder),
        "bytes": sum(known.values()),
        "pieces": len(known),
        "changes": {},
    }
    changes: dict[str, dict[str, float]] = {}
    for name, version in versions(folder).items():
        began = time.perf_counter()
        pieces = store(version())
        new = [size for digest, size in pieces.items() if digest not in known]
        seconds = time.perf_counter() - began
        changes[name] = {"bytes": sum(new), "new": len(new), "all": len(pieces), "s": seconds}
    return json.dumps(found | {"changes": changes})
