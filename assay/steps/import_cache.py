"""The import statements of modules that an earlier process parsed, by the digest of their text.

A run without changes does little else than to parse Assay's own modules. Their import statements
lie in one file of the user's cache, `~/.cache/assay/imports.json` (or below XDG_CACHE_HOME). The
digest is that of the bytes as they lie now, so no edit goes unseen, also one that keeps size and
time. The file holds names of modules alone, no text of anybody's code.

The cache is never trusted with a model: what it says decides only which modules count in the keys
of steps. Whoever can write this user's files could leave a module out of them, so that a later
change of that module repeats nothing; no model loads by it, because loading asks the journal and
the digests. A file that is not this user's own, or that others may write, is not read.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from assay.bucket.digest import Digest
from assay.errors import ConfigError
from assay.util.home_folder import expand_home

ImportedName = tuple[int, str, str]
"""Level, module and name of an import statement."""

_MOST_MODULES = 4096
"""Beyond this the file keeps only what the present process used: old versions of modules go."""


class ImportCache:
    """Import statements by the digest of the module's text. `path`: its file; None keeps nothing.

    A file that is absent, broken, foreign or made by another parser counts as empty. One that
    cannot be written is left alone.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stored = _load_entries(path) if path else {}
        self._used: dict[str, tuple[ImportedName, ...]] = {}
        self._is_changed = False

    def find(self, digest: str) -> tuple[ImportedName, ...] | None:
        """The imports of the module with this text; None if they are not known."""
        if digest not in self._used:
            imports = _as_imports(self._stored.get(digest))
            if imports is None:
                return None
            self._used[digest] = imports
        return self._used[digest]

    def add(self, digest: str, imports: tuple[ImportedName, ...]) -> None:
        """Keep the imports of a module that was parsed, until `save` writes them."""
        self._used[digest] = imports
        self._is_changed = True

    def save(self) -> None:
        """Write what was added, if anything was. Of two writers the last one wins."""
        if not self._is_changed or self._path is None:
            return
        self._is_changed = False
        # What another process added meanwhile stays.
        stored = _load_entries(self._path) | self._used
        kept = stored if len(stored) <= _MOST_MODULES else self._used
        document = {"parser": _parser_version(), "imports": kept}
        with suppress(OSError):  # a full or read-only home costs time, nothing else
            _replace_file(self._path, json.dumps(document, separators=(",", ":")))


@lru_cache(maxsize=8)
def open_import_cache() -> ImportCache:
    """The cache of the present user."""
    try:
        home = expand_home(os.environ.get("XDG_CACHE_HOME") or "~/.cache")
    except ConfigError:  # a user without a home
        return ImportCache(None)
    return ImportCache(home / "assay" / "imports.json")


@lru_cache(maxsize=1)
def _parser_version() -> str:
    """What the same text may be parsed differently by: Python, and the code that reads it."""
    parser = Path(__file__).with_name("module_source.py")
    return f"{sys.implementation.cache_tag} {Digest.of_file(parser)}"


def _load_entries(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(_read_own_file(path))
        entries = document["imports"] if document["parser"] == _parser_version() else {}
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return {}
    return entries if isinstance(entries, dict) else {}


def _read_own_file(path: Path) -> bytes:
    """The bytes of a file that nobody else may write. Raises OSError for any other."""
    # O_NONBLOCK: a pipe in its place must not hold anybody up.
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as file:
        status = os.fstat(handle)
        writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid() or writable:
            raise PermissionError(path)
        return file.read()


def _replace_file(path: Path, text: str) -> None:
    """Write a file that only this user may read. Readers see the old one or the new one whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _as_imports(entry: Any) -> tuple[ImportedName, ...] | None:
    """The imports as they were written; None for anything else."""
    if not isinstance(entry, list):
        return None
    found = []
    for one in entry:
        match one:
            case [int(level), str(module), str(name)]:
                found.append((level, module, name))
            case _:
                return None
    return tuple(found)
