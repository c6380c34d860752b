"""To make a version champion, or whatever an alias says: promote, approve, waive."""

from __future__ import annotations

from collections.abc import Sequence

from assay import moments, trust
from assay.bucket import Bucket
from assay.decisions import eligible
from assay.decisions.said import Body, Said, append, overtaken, version_of
from assay.errors import ConfigError, Ineligible, NotAllowed, nearest
from assay.journal import JournalEntry
from assay.registry import Registry
from assay.signing import VARIABLE, Signer
from assay.versions import APPROVED, CHAMPION, REJECTED, WAIVED, History, Version


def promote(
    bucket: Bucket, reference: str, said: Said, *, alias: str = CHAMPION, approve: bool = False
) -> JournalEntry | None:
    """Point an alias at a version; None if it points there already. Champion becomes only what
    the rules of `eligible` let through; `approve` says yes to what its gates could not tell.

    Raises NotAllowed, Ineligible, Unproven, ReferenceUnknown, ConfigError for an alias that is
    none.
    """
    who, registry = said.who("promote"), Registry(bucket)
    history, version = version_of(registry, reference)
    eligible.refuse_retired(history, version)
    more = said.body()
    if alias == CHAMPION:
        cleared = eligible.clear(bucket, history, version, who, said.as_of)
        if cleared.unapproved and not approve:
            raise _unapproved(version, cleared.unapproved)
        if cleared.unapproved:
            _approve(bucket, version, said, who)
        more |= {"waiver": cleared.waiver.number} if cleared.waiver else {}
        more["evidence"] = eligible.evidence(history, version)
    elif version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number})",
            remedy=f"See why with `assay show {version.name}`.",
        )
    because = more.pop("because")
    instead_of = history.aliases.get(alias)
    done = registry.promote(
        version, because=because, instead_of=instead_of, alias=alias, actor=who.name, more=more
    )
    now = registry.history(version.model)
    if not done and now.aliases.get(alias) != version.number:
        raise overtaken(now, alias)
    return now.since[alias] if done else None


def approve(bucket: Bucket, reference: str, said: Said) -> JournalEntry | None:
    """Say yes to a version whose gates could not tell, or whose use case asks for somebody else's
    word; None if the same person did already. Where the use case asks for a shadow, that comes
    first: what its answers there came to is part of what is approved of.

    Raises NotAllowed, Ineligible, ReferenceUnknown.
    """
    who, registry = said.who("approve"), Registry(bucket)
    history, version = version_of(registry, reference)
    eligible.refuse_retired(history, version)
    if version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number}), which no "
            "approval undoes",
            remedy=f"See why with `assay show {version.name}`; only a signed waiver lets it pass "
            "(`assay waive`).",
        )
    policy = registry.policy(version)
    eligible.second(history, version, policy, who, also=[])
    found = list(eligible.unshadowed(bucket, history, version, policy))
    eligible.waiver_for(history, version, found, said.as_of)
    return _approve(bucket, version, said, who)


def _approve(bucket: Bucket, version: Version, said: Said, who: trust.Actor) -> JournalEntry | None:
    def decide(history: History) -> tuple[str, Body] | None:
        eligible.refuse_retired(history, version)
        given = eligible.approvals(history, version)
        if any(who.name.casefold() in trust.authors(entry) for entry in given):
            return None
        told = {"evidence": eligible.evidence(history, version)}
        return APPROVED, {"version": version.number, **told, **said.body()}

    return append(bucket, version.model, decide, who)


def waive(
    bucket: Bucket, reference: str, said: Said, *, gates: Sequence[str], expires: str
) -> JournalEntry:
    """Let a version be promoted in spite of gates that failed it or left no evidence, or of
    missing batches in shadow, until it `expires` (a date or a moment). Always signed.

    Raises NotAllowed, ConfigError for gates that need no waiver, ReferenceUnknown.
    """
    who, registry = said.who("waive"), Registry(bucket)
    history, version = version_of(registry, reference)
    eligible.refuse_retired(history, version)
    if Signer.configured() is None:
        raise NotAllowed(
            "a waiver must be signed, and the environment names no key",
            remedy=f"Name the file of your private key in {VARIABLE} (`ssh-keygen -t ed25519` "
            "makes one).",
        )
    until = moments.moment(expires)
    if until <= said.as_of:
        raise ConfigError(
            f"the waiver would have expired on {expires}, before it began",
            remedy="Give --expires a date to come.",
        )
    policy = registry.policy(version)
    found = eligible.hindrances(bucket, history, version, policy)
    _check_gates(version, gates, found)
    named = {"gates": list(dict.fromkeys(gates)), "expires": moments.written(until)}
    body = {"version": version.number, **named, **said.body()}
    entry = append(bucket, version.model, lambda _: (WAIVED, body), who)
    assert entry is not None, "a waiver is refused or written"
    return entry


def _check_gates(
    version: Version, gates: Sequence[str], found: Sequence[eligible.Hindrance]
) -> None:
    waivable = [one.gate for one in found if not one.held]
    listed = (
        f"These stand in its way: {', '.join(waivable)}."
        if waivable
        else (f"Nothing that could be waived stands in its way: `assay promote {version.name}`.")
    )
    if not gates:
        raise ConfigError("a waiver names the gates that it is about", remedy=listed)
    for gate in gates:
        if gate in {one.gate for one in found if one.held}:
            raise ConfigError(
                f"the {gate} gate could not tell: that is approved, not waived",
                remedy=f"Run `assay approve {version.name}`.",
            )
        if gate not in waivable:
            near = nearest(gate, waivable)
            raise ConfigError(
                f"no gate {gate!r} stands in the way of {version.name}",
                remedy=f"Did you mean {near!r}?" if near else listed,
            )


def _unapproved(version: Version, held: list[str]) -> Ineligible:
    return Ineligible(
        f"{version.name} (entry {version.entry.number}) awaits a person's approval: "
        f"{'; '.join(held)}",
        remedy=f"Run `assay approve {version.name} --because TEXT` first, or promote it with "
        "--approve.",
    )
