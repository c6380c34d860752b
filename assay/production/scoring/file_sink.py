"""A file a batch, on this machine or at any fsspec URL: there as a whole, or not at all."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from assay.bucket.digest import Digest
from assay.errors import AssayError, OutputError
from assay.production.scoring.delivery import Delivery
from assay.sources.files import SourceFile
from assay.sources.fingerprint import digest_file
from assay.tables.columns import decode_batch
from assay.tables.table import Table
from assay.util.home_folder import expand_home
from assay.util.url_secrets import redact_text, redact_url


def deliver_to_file(delivery: Delivery, path: str, *, escape_formulas: bool = False) -> str:
    """Write the batch's file. In `path`, {batch}, {version} and {digest} are filled in.

    A file that is there with the same bytes is left; one with others is never replaced: it may
    be what somebody acts on. Raises OutputError.
    """
    target = _fill_path(path, delivery)
    write = _WRITERS.get(Path(target).suffix.lower())
    if write is None:
        raise OutputError(
            f"the ending {Path(target).suffix or '(none)'!r} names no format to write",
            where=redact_url(target),
            remedy="Let the path end in .parquet or .csv.",
        )
    put = _put_remote if "://" in target and not target.startswith("file://") else _put_local
    try:
        put(target, lambda file: write(delivery, file, escape_formulas))
    except AssayError:
        raise
    except Exception as error:  # noqa: BLE001 - what fsspec's file systems raise shares no base
        said = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise OutputError(
            f"the predictions cannot be written: {redact_text(said)}",
            where=redact_url(target),
            remedy="Check the path, the right to write there, and the space that is left.",
        ) from None
    return redact_url(target)


def _fill_path(path: str, delivery: Delivery) -> str:
    filled = {
        "{batch}": delivery.name,
        "{version}": str(delivery.version),
        "{digest}": delivery.batch_digest.short,
    }
    for mark, text in filled.items():
        path = path.replace(mark, text)
    return path


_FileWriter = Callable[[Path], None]


def _put_local(target: str, fill: _FileWriter) -> None:
    path = expand_home(urlsplit(target).path if target.startswith("file://") else target)
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        fill(aside)
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        _link_into_place(aside, path)
    finally:
        aside.unlink(missing_ok=True)


def _link_into_place(aside: Path, path: Path) -> None:
    """Give the finished file its name, if that is free: a link replaces nothing."""
    try:
        os.link(aside, path)
    except FileExistsError:
        if Digest.of_file(path) != Digest.of_file(aside):
            raise _content_conflict(str(path)) from None
    except OSError:  # a file system without links
        if path.exists():
            if Digest.of_file(path) != Digest.of_file(aside):
                raise _content_conflict(str(path)) from None
        else:
            aside.replace(path)


def _put_remote(target: str, fill: _FileWriter) -> None:
    import fsspec

    system, path = fsspec.core.url_to_fs(target)
    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        local = Path(folder) / "predictions"
        fill(local)
        if system.exists(path):
            if digest_file(SourceFile(path, redact_url(target), system)) != str(
                Digest.of_file(local)
            ):
                raise _content_conflict(redact_url(target))
            return
        aside = f"{path}.{uuid.uuid4().hex}"
        try:
            with suppress(NotImplementedError):  # where folders are no more than names
                system.makedirs(path.rpartition("/")[0], exist_ok=True)
            system.put_file(str(local), aside)
            system.mv(aside, path)
        except BaseException:
            with suppress(Exception):
                system.rm_file(aside)
            raise


def _content_conflict(location: str) -> OutputError:
    return OutputError(
        "a file of this name is there and says something else",
        where=location,
        remedy="Put {version} or {digest} into the path, or move that file away.",
    )


def _write_parquet(delivery: Delivery, file: Path, _escape_formulas: bool) -> None:
    def write(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            for batch in batches:
                writer.write_batch(batch)

    _write_batches(delivery, write)


def _write_csv(delivery: Delivery, file: Path, escape_formulas: bool) -> None:
    days = _date_columns(delivery)

    def write(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> None:
        dated = pa.schema([pa.field(c.name, pa.date32()) if c.name in days else c for c in schema])
        names = [_escape_name(name) for name in dated.names] if escape_formulas else dated.names
        named = pa.schema([c.with_name(n) for c, n in zip(dated, names, strict=True)])
        with arrow_csv.CSVWriter(str(file), named) as writer:
            for batch in batches:
                columns = batch.cast(dated).columns
                if escape_formulas:
                    columns = [_escape_formulas(column) for column in columns]
                writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=named))

    _write_batches(delivery, write)


# Tab and carriage return lead some spreadsheets to a formula behind them. A number is none.
_FORMULA: Final = r"^[=+\-@\t\r]"
_NUMBER: Final = r"^[+-]\d+([.,]\d+)*([eE][+-]?\d+)?$"


def _escape_formulas(column: pa.Array) -> pa.Array:
    """The column with a ' before each text that a spreadsheet would take for a formula."""
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    starts = pc.match_substring_regex(column, _FORMULA)
    harmful = pc.and_not(starts, pc.match_substring_regex(column, _NUMBER))
    mark = pa.scalar("'", column.type)
    escaped = pc.binary_join_element_wise(mark, column, pa.scalar("", column.type))
    return pc.if_else(harmful, escaped, column)


def _escape_name(name: str) -> str:
    return str(_escape_formulas(pa.array([name]))[0])


def _date_columns(delivery: Delivery) -> set[str]:
    """The columns of dates without a time of day: they are told as they came, 2025-01-01."""
    days = {c.name for c in delivery.schema if pa.types.is_timestamp(c.type)}
    for batch in Table.read(delivery.bucket, delivery.table).batches([*days]) if days else ():
        days -= {name for name in days if not _at_midnight(batch.column(name))}
    return days


def _at_midnight(moments: pa.Array) -> bool:
    day = pc.floor_temporal(moments, unit="day")
    return bool(pc.all(pc.equal(moments, day), min_count=0).as_py())


def _write_batches(delivery: Delivery, write: Callable[..., None]) -> None:
    schema = delivery.schema
    write(schema, (decode_batch(batch, schema) for batch in delivery.batches()))


_WRITERS: Final[dict[str, Any]] = {
    ".parquet": _write_parquet,
    ".pq": _write_parquet,
    ".csv": _write_csv,
}
