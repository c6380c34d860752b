"""To take a version out of service: roll back, retire."""

from __future__ import annotations

from datetime import datetime

from assay import trust
from assay.bucket import Bucket
from assay.decisions.promotion import promote
from assay.decisions.said import Body, Said, append, overtaken, version_of
from assay.errors import ConfigError, Ineligible, ObjectMissing
from assay.journal import JournalEntry
from assay.registry import Registry
from assay.versions import CHAMPION, RETIRED, ROLLED_BACK, History, Version, in_force


def rollback(
    bucket: Bucket, model: str, said: Said, *, to: int | None = None, alias: str = CHAMPION
) -> JournalEntry:
    """Point an alias back at the version that it pointed to before, or further back, at `to`.

    Raises NotAllowed, Ineligible, Unproven for a version that would not load, ObjectMissing for
    one whose bytes are gone, ReferenceUnknown.
    """
    who = said.who("rollback")
    seen = Registry(bucket).story(model)
    here = seen.since.get(alias)

    def decide(history: History) -> tuple[str, Body]:
        if history.since.get(alias) != here:
            raise overtaken(history, alias)
        version = _earlier(history, alias, to)
        _loadable(bucket, history, alias, version, said.as_of)
        body = {"alias": alias, "version": version.number, "previous": history.aliases.get(alias)}
        return ROLLED_BACK, {**body, **said.body()}

    entry = append(bucket, seen.model, decide, who)
    assert entry is not None, "a rollback is refused or done"
    return entry


def _earlier(history: History, alias: str, to: int | None) -> Version:
    """Where a rollback goes. Raises Ineligible."""
    before, here = history.before(alias), history.aliases.get(alias)
    name = f"{history.model}@{here}" if here else "it vanished"
    standing = [n for n in dict.fromkeys(before) if n not in history.retired and n != here]
    others = f"`assay rollback {history.model} --to {standing[0]}`" if standing else ""
    if to is not None and to not in before:
        known = f"Before it were: {', '.join(map(str, before))}. " if before else ""
        raise Ineligible(
            f"{history.model}@{to} was not {alias} before {name}",
            remedy=f"{known}Any other version is promoted: `assay promote {history.model}@{to}`.",
        )
    if not before:
        raise Ineligible(
            f"{history.model} had no {alias} before {name}",
            remedy=f"Promote another version, or end its service with `assay retire {name}`."
            if here
            else f"See what there is with `assay log {history.model}`.",
        )
    version = history.versions[before[0] if to is None else to]
    if version.number in history.retired:
        raise Ineligible(
            f"{history.retirement(version)}; it was {alias} before {name}",
            remedy=f"Go further back with {others}." if others else "Promote another version.",
        )
    return version


def _loadable(
    bucket: Bucket, history: History, alias: str, version: Version, when: datetime
) -> None:
    """Check that a version which an alias is to go back to would be served."""
    promotion = next(
        e for e in reversed(history.trails[alias][:-1]) if e.body["version"] == version.number
    )
    waiver = history.waiver(promotion)
    trust.demand(version.model, [e for e in (version.entry, promotion, waiver) if e])
    if waiver is not None and not in_force(waiver, when):
        raise Ineligible(
            f"{version.name} was {alias} under a waiver (entry {waiver.number}) that expired on "
            f"{waiver.body['expires']}",
            remedy=f"Name another with --to, or `assay waive {version.name}` anew and promote it.",
        )
    if not bucket.objects.has(version.digest):
        raise ObjectMissing(
            f"the bytes of {version.name} are not in the bucket",
            where=bucket.root,
            remedy="Name another version with --to, or restore it: `assay verify --repair --from`.",
        )


def retire(
    bucket: Bucket, reference: str, said: Said, *, instead: int | None = None
) -> JournalEntry | None:
    """End a version's service for good; None if that was done before. Aliases that point at it
    vanish, unless `instead` becomes champion first: by a rollback if it was champion before it,
    else by a promotion.

    Raises what `rollback` and `promote` raise.
    """
    who, registry = said.who("retire"), Registry(bucket)
    history, version = version_of(registry, reference)
    if version.number in history.retired:
        return None
    if instead is not None:
        _replace(bucket, history, version, said, instead)

    def decide(history: History) -> tuple[str, Body] | None:
        if version.number in history.retired:
            return None
        return RETIRED, {"version": version.number, **said.body()}

    return append(bucket, version.model, decide, who)


def _replace(bucket: Bucket, history: History, version: Version, said: Said, instead: int) -> None:
    if version != history.champion or instead == version.number:
        raise ConfigError(
            f"{version.name} is not champion: nothing takes its place"
            if version != history.champion
            else f"{version.name} cannot take its own place",
            remedy="Leave --instead out." if version != history.champion else "Name another.",
        )
    if instead in history.before(CHAMPION):
        rollback(bucket, version.model, said, to=instead)
    else:
        promote(bucket, f"{version.model}@{instead}", said)
