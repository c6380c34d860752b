"""Appends predictions to a SQL table: each batch once, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from assay.config.production import Sink
from assay.errors import OutputError
from assay.production.scoring.delivery import BATCH, LINE, Delivery
from assay.production.scoring.predictions import MODEL
from assay.sources.database import Database
from assay.tables.columns import column_kind

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Table

_WHERE: Final = "score.to.connection"
_REMEDY: Final = "Check score.to.connection, and the right to create the table and write to it."
_ROWS: Final = 1 << 13
_DIGEST_LENGTH: Final = 71  # letters of a digest: sha256: and 64 digits


def deliver_to_table(delivery: Delivery, sink: Sink) -> str:
    """Insert the batch's rows, unless those of this batch and model are there.

    The table is made if it is not there, with batch, model and line as its key, which is what
    keeps two processes at once from writing a batch twice. Raises OutputError, ConfigError.
    """
    from sqlalchemy.exc import IntegrityError

    database = Database(str(sink.connection), _WHERE)
    with database.translate_errors(OutputError, _REMEDY):
        try:
            table = _open_table(
                database.engine, str(sink.table), delivery.schema, database.display_url
            )
            try:
                with database.engine.begin() as connection:
                    if not _is_there(connection, table, delivery):
                        _insert_rows(connection, table, delivery)
            except IntegrityError:
                # The other of two at once was faster; or the table refuses for a reason of its own.
                with database.engine.connect() as connection:
                    if not _is_there(connection, table, delivery):
                        raise
        finally:
            database.engine.dispose()
    return f"{database.display_url} {sink.table}"


def _open_table(engine: Engine, name: str, arrow_schema: pa.Schema, display_url: str) -> Table:
    """The table as it is in the database. Raises OutputError for one that lacks our columns."""
    from sqlalchemy import MetaData, Table, inspect
    from sqlalchemy.exc import SQLAlchemyError

    schema, _, bare = name.rpartition(".")
    place: dict[str, Any] = {"schema": schema or None}
    if not inspect(engine).has_table(bare, **place):
        try:
            _new_table(bare, arrow_schema, place).create(engine)
        except SQLAlchemyError:  # made by another process just now
            if not inspect(engine).has_table(bare, **place):
                raise
    table = Table(bare, MetaData(), autoload_with=engine, **place)
    lacking = [column for column in (BATCH, *arrow_schema.names) if column not in table.columns]
    if lacking:
        raise OutputError(
            f"the table {name} has no column {', '.join(map(repr, lacking))}",
            where=display_url,
            remedy="Add it, or name another table in score.to.table.",
        )
    return table


def _new_table(name: str, arrow_schema: pa.Schema, place: dict[str, Any]) -> Table:
    from sqlalchemy import BigInteger, Boolean, Column, DateTime, Double, MetaData, String, Table
    from sqlalchemy import Text as LongText

    kinds: dict[str, Any] = {
        "integer": BigInteger(),
        "number": Double(),
        "boolean": Boolean(),
        "date": DateTime(),
        "text": LongText(),
    }
    key: dict[str, Any] = {
        BATCH: String(_DIGEST_LENGTH),
        MODEL: String(_DIGEST_LENGTH),
        LINE: BigInteger(),
    }
    others = [Column(f.name, kinds[column_kind(f.type)]) for f in arrow_schema if f.name not in key]
    keys: list[Column[Any]] = [
        Column(column, kind, primary_key=True, autoincrement=False) for column, kind in key.items()
    ]
    return Table(name, MetaData(), *keys, *others, **place)


def _is_there(connection: Connection, table: Table, delivery: Delivery) -> bool:
    from sqlalchemy import select

    ours = (table.c[BATCH] == str(delivery.batch_digest)) & (table.c[MODEL] == delivery.model)
    return connection.execute(select(table.c[BATCH]).where(ours).limit(1)).first() is not None


def _insert_rows(connection: Connection, table: Table, delivery: Delivery) -> None:
    batch_name = {BATCH: str(delivery.batch_digest)}
    for batch in delivery.batches():
        for start in range(0, batch.num_rows, _ROWS):
            rows = batch.slice(start, _ROWS).to_pylist()
            connection.execute(table.insert(), [row | batch_name for row in rows])
