"""The people who may act, what each may do, and the keys by which they are known."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from assay.config.read import read_tree
from assay.config.section import Section
from assay.errors import ConfigError
from assay.signing import PublicKey

VARIABLE = "ASSAY_PEOPLE"
USUAL = Path("configs/people.yaml")

Role = Literal["viewer", "scientist", "engineer", "operator"]


class Person(Section):
    """One person."""

    role: Role = "viewer"
    keys: tuple[str, ...] = ()
    """Public keys as in id_ed25519.pub, of which any may sign for them."""


class People(Section):
    """Everyone who may act."""

    signatures: Literal["required", "optional"] = "optional"
    """Whether a model is loaded only if what the journal says of it is signed by one of these."""
    people: dict[str, Person] = {}

    @classmethod
    def configured(cls) -> People | None:
        """Those of the file that ASSAY_PEOPLE names, else of configs/people.yaml, if it is there.

        Raises ConfigError for a file that cannot be read, or a key that is none.
        """
        named = os.environ.get(VARIABLE)
        path = Path(named) if named else USUAL
        return cls.read(path) if named or path.is_file() else None

    @classmethod
    def read(cls, path: Path) -> People:
        """Raises ConfigError."""
        try:
            people = cls.model_validate_json(json.dumps(read_tree(path)))
        except ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            raise ConfigError(f"{key}: {first['msg']}", where=str(path)) from None
        people.trusted()
        return people

    def trusted(self) -> list[PublicKey]:
        """Everybody's keys, each with whose it is. Raises ConfigError for one that is none."""
        return [
            PublicKey.parse(line, name)
            for name, person in self.people.items()
            for line in person.keys
        ]
