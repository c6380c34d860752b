"""A folder that appears whole or not at all, and never in the place of another."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from assay.errors import OutputError


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path` to write into; on success it takes that name, else it is removed.

    Raises OutputError where `path` exists, or cannot be written.
    """
    _require_free(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    except OSError as error:
        raise _unwritable_error(path, error) from None
    try:
        yield staged
        staged.chmod(0o777 & ~_umask())
        _require_free(path)
        try:
            staged.rename(path)
        except OSError as error:
            raise _unwritable_error(path, error) from None
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write files by their paths within a folder. Raises OutputError."""
    for name, data in files.items():
        file = folder / name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
        except OSError as error:
            raise _unwritable_error(file, error) from None


def write_checksums(folder: Path) -> None:
    """SHA256SUMS of all files within, as `sha256sum -c` reads it."""
    files = sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())
    sums = [f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in files]
    write_files(folder, {"SHA256SUMS": "".join(sums).encode()})


def _require_free(path: Path) -> None:
    if path.exists() or path.is_symlink():
        raise OutputError(
            "there is something already", where=str(path), remedy="Name a path that is not there."
        )


def _unwritable_error(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"cannot be written: {error.strerror}",
        where=str(path),
        remedy="Name a path in a folder that you may write to.",
    )


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
