"""A database behind an SQLAlchemy URL, whose secrets no error and no record shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from assay.errors import AssayError, ConfigError, SourceError
from assay.util.environment import expand_variables, hide_values, read_variables

if TYPE_CHECKING:
    from sqlalchemy import Engine

_WRITTEN_PASSWORD: Final = re.compile(r"(?<=://)([^:@/]*):.*@")
_WRITTEN_OPTION: Final = re.compile(r"(?i)\b(\w*(?:pass|pwd|token|secret|key)\w*)=[^&]*")


class Database:
    """One database. `where` is the key of the use case that names it, for errors.

    Secrets are known to the engine alone: errors and `display_url` have the connection as it was
    written, without its password. Raises ConfigError for a URL that SQLAlchemy does not know, a
    driver that is not installed, a variable that is not set.
    """

    def __init__(self, connection: str, location: str) -> None:
        self._where = location
        self.display_url = _WRITTEN_OPTION.sub(
            r"\1=***", _WRITTEN_PASSWORD.sub(r"\1:***@", connection)
        )
        self._secrets = read_variables(connection, location)
        self.engine = _engine(expand_variables(connection, self._secrets), location)

    def check_exists(self) -> None:
        """SQLite would make an empty database where there is none. Raises SourceError."""
        path = self.engine.url.database
        memory = (":memory:", "file:")
        if self.engine.dialect.name != "sqlite" or not path or path.startswith(memory):
            return
        if not Path(path).exists():
            # Not the path itself: part of it may be a variable's.
            what, remedy = "there is no such database", "Check its path."
            raise SourceError(what, where=self.display_url, remedy=remedy)

    @contextmanager
    def translate_errors(self, kind: type[AssayError], remedy: str) -> Iterator[None]:
        """Within, what the database refuses becomes an error of this kind."""
        from sqlalchemy.exc import SQLAlchemyError

        try:
            yield
        except SQLAlchemyError as error:
            what = f"the database refuses: {self._redacted_message(error)}"
            raise kind(what, where=self.display_url, remedy=remedy) from None

    def _redacted_message(self, error: Exception) -> str:
        said = str(getattr(error, "orig", None) or error).strip().partition("\n")[0]
        said = hide_values(said, self._secrets)
        if password := self.engine.url.password:
            said = said.replace(str(password), "***")
        return said


def _engine(url: str, location: str) -> Engine:
    from sqlalchemy import create_engine
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        return create_engine(url)
    except NoSuchModuleError as error:
        raise ConfigError(
            f"SQLAlchemy knows no such database: {error}",
            where=location,
            remedy="Write postgresql+psycopg://..., mysql+pymysql://..., sqlite:///file.db or "
            "another of SQLAlchemy's URLs, and install its driver.",
        ) from None
    except ImportError as error:
        raise ConfigError(
            f"the database's driver is not installed: {error}",
            where=location,
            remedy=f"Install {error.name} beside Assay.",
        ) from None
    except (ArgumentError, ValueError):
        # SQLAlchemy's own message repeats the URL, and with it the password.
        raise ConfigError(
            "this is no database URL",
            where=location,
            remedy="Write it as dialect+driver://user:${PASSWORD}@host:port/database; in a "
            "password, @ is %40 and / is %2F.",
        ) from None
