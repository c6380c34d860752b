"""DuckDB as SQLAlchemy, and through it Great Expectations, speaks to it.

The dialect of duckdb-engine has one cursor for all statements, so that rows are lost when GX asks
for the next before it has read them; and at the end of a process that also loads GX, DuckDB
complains on stderr of what duckdb-engine leaves behind. Here each statement has its own cursor.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, types
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.base import PGCompiler, PGIdentifierPreparer, PGTypeCompiler
from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.pool import StaticPool

if TYPE_CHECKING:
    import duckdb

_TYPES = {
    "BIGINT": types.BIGINT,
    "DOUBLE": types.DOUBLE,
    "VARCHAR": types.VARCHAR,
    "BOOLEAN": types.BOOLEAN,
    "TIMESTAMP": types.TIMESTAMP,
}


class DuckDBDialect(DefaultDialect):
    """Enough of a dialect to read views of one connection. DuckDB follows PostgreSQL's SQL."""

    name = "duckdb"
    driver = "assay"
    default_paramstyle = "qmark"
    statement_compiler = PGCompiler
    type_compiler_cls = PGTypeCompiler
    preparer = PGIdentifierPreparer
    supports_native_boolean = True
    supports_statement_cache = False
    div_is_floordiv = False

    def initialize(self, connection: Any) -> None:
        """Nothing to ask the server: it is this process."""

    def do_begin(self, dbapi_connection: Any) -> None:
        """Reading needs no transaction; nor do the next two."""

    def do_commit(self, dbapi_connection: Any) -> None:
        pass

    def do_rollback(self, dbapi_connection: Any) -> None:
        pass

    def get_columns(self, connection: Any, table_name: str, *_args: Any, **_kw: Any) -> list[Any]:
        named = self.identifier_preparer.quote_identifier(table_name)
        return [
            {"name": name, "type": _TYPES.get(kind, types.NullType)(), "nullable": True}
            for name, kind, *_ in connection.exec_driver_sql(f"DESCRIBE {named}")
        ]

    def has_table(self, connection: Any, table_name: str, *_args: Any, **_kw: Any) -> bool:
        return bool(self.get_columns(connection, table_name))

    def get_pk_constraint(self, *_args: Any, **_kw: Any) -> Any:
        """Views have no constraints."""
        return {"constrained_columns": [], "name": None}


def create_duckdb_engine(connection: duckdb.DuckDBPyConnection) -> Engine:
    """An engine that reads what this connection reads. It has a connection of its own, for it
    closes the one it has when it is forgotten."""
    import duckdb

    registry.register("duckdb.assay", __name__, "DuckDBDialect")
    return create_engine(
        "duckdb+assay://", module=duckdb, creator=connection.cursor, poolclass=StaticPool
    )
