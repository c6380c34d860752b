"""Who acts, what each role may do, and whether journal entries bear a known signature.

All of it is decided by the people in force for a bucket: see `assay.registry.recorded_people`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from assay.bucket.journal import Journal, JournalEntry, current_user, list_journals
from assay.bucket.signing import SIGNING_KEY_VARIABLE, PublicKey, Signer
from assay.config.people import People, Role
from assay.errors import NotAllowed, SignatureBad, Unproven, nearest_name
from assay.registry.recorded_people import people_in_force, people_journal

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket

Action = Literal[
    "run",
    "lesson",
    "false alarm",
    "rollback",
    "retire",
    "promote",
    "approve",
    "waive",
    "record people",
    "pause",
    "backfill",
]

PERMISSIONS: Final[dict[Role, frozenset[Action]]] = {
    "viewer": frozenset(),
    "scientist": frozenset({"run", "lesson", "false alarm"}),
    "operator": frozenset({"rollback", "retire", "false alarm", "pause", "backfill"}),
    "engineer": frozenset(get_args(Action)),
}


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. Where nobody is listed, nobody has a role and everyone may do everything."""

    name: str
    role: Role | None


def authorize_user(bucket: Bucket, action: Action) -> Actor:
    """The present user, if they may do this: the owner of the signing key, else the login name.

    Raises NotAllowed, ConfigError.
    """
    found, signer = people_in_force(bucket), Signer.from_environment()
    people = found.people
    if people is None:
        return Actor(current_user(), None)
    if signer is not None:
        return authorize_key(people, signer, action, found.place)
    if people.signatures == "required":
        raise NotAllowed(
            "signatures are required here, but the environment names no key",
            remedy=f"Set {SIGNING_KEY_VARIABLE} to the file of your private key.",
        )
    return _authorize_person(people, current_user(), action, found.place)


def authorize_key(people: People, signer: Signer, action: Action, place: str) -> Actor:
    """The owner of a key, if these people let them do this. `place` is where to add somebody.

    Raises NotAllowed.
    """
    return _authorize_person(people, _key_owner(people, signer, place), action, place)


def authorize_training(bucket: Bucket) -> None:
    """Require that the present user may train models, and that what they sign will count.

    Where signatures are optional, a name that is not listed, such as a service's, is
    accepted without a key. Raises NotAllowed, ConfigError.
    """
    people, signer = people_in_force(bucket).people, Signer.from_environment()
    if people is None:
        return
    is_service = signer is None and current_user() not in people.people
    if not (is_service and people.signatures == "optional"):
        authorize_user(bucket, "run")


def authorize_name(bucket: Bucket, name: str, action: Action) -> Actor:
    """The person of this name, given without proof as on the dashboard, if they may do this.

    Raises NotAllowed, always where signatures are required; ConfigError.
    """
    found, signer = people_in_force(bucket), Signer.from_environment()
    people = found.people
    if not name.strip():
        raise NotAllowed("the name is empty", remedy="Give your name.")
    if people is None:
        return Actor(name.strip(), None)
    if people.signatures == "required":
        raise NotAllowed(
            "signatures are required here, and the dashboard cannot sign with your key",
            remedy=f"Use a terminal, and set {SIGNING_KEY_VARIABLE} to the file of your key.",
        )
    if signer is not None:
        _key_owner(people, signer, found.place)  # the entry will bear this signature
    return _authorize_person(people, name.strip(), action, found.place)


def _key_owner(people: People, signer: Signer, place: str) -> str:
    key = signer.public_key.fingerprint
    for known in people.trusted_keys():
        if known.fingerprint == key and known.vouched_entries is None:
            return known.name
        if known.fingerprint == key:
            raise NotAllowed(
                f"the key that {SIGNING_KEY_VARIABLE} names, {key}, was withdrawn",
                remedy=f"Make a new key, and have its public half added to {place}.",
            )
    raise NotAllowed(
        f"the key that {SIGNING_KEY_VARIABLE} names, {key}, belongs to nobody who is listed",
        remedy=f"Name another key, or have its public half added to your name in {place}.",
    )


def _authorize_person(people: People, name: str, act: Action, place: str) -> Actor:
    person = people.people.get(name)
    if person is None:
        near = nearest_name(name, people.people)
        add = f"Have your name and role added to {place}."
        raise NotAllowed(
            f"{name!r} is nobody who is listed",
            remedy=f"Did you mean {near!r}?" if near else add,
        )
    if act not in PERMISSIONS[person.role]:
        able = [n for n, other in people.people.items() if act in PERMISSIONS[other.role]]
        who = f"These may: {', '.join(sorted(able)[:5])}." if able else "Nobody in it may."
        role = _with_article(person.role)
        raise NotAllowed(f"{name} is {role}, and {role} may not {_action_phrase(act)}", remedy=who)
    return Actor(name, person.role)


def _with_article(role: str) -> str:
    return f"an {role}" if role[0] in "aeiou" else f"a {role}"


