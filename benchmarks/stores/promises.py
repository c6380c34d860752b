"""What a store promises, tried: `python -m benchmarks.stores.promises PUT GET FOLDER`.

Uses the standard library alone, because it also runs in the rivals' environments. Prints one JSON
object, last. `synced` is how often Python was asked to sync a file or a folder while FOLDER's files
were stored by the contender PUT. Then one byte of one stored file is altered, its times and mode
left as they were, as a bad disk would; `altered` says whether the contender GET hands the file on.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.stores.files import files


def main() -> None:
    put, get, folder = import_module(sys.argv[1]), import_module(sys.argv[2]), Path(sys.argv[3])
    state = put.prepare(folder)
    with _counted("fsync", "fdatasync") as calls:
        put.work(folder, state)
    print(json.dumps({"synced": len(calls), "altered": _altered(get, folder)}))


@contextmanager
def _counted(*names: str) -> Iterator[list[str]]:
    """Count the calls of functions of `os` meanwhile."""
    calls: list[str] = []
    before = {name: getattr(os, name) for name in names}

    def counting(name: str) -> Callable[[int], Any]:
        def call(handle: int) -> Any:
            calls.append(name)
            return before[name](handle)

        return call

    for name in names:
        setattr(os, name, counting(name))
    try:
        yield calls
    finally:
        for name, function in before.items():
            setattr(os, name, function)


def _altered(get: Any, folder: Path) -> str:
    state = get.prepare(folder)
    first = files(folder)[0].read_bytes()
    spoilt = bytes([first[0] ^ 1]) + first[1:]
    stored = set(_holding(folder, first))
    assert len(stored) == 1, f"no single file holds what was stored: {stored}"
    _overwrite(*stored, spoilt)
    try:
        get.work(folder, state)
    except Exception as error:  # noqa: BLE001 - whatever a rival raises
        return f"refused: {type(error).__name__}"
    return "handed on" if set(_holding(folder, spoilt)) - stored else "lost"


def _holding(folder: Path, content: bytes) -> Iterator[Path]:
    """The files below the contender's place that hold exactly these bytes."""
    for path in (folder / "scratch").rglob("*"):
        if path.is_file() and path.stat().st_size == len(content) and path.read_bytes() == content:
            yield path


def _overwrite(path: Path, content: bytes) -> None:
    held = path.stat()
    path.chmod(0o644)
    path.write_bytes(content)
    path.chmod(held.st_mode)
    os.utime(path, ns=(held.st_atime_ns, held.st_mtime_ns))


if __name__ == "__main__":
    main()
