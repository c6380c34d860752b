"""A stored table as DuckDB sees it: its Parquet parts read in place, every one verified.

On a local folder DuckDB reads the files themselves, once their digests were checked. Elsewhere it
reads through the bucket, which verifies; DuckDB's own S3 extension would have to be downloaded.
"""

from __future__ import annotations

import io
import itertools
import tempfile
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from assay.errors import AssayError, DataError
from assay.tables.table import Table
from assay.util.concurrency import ordered_map

if TYPE_CHECKING:
    import duckdb

ROW_COLUMN: Final = "assay row"
"""The column of the view `numbered` that holds each row's number in the table."""
_MEMORY: Final = "512MB"  # what a query may hold before it spills to a temporary folder
_PROTOCOL: Final = "assay"
_CACHE_SIZE: Final = 128 << 20  # bytes of remote parts kept between queries
_DUCKDB_COLUMNS: Final = (
    "file_row_number",
    "file_index",
)  # columns that DuckDB knows of every file
_PATTERN: Final = frozenset("*?[]")  # what DuckDB takes for a pattern of many files' names


@contextmanager
def open_duckdb(table: Table) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with two views of the table: `held`, and `numbered` with the column `ROW_COLUMN`
    besides; row numbers begin at 0 and follow the table's order.

    Nothing is fetched from the network but the bucket's own parts, and memory is bounded. A bad
    part raises ObjectCorrupt or ObjectMissing when the context ends, whatever DuckDB made of it.
    Raises DataError for a table without rows, and for column names that DuckDB cannot tell apart.
    """
    import duckdb

    if not table.rows:
        raise DataError(f"the table {table.artifact.name!r} has no rows")
    with tempfile.TemporaryDirectory(prefix="assay-duckdb-") as folder:
        connection = duckdb.connect(
            config={
                "memory_limit": _MEMORY,
                "temp_directory": folder,
                "autoinstall_known_extensions": False,
                "autoload_known_extensions": False,
            }
        )
        try:
            remote = _create_views(table, connection)
            try:
                yield connection
            finally:
                if remote is not None and remote.error is not None:
                    raise remote.error
        finally:
            connection.close()


def duckdb_can_open(table: Table) -> bool:
    """Whether there is a row, and DuckDB, which knows no upper and lower case in names, can tell
    the columns apart, also from those that it adds itself.
    """
    names = [*table.schema.names, ROW_COLUMN, *_DUCKDB_COLUMNS]
    return table.rows > 0 and len({name.lower() for name in names}) == len(names)


def quote_identifier(name: str) -> str:
    """A column's name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def _create_views(table: Table, connection: duckdb.DuckDBPyConnection) -> _PartCache | None:
    if not duckdb_can_open(table):
        raise DataError(
            f"DuckDB cannot tell the columns of {table.artifact.name!r} apart: it takes upper and "
            f"lower case for the same, and adds {' and '.join(_DUCKDB_COLUMNS)} itself",
            remedy="Give one of them another name.",
        )
    remote = None
    places = table.urls()
    if any("://" in place or _PATTERN & set(place) for place in places):
        remote = _PartCache(table)
        connection.register_filesystem(_filesystem(remote))
        places = [f"{_PROTOCOL}://{number}" for number in range(len(table.parts))]
    else:
        list(ordered_map(lambda part: table.bucket.objects.verify(part.digest), table.parts))
    listed = ", ".join("'" + place.replace("'", "''") + "'" for place in places)
    # Hive's folders, such as region=7, would add columns, and replace those of the same name.
    parts = f"read_parquet([{listed}], hive_partitioning = false)"
    before = [0, *itertools.accumulate(table.part_rows)][:-1]
    number = f"({before}::BIGINT[])[file_index::BIGINT + 1] + file_row_number"
    connection.execute(f"CREATE VIEW held AS SELECT * FROM {parts}")  # noqa: S608 - our own parts
    connection.execute(
        f"CREATE VIEW numbered AS SELECT *, {number} AS {quote_identifier(ROW_COLUMN)} FROM {parts}"  # noqa: S608
    )
    return remote


class _PartCache:
    """The parts of one table by number, verified, the latest few kept in memory."""

    def __init__(self, table: Table) -> None:
        self.error: AssayError | None = None
        self._table = table
        self._kept: OrderedDict[int, bytes] = OrderedDict()
        self._lock = Lock()

    def size(self, number: int) -> int:
        return self._table.parts[number].size

    def read(self, number: int) -> bytes:
        """All bytes of one part. An error is kept too, for DuckDB makes text of it."""
        with self._lock:
            if number in self._kept:
                self._kept.move_to_end(number)
                return self._kept[number]
        try:
            data = self._table.bucket.get(self._table.parts[number])
        except AssayError as error:
            self.error = error
            raise
        with self._lock:
            self._kept[number] = data
            while len(self._kept) > 1 and sum(map(len, self._kept.values())) > _CACHE_SIZE:
                self._kept.popitem(last=False)
        return data


def _filesystem(parts: _PartCache) -> Any:
    """What fsspec calls a file system: the parts as `assay://<number>`."""
    from fsspec import AbstractFileSystem

    def number(path: str) -> int:
        return int(path.rpartition("/")[2])

    class FileSystem(AbstractFileSystem):  # type: ignore[misc]  # fsspec has no types
        protocol = _PROTOCOL
        cachable = False

        def _open(self, path: str, *_args: Any, **_options: Any) -> io.BytesIO:
            return io.BytesIO(parts.read(number(path)))

        def info(self, path: str, **_options: Any) -> dict[str, Any]:
            return {"name": path, "size": parts.size(number(path)), "type": "file"}

        def modified(self, _path: str) -> datetime:
            return datetime.fromtimestamp(0, UTC)  # objects never change

    return FileSystem()
