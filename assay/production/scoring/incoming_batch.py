"""Finds the batches that wait to be scored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.config.data import FileFormat, Source
from assay.config.loaded_use_case import LoadedUseCase
from assay.errors import ConfigError, SourceError
from assay.sources.file_format import detect_format
from assay.sources.files import (
    SourceFile,
    find_files,
    is_folder,
    is_pattern,
)
from assay.sources.fingerprint import fingerprint
from assay.util.url_secrets import redact_url

QUERY: Final = "query"
STREAM: Final = "stream"


@dataclass(frozen=True)
class IncomingBatch:
    """A batch that waits to be scored. `name` is for people; `stem` names the file of its
    predictions. `is_transient`: it is gone once it was read, like part of a stream.
    """

    name: str
    stem: str
    source: Source
    is_transient: bool = False

    def file_name(self, rows: Digest) -> str:
        """The name of the file for its predictions. A query's result and part of a stream are named
        by the digest of their rows.
        """
        return f"{self.stem}-{rows.short}" if self.stem in {QUERY, STREAM} else self.stem

    def fingerprint(self, loaded_use_case: LoadedUseCase) -> str | None:
        """The fingerprint of its present content; None where only reading it gives one.

        Raises SourceError, StoreUnreachable.
        """
        data = loaded_use_case.use_case.data
        return fingerprint(data.model_copy(update={"source": self.source}))


def list_batches(
    loaded_use_case: LoadedUseCase, files: Sequence[str] = (), form: FileFormat | None = None
) -> list[IncomingBatch]:
    """The batches that `files` name (paths, patterns, folders, any fsspec URL), else those of
    `score.source`. Each file is one batch, in the order of paths; a query is one. Those of a
    partitioned folder (region=7/rows.parquet) have the columns that their folders tell.

    `form`: their format, where their endings do not tell it. A pattern that no file fits names
    none; a file that is not there is a batch like others, until it is read. Raises ConfigError
    where nothing says what to score, StoreUnreachable.
    """
    asked = loaded_use_case.use_case.score.source
    if not files and asked is not None and asked.path is None:
        return [IncomingBatch(QUERY, QUERY, asked)]
    return [arrival for arrival, _ in _find_files(loaded_use_case, files, form)]


def check_files_exist(
    loaded_use_case: LoadedUseCase, files: Sequence[str], form: FileFormat | None = None
) -> None:
    """Raise SourceError for the first of `files` that is not there, because a person may have
    mistyped it; StoreUnreachable.
    """
    for arrival, file in _find_files(loaded_use_case, files, form) if files else ():
        if file is None:
            find_files(arrival.source)


def list_marked_files(
    loaded_use_case: LoadedUseCase, files: Sequence[str] = (), form: FileFormat | None = None
) -> list[tuple[IncomingBatch, str]]:
    """The present files, each with a mark that changes while it is being written: its size, time
    and tag. Raises what `list_batches` raises.
    """
    found = []
    for arrival, file in _find_files(loaded_use_case, files, form):
        if file is not None:
            with suppress(SourceError):  # it was removed after it was listed
                found.append((arrival, canonical_json.dump(file.status()).decode()))
    return found


def _find_files(
    loaded_use_case: LoadedUseCase, files: Sequence[str], form: FileFormat | None
) -> Iterator[tuple[IncomingBatch, SourceFile | None]]:
    asked = loaded_use_case.use_case.score.source
    if not files and (asked is None or asked.path is None):
        raise ConfigError(
            "nothing says which files are to be scored",
            where=loaded_use_case.text.locate(("score", "source")),
            remedy="Write score: {source: incoming/*.parquet} into the use case, or name files.",
        )
    like = asked if asked is not None and asked.path else loaded_use_case.use_case.data.source
    told = {"encoding", "delimiter", "decimal", "thousands", "units", "sheet"} | (
        {"format"} if like is asked else set()
    )
    how = like.model_dump(include=told & like.model_fields_set)
    how |= {"format": form} if form else {}
    declared = Source(path=like.path, **how).below(like.folder)
    if not files:
        yield from _expand_source(declared)
        return
    partitioned = {f.path: f for f in _partitioned_files(declared)} if like is asked else {}
    for path in files:
        for batch, file in _expand_source(Source.from_argument(path, **how)):
            if file is not None and (held := partitioned.get(file.path)):
                yield _batch_in_partition(batch.source, held), held
            else:
                yield batch, file


def _partitioned_files(source: Source) -> list[SourceFile]:
    """The files of a folder of folders named column=value; none of another source."""
    if not is_folder(source):
        return []
    with suppress(SourceError):
        return [file for file in find_files(source) if file.partition]
    return []


def _batch_in_partition(source: Source, file: SourceFile) -> IncomingBatch:
    """One file of a partitioned folder: its folders' values are columns, and part of its name."""
    folders = [f"{name}={quote(value or 'missing', safe='')}" for name, value in file.partition]
    stem = "-".join([*folders, _file_stem(file)])
    one = source.file_in_partition(file.url, file.partition)
    return IncomingBatch(file.display_path, stem, one)


def _expand_source(source: Source) -> Iterator[tuple[IncomingBatch, SourceFile | None]]:
    path = str(source.path)
    if partitioned := _partitioned_files(source):
        for file in partitioned:
            yield _batch_in_partition(source, file), file
        return
    if folder := is_folder(source):
        source = source.model_copy(update={"path": f"{path.rstrip('/')}/*"})
    several = folder or is_pattern(source)
    try:
        found = find_files(source)
    except SourceError:
        if not several:  # who reads it says what is wrong
            yield IncomingBatch(redact_url(path), Path(redact_url(path)).stem, source), None
        return
    for file in found:
        # A file system may not give back all parts of a URL.
        one = source.model_copy(update={"path": file.url}) if several else source
        if not folder or _has_format(one, file):
            yield IncomingBatch(file.display_path, _file_stem(file), one), file


def _has_format(source: Source, file: SourceFile) -> bool:
    """Whether a file of a folder holds rows; other files may lie there too."""
    with suppress(SourceError):
        return not file.name.startswith((".", "_")) and bool(detect_format(source, file))
    return False


def _file_stem(file: SourceFile) -> str:
    """The file's name without its endings: 2016-01 of in/2016-01.csv.gz."""
    name = file.name
    name = name[: len(name) - len(file.compression)]
    return name[: len(name) - len(file.ending)] or name


def batch_from_stream(path: str, form: FileFormat | None, name: str) -> IncomingBatch:
    """Part of a stream, kept in a file until it is scored."""
    return IncomingBatch(name, STREAM, Source(path=path, format=form), is_transient=True)
