"""Every error a user of Assay may meet, named for what it asks of them.

An error says what happened, where (file, line, value) and what to do. Its class fixes the exit
code of the command line: 1 the user's input or set-up, 3 a gate said no, 4 integrity.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any


class AssayError(Exception):
    """Base of all. `what` happened, `where`, and the `remedy`."""

    exit_code = 1

    def __init__(self, what: str, *, where: str | None = None, remedy: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}\n  {self.remedy}" if self.remedy else head

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions cross process borders by pickle, which would drop keyword arguments.
        return _rebuild, (type(self), self.what, self.where, self.remedy)

    def as_json(self) -> dict[str, str | None]:
        return {
            "error": type(self).__name__,
            "what": self.what,
            "where": self.where,
            "remedy": self.remedy,
        }


def _rebuild(
    kind: type[AssayError], message: str, location: str | None, remedy: str | None
) -> AssayError:
    return kind(message, where=location, remedy=remedy)


def nearest_name(word: str, names: Iterable[str]) -> str | None:
    """The known name a person most likely meant, or None when nothing comes close."""
    matches = difflib.get_close_matches(word, list(names), n=1, cutoff=0.6)
    return matches[0] if matches else None


def suggest_name(word: str, names: Iterable[str], fallback: str | None = None) -> str | None:
    """A remedy: the known name that comes close, or what is said `fallback`."""
    near = nearest_name(word, names)
    return f"Did you mean {near!r}?" if near else fallback


# --- what the user wrote or set up: exit code 1 ---------------------------------------------


class ConfigError(AssayError, ValueError):
    """A use case that cannot be read or does not fit its data."""


class SourceError(AssayError, ValueError):
    """A source that cannot be read: absent, empty, of another form than declared."""


class DataError(AssayError, ValueError):
    """Rows that were read but cannot serve the question: no target, one class, a null column."""


@contextmanager
def locate_data_errors(location: str) -> Iterator[None]:
    """Give a DataError the line of the use case that it is about."""
    try:
        yield
    except DataError as error:
        raise DataError(error.what, where=location, remedy=error.remedy) from None


class OutputError(AssayError, OSError):
    """A file that a command was asked to write cannot be written."""


class SystemRefusal(AssayError, OSError):
    """The operating system refused what a command needs, such as a file, or space for it."""


class ReferenceUnknown(AssayError, LookupError):
    """A model, alias, version, run or digest that the bucket does not know."""


class NoChampion(ReferenceUnknown):
    """A model of which no version was ever promoted: there is nothing to score by, or to watch."""


class NotAllowed(AssayError, PermissionError):
    """Who asks may not do this, or may not do it alone."""


class StoreError(AssayError, OSError):
    """The bucket's storage did not do what was asked."""


class KeyAbsent(StoreError, KeyError):
    """No such key in the store."""

    __str__ = AssayError.__str__  # KeyError would print the message quoted


class StoreDenied(StoreError, PermissionError):
    """The store refused: permissions, credentials, a read-only file system."""


class StoreFull(StoreError):
    """No space left. Nothing half-written remains visible."""


class StoreUnreachable(StoreError, ConnectionError):
    """No answer from the store's server."""


class StoreUnsafe(StoreError):
    """The server lacks what Assay's promises rest on, such as conditional writes."""


class FormatUnknown(StoreError):
    """The bucket was written in a format this version of Assay does not read."""


# --- what gates and rules refuse: exit code 3 ------------------------------------------------


class Ineligible(AssayError):
    """A version that may not become what it was asked to become, such as champion."""

    exit_code = 3


# --- what cannot be trusted: exit code 4 ----------------------------------------------------


class IntegrityError(AssayError):
    """Something in the bucket is not what its name or its history says."""

    exit_code = 4


class ObjectMissing(IntegrityError, LookupError):
    """An object that something refers to is not there."""


class ObjectCorrupt(IntegrityError, ValueError):
    """An object's bytes do not match the digest that names it."""


class ChainBroken(IntegrityError, ValueError):
    """A journal entry does not follow from the one before it."""


class Unproven(IntegrityError):
    """A model the journal does not vouch for; it is not loaded."""


class PeopleUntrusted(IntegrityError):
    """People recorded in the bucket whom nothing vouches for; nobody's rights are decided."""


class SignatureBad(IntegrityError, ValueError):
    """A signature that does not fit what it stands under, or is by nobody known."""
