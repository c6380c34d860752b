"""Files wherever they lie: on this machine or at any fsspec URL. Imports nothing heavy."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit, urlunsplit

from assay.config.data import FileFormat, Source
from assay.errors import AssayError, SourceError, StoreUnreachable, nearest_name

_ENDINGS: dict[str, FileFormat] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
}
COMPRESSION_SUFFIXES = (".gz", ".bz2", ".zst", ".zip")
_TAGS = ("ETag", "etag", "md5Hash", "checksum", "VersionId", "generation")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file. `path` is its name in its file system; `display_path` holds no secret."""

    path: str
    display_path: str
    remote: Any = None  # an fsspec file system, or None for this machine's own

    @property
    def ending(self) -> str:
        """The last suffix that is no compression, in lower case: `.csv` of `a.CSV.gz`."""
        name = self.path.lower()
        return Path(name.removesuffix(self.compression)).suffix

    @property
    def compression(self) -> str:
        """`.gz`, `.bz2`, `.zst`, `.zip`, or nothing."""
        suffix = Path(self.path.lower()).suffix
        return suffix if suffix in COMPRESSION_SUFFIXES else ""

    @property
    def url(self) -> str:
        """By which it is found again: its path here, else its URL."""
        return self.path if self.remote is None else str(self.remote.unstrip_protocol(self.path))

    def translate_errors(self) -> AbstractContextManager[None]:
        """Within, errors of the file system become Assay's."""
        return (
            translate_file_errors(self.display_path)
            if self.remote is None
            else translate_remote_errors(self.display_path)
        )

    def open(self) -> BinaryIO:
        """A seekable reader over the bytes as they lie there. Raises SourceError."""
        with self.translate_errors():
            if self.remote is None:
                return open(self.path, "rb")
            return cast(BinaryIO, self.remote.open(self.path, "rb"))

    def status(self) -> dict[str, Any]:
        """`size` in bytes, `modified` (RFC 3339, UTC, or None) and `tag`, as far as known."""
        with self.translate_errors():
            if self.remote is None:
                found = Path(self.path).stat()
                return {"size": found.st_size, "modified": _utc_text(found.st_mtime), "tag": None}
            info = self.remote.info(self.path)
        tag = next((str(info[key]) for key in _TAGS if info.get(key)), None)
        when = next((info[key] for key in _TIMES if info.get(key)), None)
        return {"size": info.get("size"), "modified": _utc_text(when), "tag": tag}


def find_files(source: Source) -> list[SourceFile]:
    """The files that a source's path names, sorted by path when it is a pattern.

    Raises SourceError when there are none, or one is a folder; StoreUnreachable.
    """
    path = source.path or ""
    files = (
        _find_remote(path)
        if "://" in path and not path.startswith("file://")
        else _find_local(path)
    )
    if not files:
        raise SourceError(
            "no file fits this pattern", where=redact_url(path), remedy="Check data.source.path."
        )
    return files


def detect_format(source: Source, file: SourceFile) -> FileFormat:
    """The format that the use case declares, else the one that the file's ending tells."""
    found = source.format or _ENDINGS.get(file.ending)
    if found is None:
        raise SourceError(
            f"the ending {file.ending or '(none)'!r} does not tell the format",
            where=file.display_path,
            remedy="Write data.source as {path: ..., format: csv}, or parquet, or jsonl.",
        )
    return found


def redact_url(url: str) -> str:
    """The URL without user names, passwords and query strings, which may hold secrets."""
    if "://" not in url:
        return url
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@contextmanager
def translate_file_errors(where: str) -> Iterator[None]:
    """Turn the errors of file systems into Assay's, with what to do."""
    try:
        yield
    except AssayError:
        raise
    except FileNotFoundError as error:
        if isinstance(error.__cause__, OSError):  # fsspec's HTTP says so of a silent server too
            raise _unreachable_error(where, error.__cause__) from None
        raise SourceError("there is no such file", where=where, remedy=_path_hint(where)) from None
    except IsADirectoryError:
        raise _folder_error(where) from None
    except PermissionError as error:
        raise SourceError(
            f"the file may not be read ({error.strerror or error})",
            where=where,
            remedy="Give yourself the right to read it, or check the credentials.",
        ) from None
    except ImportError as error:
        raise SourceError(
            f"reading this needs a package that is not installed: {error}",
            where=where,
            remedy="Install it, or copy the file to this machine.",
        ) from None
    except (ConnectionError, TimeoutError) as error:
        raise _unreachable_error(where, error) from None
    except OSError as error:
        raise SourceError(f"the file cannot be read: {error}", where=where) from None


@contextmanager
def translate_remote_errors(where: str) -> Iterator[None]:
    """`translate_file_errors` for file systems of fsspec, whose libraries have other errors."""
    try:
        with translate_file_errors(where):
            yield
    except AssayError:
        raise
    except Exception as error:  # noqa: BLE001 - theirs share no base class
        raise SourceError(
            f"the file cannot be read: {type(error).__name__}: {error}",
            where=where,
            remedy="Check the URL, the credentials and the network.",
        ) from None


def _find_local(path: str) -> list[SourceFile]:
    given = Path(urlsplit(path).path if path.startswith("file://") else path).expanduser()
    path = str(given)
    if glob.has_magic(path) and not given.exists():
        # pathlib's patterns are relative to a folder, and a user's may be absolute
        found = sorted(glob.glob(path, recursive=True))  # noqa: PTH207
        return [SourceFile(p, p) for p in found if Path(p).is_file()]
    with translate_file_errors(path):
        given.stat()
    if given.is_dir():
        raise _folder_error(path)
    return [SourceFile(path, path)]


def _find_remote(url: str) -> list[SourceFile]:
    with translate_remote_errors(redact_url(url)):
        import fsspec

        try:
            system, path = fsspec.core.url_to_fs(url)
        except ValueError as error:
            raise SourceError(str(error), where=redact_url(url)) from None
        system.invalidate_cache()
        if glob.has_magic(path):
            found = sorted(p for p in system.glob(path) if system.isfile(p))
            return [SourceFile(p, redact_url(system.unstrip_protocol(p)), system) for p in found]
        kind = system.info(path).get("type")
    if kind == "directory":
        raise _folder_error(redact_url(url))
    return [SourceFile(path, redact_url(url), system)]


def _unreachable_error(where: str, error: OSError) -> StoreUnreachable:
    return StoreUnreachable(
        f"the source does not answer ({error})", where=where, remedy="Try again later."
    )


def _folder_error(where: str) -> SourceError:
    return SourceError(
        "this is a folder", where=where, remedy=f"Name its files, as in {where.rstrip('/')}/*.csv."
    )


def _path_hint(where: str) -> str:
    if "://" in where:
        return "Check data.source.path."
    path = Path(where)
    try:
        near = nearest_name(path.name, sorted(p.name for p in path.parent.iterdir()))
    except OSError:
        return f"There is no folder {path.parent} either; paths are relative to {Path.cwd()}."
    return f"Did you mean {path.parent / near}?" if near else "Check data.source.path."


def _utc_text(when: Any) -> str | None:
    if isinstance(when, int | float):
        when = datetime.fromtimestamp(when, UTC)
    if isinstance(when, datetime):
        moment: datetime = when if when.tzinfo else when.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    return str(when) if when else None
