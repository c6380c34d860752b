"""The people file: who may act, in which role, and with which keys."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
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
    holds: Path | tuple[Digest, ...] | None = None
    """The key's journal entries that stay valid: a file, as `assay vouch` prints it, or their
    digests; without it, none does. A relative path counts from the people file's folder.
    """

    def parse_key(self, name: str, folder: Path) -> PublicKey:
        """The key with its valid entries. Raises ConfigError for an invalid key or file."""
        return replace(PublicKey.parse(self.key, name), vouched_entries=self.valid_entries(folder))

    def valid_entries(self, folder: Path) -> frozenset[Digest]:
        """Raises ConfigError for an invalid file."""
        if isinstance(self.holds, Path):
            return _read_digests(folder / self.holds)
        return frozenset(self.holds or ())


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
        people = cls._validate(read_yaml(path), str(path))
        people._folder = path.parent
        people.trusted_keys()
        return people

    @classmethod
    def from_document(cls, document: Mapping[str, Any], location: str) -> People:
        """The people of a document that `as_document` made. Raises ConfigError, also for one that
        names files.
        """
        people = cls._validate(document, location)
        withdrawn = (key for person in people.people.values() for key in person.withdrawn)
        if any(isinstance(key.holds, Path) for key in withdrawn):
            raise ConfigError("it names a file of entries, which is nowhere", where=location)
        people.trusted_keys()
        return people

    @classmethod
    def _validate(cls, document: Any, location: str) -> People:
        try:
            return cls.model_validate_json(json.dumps(document))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{key}: {first['msg']}", where=location) from None

    def as_document(self) -> dict[str, Any]:
        """What the file says, with all that it needs: in place of a file of entries, their digests.

        Raises ConfigError.
        """
        document = self.model_dump(mode="json", exclude_defaults=True)
        document.setdefault("people", {})
        for name, person in self.people.items():
            for key, written in zip(
                person.withdrawn, document["people"][name].get("withdrawn", ()), strict=True
            ):
                if isinstance(key.holds, Path):
                    written["holds"] = sorted(map(str, key.valid_entries(self._folder)))
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


def people_differences(recorded: People, file: People) -> list[str]:
    """How people recorded in a bucket differ from those of a file, a phrase for each thing."""
    return [*_setting_differences(recorded, file), *_person_differences(recorded, file)]


def _setting_differences(recorded: People, file: People) -> Iterator[str]:
    if recorded.signatures != file.signatures:
        yield f"signatures are {recorded.signatures} as recorded and {file.signatures} in the file"


def _person_differences(recorded: People, file: People) -> Iterator[str]:
    for name in sorted(recorded.people.keys() | file.people.keys()):
        ours, theirs = recorded.people.get(name), file.people.get(name)
        if ours is None or theirs is None:
            yield f"{name} is {'recorded' if ours else 'in the file'} alone"
            continue
        if ours.role != theirs.role:
            yield f"{name} is {ours.role} as recorded and {theirs.role} in the file"
        if _owned_keys(recorded, name) != _owned_keys(file, name):
            yield f"{name} has other keys"


def _owned_keys(people: People, name: str) -> set[tuple[str, frozenset[Digest] | None]]:
    """A person's keys, each with what stays valid of it."""
    owned = (key for key in people.trusted_keys() if key.name == name)
    return {(key.fingerprint, key.vouched_entries) for key in owned}


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
