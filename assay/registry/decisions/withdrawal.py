"""Decisions against a version: roll back, retire."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from functools import partial

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.errors import ConfigError, Ineligible, IntegrityError, ObjectMissing, Unproven
from assay.registry.decisions.justification import (
    EntryBody,
    Justification,
    append_decision,
    find_version,
    overtaken_error,
)
from assay.registry.decisions.promotion import promote_version
from assay.registry.history import CHAMPION, RETIRED, ROLLED_BACK, ModelHistory, Version
from assay.registry.registry import Registry


def roll_back_alias(
    bucket: Bucket,
    model: str,
    justification: Justification,
    *,
    to: int | None = None,
    alias: str = CHAMPION,
    expected_history: ModelHistory | None = None,
) -> JournalEntry:
    """Point an alias back at its previous version, or at the earlier version `to`.

    `expected_history` is the history that the decision was based on; default: the present one.
    Raises NotAllowed, Ineligible, Unproven for a version that would not load, ObjectMissing for one
    whose bytes are gone, ReferenceUnknown.
    """
    who = justification.authorize(bucket, "rollback")
    expected_history = expected_history or Registry(bucket).find_history(model)
    here = expected_history.alias_entries.get(alias)
    if to is not None:
        # Raises if it never existed.
        Registry(bucket).resolve_reference(f"{expected_history.model}@{to}")

    def decide(history: ModelHistory) -> tuple[str, EntryBody]:
        if history.alias_entries.get(alias) != here:
            raise overtaken_error(history, alias)
        require = partial(_require_servable, bucket, history, alias, justification.as_of)
        version = _rollback_target(history, alias, to, require)
        body = {"alias": alias, "version": version.number, "previous": history.aliases.get(alias)}
        return ROLLED_BACK, {**body, **justification.body()}

    entry = append_decision(bucket, expected_history.model, decide, who)
    assert entry is not None, "a rollback is refused or done"
    return entry


def _rollback_target(
    history: ModelHistory, alias: str, to: int | None, require: Callable[[int], None]
) -> Version:
    """The version that a rollback returns to.

    `require` raises unless a version would be served. Raises Ineligible, and what `require` raises.
    """
    if alias not in history.promotion_trails:
        raise Ineligible(
            f"no version of {history.model} was ever {alias}",
            remedy=f"Promote one: `assay log {history.model}` lists them.",
        )
    before, here = history.previous_versions(alias), history.aliases.get(alias)
    name = f"{history.model}@{here}" if here else "it vanished"
    others = (n for n in dict.fromkeys(before) if n not in history.retirements and n != here)
    of = "" if alias == CHAMPION else f" --alias {alias}"
    further = (  # lazy: each check reads the bucket, and few errors need it
        f"Go further back with `assay rollback {history.model} --to {number}{of}`."
        for number in others
        if _passes(require, number)
    )
    if to is not None and to == here:
        raise Ineligible(
            f"{name} is {alias} now, and a rollback would withdraw it",
            remedy=next(further, f"To end its service, `assay retire {name}`."),
        )
    if to is not None and to not in before:
        known = f"Earlier versions: {', '.join(map(str, before))}. " if before else ""
        raise Ineligible(
            f"{history.model}@{to} was not {alias} before {name}",
            remedy=f"{known}Promote any other: `assay promote {history.model}@{to}`.",
        )
    if not before:
        raise Ineligible(
            f"{history.model} had no {alias} before {name}",
            remedy=f"Promote another version, or end its service with `assay retire {name}`."
            if here
            else f"See the versions with `assay log {history.model}`.",
        )
    version = history.versions[before[0] if to is None else to]
    if version.number in history.retirements:
        raise Ineligible(
            f"{history.describe_retirement(version)}; it was {alias} before {name}",
            remedy=next(further, "Promote another version."),
        )
    try:
        require(version.number)
    except Unproven as error:
        raise Unproven(
            f"{version.name} would not be served: {error.what}",
            remedy=f"{next(further, 'No earlier version would be served.')} Or have an engineer "
            f"promote it again: `assay promote {version.name}`.",
        ) from error
    return version


def _require_servable(
    bucket: Bucket, history: ModelHistory, alias: str, as_of: datetime, number: int
) -> None:
    """Require that a version's own earlier promotion lets it serve.

    A rollback cannot vouch for it: people in a hurry make it, who may lack the right to promote.
    """
    earlier = {entry.body["version"]: entry for entry in history.promotion_trails[alias][:-1]}
    Registry(bucket).require_promotion(history, earlier[number], as_of)
    version = history.versions[number]
    if not bucket.objects.has(version.digest):
        raise ObjectMissing(
            f"the bytes of {version.name} are not in the bucket",
            where=bucket.root,
            remedy="Name another version with --to, or restore it: `assay verify --repair --from`.",
        )


def _passes(require: Callable[[int], None], number: int) -> bool:
    with suppress(IntegrityError):
        require(number)
        return True
    return False


def retire_version(
    bucket: Bucket, reference: str, justification: Justification, *, instead: int | None = None
) -> JournalEntry | None:
    """End a version's service for good; None if it is retired already.

    Aliases that point at it vanish. `instead` becomes champion first: by a rollback if it was
    champion before, else by a promotion. Raises what `roll_back_alias` and `promote_version` raise.
    """
    who, registry = justification.authorize(bucket, "retire"), Registry(bucket)
    history, version = find_version(registry, reference)
    if version.number in history.retirements:
        return None
    if instead is not None:
        _replace(bucket, history, version, justification, instead)

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        if version.number in history.retirements:
            return None
        if instead is not None and history.champion == version:
            raise overtaken_error(history, CHAMPION)
        return RETIRED, {"version": version.number, **justification.body()}

    return append_decision(bucket, version.model, decide, who)


def _replace(
    bucket: Bucket,
    history: ModelHistory,
    version: Version,
    justification: Justification,
    instead: int,
) -> None:
    if version != history.champion or instead == version.number:
        raise ConfigError(
            f"{version.name} is not champion, so nothing replaces it"
            if version != history.champion
            else f"{version.name} cannot replace itself",
            remedy="Leave --instead out."
            if version != history.champion
            else "Name another version.",
        )
    if instead in history.previous_versions(CHAMPION):
        roll_back_alias(bucket, version.model, justification, to=instead, expected_history=history)
    else:
        promote_version(
            bucket, f"{version.model}@{instead}", justification, expected_history=history
        )
