"""Files wherever they lie: on this machine or at any fsspec URL. Imports nothing heavy."""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import unquote

from assay.config.data import Source
from assay.errors import AssayError, SourceError, StoreUnreachable, nearest_name
from assay.util.environment import expand_variables, hide_values, read_variables
from assay.util.url_secrets import redact_text, redact_url

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
_WEB = frozenset({"http", "https"})
COMPRESSION_SUFFIXES = (".gz", ".bz2", ".zst", ".zip")
_TAGS = ("ETag", "etag", "md5Hash", "checksum", "VersionId", "generation")
_TIMES = ("LastModified", "last_modified", "mtime", "updated", "created")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file. `path` is its name in its file system; `display_path` holds no secret.

    `partition`: the values of columns that its folders tell, as in year=2026/rows.parquet.
    """

    path: str
    display_path: str
    remote: Any = None  # an fsspec file system, or None for this machine's own
    partition: tuple[tuple[str, str | None], ...] = ()

    @property
    def name(self) -> str:
        """The last part of the path; of a web address, without its query."""
        if self.path.partition("://")[0].lower() in _WEB:
            return unquote(re.split(r"[?#]", self.path, maxsplit=1)[0].rpartition("/")[2])
        return self.path.rpartition("/")[2]

    @property
    def ending(self) -> str:
        """The last suffix that is no compression, in lower case: `.csv` of `a.CSV.gz`."""
        return Path(self.name.lower().removesuffix(self.compression)).suffix

    @property
    def compression(self) -> str:
        """`.gz`, `.bz2`, `.zst`, `.zip`, or nothing."""
        suffix = Path(self.name.lower()).suffix
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

    A name that exists is a name; what does not exist is a pattern. ${NAME} stands for a variable
    of the environment. Raises SourceError when there are none, or one is a folder; ConfigError
    for a variable that is not set; StoreUnreachable.
    """
    written = source.path or ""
    values = read_variables(written, "data.source.path")
    path = expand_variables(written, values)
    files = _find_remote(path) if _is_remote(path) else _find_local(_local_path(path), source)
    if not files:
        raise SourceError(
            "no file fits this pattern", where=redact_url(written), remedy="Check data.source.path."
        )
    if source.partition:
        files = [replace(f, partition=source.partition) for f in files]
    if not values:
        return files
    return [replace(f, display_path=hide_values(f.display_path, values)) for f in files]


def is_pattern(source: Source) -> bool:
    """Whether the source's path is a pattern: it has the marks of one, and no file is called so.

    Raises StoreUnreachable, ConfigError.
    """
    path = expand_variables(source.path or "", read_variables(source.path or "", "a path"))
    if _is_remote(path):
        with translate_remote_errors(redact_url(path)):
            system, place = _open_remote(path)
            return _has_magic(place) and not system.exists(place)
    local = _local_path(path)
    return _has_magic(local) and not any(p.exists() for p in map(Path, _places(local, source)))


def is_folder(source: Source) -> bool:
    """Whether the source's path names a folder of this machine, or ends as folders elsewhere do."""
    path = source.path or ""
    if path.endswith("/"):
        return True
    local = "" if _is_remote(path) else _local_path(path)
    return bool(local) and any(p.is_dir() for p in map(Path, _places(local, source)))


def match_local_paths(path: str) -> list[str]:
    """The files of this machine that a path or pattern names, or that a partitioned folder holds,
    sorted.
    """
    if Path(path).is_file():
        return [path]
    if Path(path).is_dir():
        return _partitioned_files([str(p) for p in Path(path).rglob("*") if p.is_file()], path)
    pattern = _escape_existing(path, lambda named: Path(named).exists())
    # pathlib's patterns are relative to a folder, and a user's may be absolute
    found = sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207
    return [name for name in found if Path(name).is_file()]


@contextmanager
def translate_file_errors(location: str) -> Iterator[None]:
    """Turn the errors of file systems into Assay's, with what to do."""
    try:
        yield
    except AssayError:
        raise
    except FileNotFoundError as error:
        if isinstance(error.__cause__, OSError):  # fsspec's HTTP says so of a silent server too
            raise _unreachable_error(location, error.__cause__) from None
        if (status := getattr(error.__cause__, "status", 404)) != 404:  # and of a refusal
            raise SourceError(
                f"the server refuses this file ({status})",
                where=location,
                remedy="Check the address and who may read it; a signed one may have expired.",
            ) from None
        raise SourceError(
            "there is no such file", where=location, remedy=_path_hint(location)
        ) from None
    except IsADirectoryError:
        raise _folder_error(location) from None
    except PermissionError as error:
        raise SourceError(
            f"the file may not be read ({error.strerror or error})",
            where=location,
            remedy="Give yourself the right to read it, or check the credentials.",
        ) from None
    except ImportError as error:
        raise SourceError(
            f"reading this needs a package that is not installed: {redact_text(str(error))}",
            where=location,
            remedy="Install it, or copy the file to this machine.",
        ) from None
    except (ConnectionError, TimeoutError) as error:
        raise _unreachable_error(location, error) from None
    except OSError as error:
        raise SourceError(
            f"the file cannot be read: {redact_text(str(error))}", where=location
        ) from None


@contextmanager
def translate_remote_errors(location: str) -> Iterator[None]:
    """`translate_file_errors` for file systems of fsspec, whose libraries have other errors."""
    try:
        with translate_file_errors(location):
            yield
    except AssayError:
        raise
    except Exception as error:  # noqa: BLE001 - theirs share no base class
        raise SourceError(
            f"the file cannot be read: {type(error).__name__}: {redact_text(str(error))}",
            where=location,
            remedy="Check the URL, the credentials and the network.",
        ) from None


