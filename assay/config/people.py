"""The people file: who may act, in which role, and with which keys."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import PrivateAttr, ValidationError

from assay.bucket.digest import Digest
from assay.bucket.signing import PublicKey
from assay.config.loaded_use_case import read_yaml
from assay.config.section import Section
from assay.errors import ConfigError

PEOPLE_VARIABLE = "ASSAY_PEOPLE"
DEFAULT_PEOPLE_FILE = Path("configs/people.yaml")

Role = Literal["viewer", "scientist", "engineer", "operator"]


class WithdrawnKey(Section):
    """A key that nobody may sign with any more."""

    key: str
    holds: Path | None = None
    """A file of the key's journal entries that stay valid, as `assay vouch` prints them; without
    it, none does. A relative path counts from the people file's folder.
    """

    def parse_key(self, name: str, folder: Path) -> PublicKey:
        """The key with its valid entries. Raises ConfigError for an invalid key or file."""
        vouched = _read_digests(folder / self.holds) if self.holds else frozenset[Digest]()
        return replace(PublicKey.parse(self.key, name), vouched_entries=vouched)


class Person(Section):
    """One person."""

    role: Role = "viewer"
    keys: tuple[str, ...] = ()
    """Public keys as in id_ed25519.pub; each may sign for this person."""
    withdrawn: tuple[WithdrawnKey, ...] = ()
    """Former keys of this person that somebody else may have."""


class People(Section):
    """Everyone who may act."""

    signatures: Literal["required", "optional"] = "optional"
    """Whether a model is loaded only if its journal entries are signed by one of these people."""
    people: dict[str, Person] = {}
    _folder: Path = PrivateAttr(Path())

    @classmethod
    def load_configured(cls) -> People | None:
        """The people in the file that ASSAY_PEOPLE names, otherwise in configs/people.yaml.

        None if neither is there. Raises ConfigError for an unreadable file or an invalid key.
        """
        path = find_people_file()
        return cls.read(path) if path else None

    @classmethod
    def read(cls, path: Path) -> People:
        """The people in a file. Raises ConfigError."""
        try:
            people = cls.model_validate_json(json.dumps(read_yaml(path)))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{key}: {first['msg']}", where=str(path)) from None
        people._folder = path.parent
        people.trusted_keys()
        return people

    def as_document(self) -> dict[str, Any]:
        """What the file says, for one in another folder: paths in it are absolute."""
        document = self.model_dump(mode="json", exclude_unset=True)
        document.setdefault("people", {})
        for person in document["people"].values():
            for key in person.get("withdrawn", ()):
                if key.get("holds"):
                    key["holds"] = str((self._folder / key["holds"]).absolute())
        return document

    def trusted_keys(self) -> list[PublicKey]:
        """Everybody's keys, each with its owner. Raises ConfigError for an invalid key.

        Withdrawn keys come first: a key that is also listed as valid stays withdrawn.
        """
        everyone = self.people.items()
        return [
            *(key.parse_key(name, self._folder) for name, one in everyone for key in one.withdrawn),
            *(PublicKey.parse(line, name) for name, one in everyone for line in one.keys),
        ]


def find_people_file() -> Path | None:
    """The people file in force, whether or not it can be read; None if there is none."""
    named = os.environ.get(PEOPLE_VARIABLE)
    path = Path(named) if named else DEFAULT_PEOPLE_FILE
    return path if named or path.is_file() else None


def _read_digests(path: Path) -> frozenset[Digest]:
    """The first word of every line that is neither empty nor a comment."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"the entries that hold cannot be read: {error}", where=str(path)
        ) from None
    found = set()
    for number, line in enumerate(lines, 1):
        word = line.partition("#")[0].partition(" ")[0].strip()
        try:
            found |= {Digest.parse(word)} if word else set()
        except ValueError:
            raise ConfigError(
                f"no line of an entry: {line[:60]!r}",
                where=f"{path}, line {number}",
                remedy="Begin lines with the digest of an entry, as `assay vouch` prints them.",
            ) from None
    return frozenset(found)
