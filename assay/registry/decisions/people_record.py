"""Recording the people file in the bucket, so that every reader follows the same people."""

from __future__ import annotations

from typing import Any

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.bucket.signing import SIGNING_KEY_VARIABLE, Signer
from assay.config.people import DEFAULT_PEOPLE_FILE, People, find_people_file, people_differences
from assay.errors import ConfigError, NotAllowed
from assay.registry import authority
from assay.registry.decisions.justification import Justification
from assay.registry.recorded_people import (
    RECORDED,
    fold_people,
    forget_recorded_people,
    people_journal,
    vouches_for,
)


def record_people(bucket: Bucket, justification: Justification) -> JournalEntry | None:
    """Append the people file's content to the people of a bucket; None if it is recorded already.

    Whoever does so must be an engineer in the file and, if there are any, in the recorded people:
    nobody records a list that would not let them record the next. Raises NotAllowed, ConfigError,
    PeopleUntrusted, ChainBroken.
    """
    path, signer = find_people_file(), Signer.from_environment()
    if path is None:
        raise ConfigError(
            f"there is no {DEFAULT_PEOPLE_FILE} to record",
            remedy="Write one with everyone's role and keys.",
        )
    if signer is None:
        raise NotAllowed(
            "recorded people must be signed, but the environment names no key",
            remedy=f"Set {SIGNING_KEY_VARIABLE} to the file of your private key.",
        )
    file = People.read(path)
    who = authority.authorize_key(file, signer, "record people", str(path))
    body = {"people": file.as_document(), **justification.body()}

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        recorded = fold_people(entries)
        if recorded is not None:
            place = f"the people recorded in the bucket (entry {recorded.entry.number})"
            authority.authorize_key(recorded.people, signer, "record people", place)
            if vouches_for(file, recorded) and not people_differences(recorded.people, file):
                return None
        return RECORDED, body

    entry = people_journal(bucket.prepare()).append(decide, actor=who.name)
    forget_recorded_people(bucket)
    return entry