def _is_remote(path: str) -> bool:
    return "://" in path and not path.startswith("file://")


def _local_path(path: str) -> str:
    """A path or file URL as a path. In a file URL, letters may be escaped, and need not be."""
    if not path.startswith("file://"):
        return str(Path(os.path.expanduser(path)))  # noqa: PTH111 - leaves `~name` of nobody alone
    plain = re.sub(r"^file://(localhost(?=/))?", "", path)
    # Of a pattern, the folder before the first of its marks tells.
    known = plain[: re.search(r"[*?\[]|$", plain).start()].rpartition("/")[0]  # type: ignore[union-attr]
    literal = Path(plain).exists() or ("%" in known and Path(known).exists())
    return plain if literal else unquote(plain)


def _places(path: str, source: Source) -> list[str]:
    """Where a local path may lie: relative to its use case's folder, else to the working one."""
    return [str(Path(source.folder, path)), path] if source.folder else [path]


def _find_local(path: str, source: Source) -> list[SourceFile]:
    places = _places(path, source)
    for place in places:
        if found := match_local_paths(place):
            # A path of a use case is known by its name there, wherever its folder lies.
            cut = len(place) - len(path)
            return [SourceFile(p, p[cut:], None, _read_partition(p, place)) for p in found]
    present = [place for place in map(Path, places) if place.exists()]
    if _has_magic(path) and not present:
        return []
    with translate_file_errors(path):
        (present or [Path(path)])[0].stat()
    raise _folder_error(path)


def _find_remote(url: str) -> list[SourceFile]:
    with translate_remote_errors(redact_url(url)):
        system, path = _open_remote(url)
        system.invalidate_cache()
        try:
            kind = system.info(path).get("type")
        except FileNotFoundError:
            if not _has_magic(path):
                raise
            pattern = _escape_existing(path, system.exists)
            found = sorted(p for p in system.glob(pattern) if system.isfile(p))
            return [SourceFile(p, redact_url(system.unstrip_protocol(p)), system) for p in found]
        held = _partitioned_files(system.find(path), path) if kind == "directory" else []
    if held:
        return [
            SourceFile(p, redact_url(system.unstrip_protocol(p)), system, _read_partition(p, path))
            for p in held
        ]
    if kind == "directory":
        raise _folder_error(redact_url(url))
    return [SourceFile(path, redact_url(url), system)]


def _partitioned_files(paths: list[str], folder: str) -> list[str]:
    """The files in folders named column=value, sorted; none if another file lies among them.

    Names that begin with . or _ are notes of other programs, such as _SUCCESS.
    """
    rows = []
    for path in paths:
        *folders, name = path[len(folder.rstrip("/")) + 1 :].split("/")
        if any(part.startswith((".", "_")) and "=" not in part for part in (*folders, name)):
            continue
        if not folders or not all("=" in part for part in folders):
            return []
        rows.append(path)
    return sorted(rows)


def _read_partition(path: str, folder: str) -> tuple[tuple[str, str | None], ...]:
    """The columns that the folders between `folder` and a file name, with their values."""
    if not path.startswith(folder.rstrip("/") + "/"):
        return ()
    folders = path[len(folder.rstrip("/")) + 1 :].split("/")[:-1]
    pairs = [part.partition("=") for part in folders]
    return tuple(
        (unquote(name), None if value == _NO_VALUE else unquote(value)) for name, _, value in pairs
    )


def _open_remote(url: str) -> tuple[Any, str]:
    """The file system of a URL, and what it calls the file."""
    import fsspec

    scheme = url.partition("://")[0].lower()
    # What is escaped in a web address must stay so: signatures are over its letters.
    options = {"encoded": True} if scheme in _WEB and "%" in url else {}
    try:
        system, path = fsspec.core.url_to_fs(url, **options)
    except ValueError as error:
        raise SourceError(redact_text(str(error)), where=redact_url(url)) from None
    return system, str(path)


def _has_magic(path: str) -> bool:
    """Whether a path has the marks of a pattern; the query of a web address has none."""
    if path.partition("://")[0].lower() in _WEB:
        path = path.partition("?")[0]
    return glob.has_magic(path)


def _escape_existing(pattern: str, exists: Callable[[str], bool]) -> str:
    """The pattern, in which leading folders that are called so stand for themselves: in [1]/*."""
    named, escaped = "", ""
    segments = pattern.split("/")
    for place, segment in enumerate(segments):
        named += segment
        if glob.has_magic(segment) and not exists(named):
            return escaped + "/".join(segments[place:])
        escaped += glob.escape(segment) + "/"
        named += "/"
    return escaped.removesuffix("/")


def _unreachable_error(location: str, error: OSError) -> StoreUnreachable:
    return StoreUnreachable(
        f"the source does not answer ({redact_text(str(error))})",
        where=location,
        remedy="Try again later.",
    )


def _folder_error(location: str) -> SourceError:
    return SourceError(
        "this is a folder",
        where=location,
        remedy=f"Name its files, as in {location.rstrip('/')}/*.csv.",
    )


def _path_hint(location: str) -> str:
    if "://" in location:
        return "Check data.source.path."
    path = Path(location)
    try:
        near = nearest_name(path.name, sorted(p.name for p in path.parent.iterdir()))
    except OSError:
        return f"There is no folder {path.parent} either; paths are relative to {Path.cwd()}."
    return f"Did you mean {path.parent / near}?" if near else "Check data.source.path."


def _utc_text(timestamp: Any) -> str | None:
    if isinstance(timestamp, int | float):
        timestamp = datetime.fromtimestamp(timestamp, UTC)
    if isinstance(timestamp, datetime):
        moment: datetime = timestamp if timestamp.tzinfo else timestamp.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="microseconds")
    return str(timestamp) if timestamp else None