def _action_phrase(act: Action) -> str:
    phrases: dict[Action, str] = {
        "run": "train models",
        "lesson": "record a lesson",
        "false alarm": "mark a false alarm",
        "pause": "pause or resume a use case",
        "backfill": "backfill past dates",
    }
    return phrases.get(act, act)


def find_signed_entries(bucket: Bucket, key: PublicKey) -> Iterator[tuple[str, JournalEntry]]:
    """The entries of all journals, and of recorded people, that a key has signed, even if it was
    withdrawn since.
    """
    known = [replace(key, vouched_entries=None)]
    models = (Journal(bucket, name) for name in list_journals(bucket.store))
    for journal in (*models, people_journal(bucket)):
        for entry in journal.entries():
            with suppress(SignatureBad):
                if entry.find_signer(known):
                    yield journal.model, entry


# --- entries ----------------------------------------------------------------------------------


def require_signatures(bucket: Bucket, model: str, entries: Iterable[JournalEntry]) -> None:
    """Check who signed these entries, if people are listed.

    Raises SignatureBad for a wrong or unknown signature, Unproven for a missing one where
    signatures are required, ConfigError.
    """
    people = people_in_force(bucket).people
    if people is None:
        return
    for entry in entries:
        if entry.find_signer(people.trusted_keys()) is None and people.signatures == "required":
            raise Unproven(
                f"entry {entry.number} of the journal of {model!r} is not signed, and signatures "
                "are required",
                remedy="Have a person with a key register or promote it again.",
            )


def is_permitted(bucket: Bucket, entry: JournalEntry, action: Action) -> bool:
    """Whether the entry's author may do this by today's people; without any, all may.

    Raises what `require_signatures` raises for a signature.
    """
    people = people_in_force(bucket).people
    if people is None:
        return True
    signer = entry.find_signer(people.trusted_keys())
    if signer is None and people.signatures == "required":
        return False
    person = people.people.get(signer.name if signer else entry.actor)
    return person is not None and action in PERMISSIONS[person.role]


def has_effect(bucket: Bucket, entry: JournalEntry, action: Action) -> bool:
    """Whether an entry of an action counts: where signatures are required, only if somebody signed
    it who may do this today. Elsewhere every entry does.
    """
    people = people_in_force(bucket).people
    if people is None or people.signatures == "optional":
        return True
    with suppress(SignatureBad):
        return is_permitted(bucket, entry, action)
    return False


def require_permission(
    bucket: Bucket,
    model: str,
    entry: JournalEntry,
    action: Action,
    unless: Callable[[], bool] = lambda: False,
) -> None:
    """Where signatures are required, require that the entry's signer may do this today.

    If `unless` returns true, no permission was needed. Raises Unproven, and what
    `require_signatures` raises.
    """
    people = people_in_force(bucket).people
    if people is None or people.signatures == "optional":
        return
    if is_permitted(bucket, entry, action) or unless():
        return
    raise Unproven(
        f"entry {entry.number} of the journal of {model!r} is by {entry.actor}, who may not "
        f"{_action_phrase(action)}",
        remedy="Have a scientist or an engineer run its use case again."
        if action == "run"
        else "Have somebody who may do so decide again.",
    )


def author_names(bucket: Bucket, entry: JournalEntry) -> set[str]:
    """The names of an entry's author: the name written in it, and that of the key's owner.

    Raises SignatureBad.
    """
    people = people_in_force(bucket).people
    signer = entry.find_signer(people.trusted_keys()) if people else None
    return {entry.actor.casefold()} | ({signer.name.casefold()} if signer else set())


def describe_signature(bucket: Bucket, entry: JournalEntry) -> str:
    """Who signed an entry, in words. Raises SignatureBad."""
    if entry.signature is None:
        return "unsigned"
    people = people_in_force(bucket).people
    if people is None:
        return f"signed with {entry.signature.key_id}, whose owner is unknown here"
    signer = entry.find_signer(people.trusted_keys())
    assert signer is not None, "find_signer raises for a signature of nobody known"
    return f"signed by {signer.name}"


def describe_author(bucket: Bucket, entry: JournalEntry) -> str:
    """The author of an entry; where people are listed, also whether the signature proves it."""
    people = people_in_force(bucket).people
    if people is None:
        return entry.actor
    try:
        signer = entry.find_signer(people.trusted_keys())
    except SignatureBad:
        return f"{entry.actor} (BAD SIGNATURE)"
    if signer is None:
        return f"{entry.actor} (unsigned)"
    return entry.actor if signer.name == entry.actor else f"{entry.actor} (key of {signer.name})"


def author_name(bucket: Bucket, entry: JournalEntry) -> str:
    """The person behind an entry: the owner of the key that signed it, else the name written in it,
    which nothing proves where people are listed.
    """
    people = people_in_force(bucket).people
    try:
        signer = entry.find_signer(people.trusted_keys()) if people else None
    except SignatureBad:
        return f"{entry.actor} (BAD SIGNATURE)"
    if signer is not None:
        return signer.name
    return f"{entry.actor} (unsigned)" if people else entry.actor
