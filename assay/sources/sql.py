"""Rows from a database: one query, streamed by SQLAlchemy."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from assay.config.data import Data
from assay.errors import ConfigError, SourceError, nearest
from assay.sources.blocks import Block
from assay.sources.columnar import block_of
from assay.sources.delimited import checked

if TYPE_CHECKING:
    from sqlalchemy import CursorResult, Engine

_ROWS: Final = 1 << 14
_VARIABLE: Final = re.compile(r"\$\{([^}]*)\}")
_WRITTEN_PASSWORD: Final = re.compile(r"(?<=://)([^:@/]*):.*@")
_WRITTEN_OPTION: Final = re.compile(r"(?i)\b(\w*(?:pass|pwd|token|secret|key)\w*)=[^&]*")
_PARAMETER: Final = re.compile(r"(?<![:\w\\]):(?=\w)")


class Query:
    """The rows of a SQL query, by a server-side cursor where the database has one.

    The line of a row is its number in the result, from 1. Secrets are known to the engine
    alone: errors and `about` show the connection as it was written, without its password.
    """

    textual = False

    def __init__(self, data: Data) -> None:
        self._data = data
        self._sql = data.source.sql or ""
        connection = data.source.connection or ""
        self._shown = _without_secrets(connection)
        self._secrets = {name: _variable(name) for name in _VARIABLE.findall(connection)}
        self._engine = _engine(_VARIABLE.sub(lambda m: self._secrets[m[1]], connection))
        _check_exists(self._engine)
        self.columns: list[str] = []

    def kinds(self) -> dict[str, str] | None:
        return None  # drivers tell types too loosely, and SQLite has them by the value

    def blocks(self) -> Iterator[Block]:
        from sqlalchemy import text

        query = _PARAMETER.sub(r"\:", self._sql)  # a colon in the query is just a colon
        try:
            with self._named(), self._engine.connect() as connection:
                options = {"stream_results": True, "yield_per": _ROWS}
                result = connection.execution_options(**options).execute(text(query))
                self.columns = checked(self._keys(result), self._shown)
                yield from self._rows(result)
        finally:
            self._engine.dispose()

    def about(self) -> dict[str, Any]:
        return {"format": "sql", "sql": self._sql, "connection": self._shown}

    def _rows(self, result: CursorResult[Any]) -> Iterator[Block]:
        kept = {
            name: position
            for position, name in enumerate(self.columns)
            if name not in self._data.never_store
        }
        number = 1
        for rows in result.partitions(_ROWS):
            values = list(zip(*rows, strict=True))
            lines = np.arange(number, number + len(rows), dtype=np.int64)
            number += len(rows)
            columns = {name: values[position] for name, position in kept.items()}
            yield block_of(columns, lines, self._data.missing, self._shown)

    def _keys(self, result: CursorResult[Any]) -> list[str]:
        if not result.returns_rows:
            raise SourceError(
                "the query returns no rows", where=self._shown, remedy="Write a SELECT."
            )
        return list(result.keys())

    @contextmanager
    def _named(self) -> Iterator[None]:
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            raise self._failed(error) from None

    def _failed(self, error: Exception) -> SourceError:
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        for name, secret in self._secrets.items():
            said = said.replace(secret, f"${{{name}}}") if secret else said
        if password := self._engine.url.password:
            said = said.replace(str(password), "***")
        return SourceError(
            f"the database refuses: {said}",
            where=self._shown,
            remedy="Check data.source.connection and try the query in the database's own client.",
        )


def _engine(url: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    where = "data.source.connection"
    try:
        return create_engine(url)
    except NoSuchModuleError as error:
        raise ConfigError(
            f"SQLAlchemy knows no such database: {error}",
            where=where,
            remedy="Write postgresql+psycopg://..., mysql+pymysql://..., sqlite:///file.db or "
            "another of SQLAlchemy's URLs, and install its driver.",
        ) from None
    except ImportError as error:
        raise ConfigError(
            f"the database's driver is not installed: {error}",
            where=where,
            remedy=f"Install {error.name} beside Assay.",
        ) from None
    except (ArgumentError, ValueError):
        # SQLAlchemy's own message repeats the URL, and with it the password.
        raise ConfigError(
            "this is no database URL",
            where=where,
            remedy="Write it as dialect+driver://user:${PASSWORD}@host:port/database; in a "
            "password, @ is %40 and / is %2F.",
        ) from None


def _variable(name: str) -> str:
    try:
        return os.environ[name]
    except KeyError:
        near = nearest(name, os.environ)
        raise ConfigError(
            f"the environment has no variable {name!r}",
            where="data.source.connection",
            remedy=f"Did you mean {near!r}?" if near else f"Set it: export {name}=...",
        ) from None


def _without_secrets(connection: str) -> str:
    return _WRITTEN_OPTION.sub(r"\1=***", _WRITTEN_PASSWORD.sub(r"\1:***@", connection))


def _check_exists(engine: Engine) -> None:
    """SQLite would make an empty database where there is none."""
    path = engine.url.database
    if engine.dialect.name != "sqlite" or not path or path.startswith((":memory:", "file:")):
        return
    if not Path(path).exists():
        raise SourceError("there is no such database", where=path, remedy="Check its path.")
