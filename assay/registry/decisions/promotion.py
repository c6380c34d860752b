"""To make a version champion, or whatever an alias says: promote, approve, waive."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.bucket.signing import SIGNING_KEY_VARIABLE, Signer
from assay.errors import ConfigError, Ineligible, NotAllowed, nearest_name
from assay.registry import authority
from assay.registry.decisions import eligibility
from assay.registry.decisions.justification import (
    EntryBody,
    Justification,
    append_decision,
    find_version,
    overtaken_error,
)
from assay.registry.history import APPROVED, CHAMPION, REJECTED, WAIVED, ModelHistory, Version
from assay.registry.registry import Registry
from assay.util import clock


def promote_version(
    bucket: Bucket,
    reference: str,
    justification: Justification,
    *,
    alias: str = CHAMPION,
    approve: bool = False,
    seen: ModelHistory | None = None,
) -> JournalEntry | None:
    """Point an alias at a version; None if it points there already. Champion becomes only what
    the rules of `eligible` let through; `approve_version` says yes to what its gates could not tell.
    `seen`: what the journal said when this was decided, else as it is now.

    Raises NotAllowed, Ineligible, Unproven, ReferenceUnknown, ConfigError for an alias that is
    none.
    """
    who, registry = justification.authorize("promote"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    rules = partial(
        eligibility.require_clearance, bucket, version=version, who=who, when=justification.as_of
    )
    if alias != CHAMPION and version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number})",
            remedy=f"See why with `assay show {version.name}`.",
        )
    yes = (
        eligibility.promotion_evidence(history, version) if alias == CHAMPION and approve else None
    )
    if yes is not None:
        _append_approval(
            bucket,
            version,
            yes,
            justification,
            who,
            is_required=lambda now: rules(now).pending_approvals,
        )
    more = justification.body()
    done = registry.promote(
        version,
        because=more.pop("because"),
        expected_version=(seen or history).aliases.get(alias),
        alias=alias,
        actor=who.name,
        extra_fields=more,
        check_history=lambda now: (
            _promotion_body(now, version, rules(now), yes) if alias == CHAMPION else {}
        ),
    )
    now = registry.history(version.model)
    if not done and now.aliases.get(alias) != version.number:
        raise overtaken_error(now, alias)
    return now.alias_entries[alias] if done else None


def _promotion_body(
    history: ModelHistory,
    version: Version,
    cleared: eligibility.Clearance,
    yes: eligibility.EvidenceDigests | None,
) -> EntryBody:
    """By what a version becomes champion, for its entry. `yes`: the evidence on which whoever
    promotes it approved of it as well. Raises Ineligible.
    """
    evidence = eligibility.promotion_evidence(history, version)
    if cleared.pending_approvals and evidence != yes:
        raise _unapproved_error(version, cleared.pending_approvals)
    waiver = {"waiver": cleared.waiver.number} if cleared.waiver else {}
    return {**waiver, "evidence": evidence}


def approve_version(
    bucket: Bucket, reference: str, justification: Justification
) -> JournalEntry | None:
    """Say yes to a version whose gates could not tell, or whose use case asks for somebody else's
    word; None if the same person did already, on the same evidence. Where the use case asks for a
    shadow, that comes first: what its answers there came to is part of what is approved of.

    Raises NotAllowed, Ineligible, ReferenceUnknown.
    """
    who, registry = justification.authorize("approve"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    if version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number}), which no "
            "approval undoes",
            remedy=f"See why with `assay show {version.name}`; only a signed waiver lets it pass "
            "(`assay waive`).",
        )
    policy = registry.promotion_policy(version)
    eligibility.check_decider(history, version, policy, who, approvals=[])

    def shadowed(now: ModelHistory) -> bool:
        found = list(eligibility.shadow_blockers(bucket, now, version, policy))
        eligibility.find_waiver(now, version, found, justification.as_of)
        return True

    evidence = eligibility.promotion_evidence(history, version)
    return _append_approval(bucket, version, evidence, justification, who, is_required=shadowed)


def _append_approval(
    bucket: Bucket,
    version: Version,
    evidence: eligibility.EvidenceDigests,
    justification: Justification,
    who: authority.Actor,
    *,
    is_required: Callable[[ModelHistory], object],
) -> JournalEntry | None:
    """Approve of a version on this evidence, where that is `is_required` for and may be given."""

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        eligibility.refuse_retired(history, version)
        if not is_required(history):
            return None
        if eligibility.promotion_evidence(history, version) != evidence:
            raise Ineligible(
                f"the evidence of {version.name} changed while it was being approved",
                remedy=f"Look again: `assay show {version.name}`.",
            )
        given = eligibility.valid_approvals(history, version)
        same = (e for e in given if eligibility.approval_evidence(e, version) == evidence)
        if any(who.name.casefold() in authority.author_names(entry) for entry in same):
            return None
        return APPROVED, {"version": version.number, "evidence": evidence, **justification.body()}

    return append_decision(bucket, version.model, decide, who)


def waive_gates(
    bucket: Bucket,
    reference: str,
    justification: Justification,
    *,
    gates: Sequence[str],
    expires: str,
) -> JournalEntry:
    """Let a version be promoted in spite of gates that failed it or left no evidence, or of
    missing batches in shadow, until it `expires` (a date or a moment). Always signed.

    Raises NotAllowed, ConfigError for gates that need no waiver, ReferenceUnknown.
    """
    who, registry = justification.authorize("waive"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    if Signer.from_environment() is None:
        raise NotAllowed(
            "a waiver must be signed, and the environment names no key",
            remedy=f"Name the file of your private key in {SIGNING_KEY_VARIABLE} (`ssh-keygen -t ed25519` "
            "makes one).",
        )
    until = clock.parse_timestamp(expires)
    if until <= justification.as_of:
        raise ConfigError(
            f"the waiver would have expired on {expires}, before it began",
            remedy="Give --expires a date to come.",
        )
    policy = registry.promotion_policy(version)
    named = {"gates": list(dict.fromkeys(gates)), "expires": clock.format_timestamp(until)}

    def decide(history: ModelHistory) -> tuple[str, EntryBody]:
        eligibility.refuse_retired(history, version)
        _check_waivable(version, gates, eligibility.find_blockers(bucket, history, version, policy))
        return WAIVED, {"version": version.number, **named, **justification.body()}

    entry = append_decision(bucket, version.model, decide, who)
    assert entry is not None, "a waiver is refused or written"
    return entry


def _check_waivable(
    version: Version, gates: Sequence[str], found: Sequence[eligibility.PromotionBlocker]
) -> None:
    waivable = [one.gate for one in found if not one.needs_approval]
    listed = (
        f"These stand in its way: {', '.join(waivable)}."
        if waivable
        else (f"Nothing that could be waived stands in its way: `assay promote {version.name}`.")
    )
    if not gates:
        raise ConfigError("a waiver names the gates that it is about", remedy=listed)
    for gate in gates:
        if gate in {one.gate for one in found if one.needs_approval}:
            raise ConfigError(
                f"the {gate} gate could not tell: that is approved, not waived",
                remedy=f"Run `assay approve {version.name}`.",
            )
        if gate not in waivable:
            near = nearest_name(gate, waivable)
            raise ConfigError(
                f"no gate {gate!r} stands in the way of {version.name}",
                remedy=f"Did you mean {near!r}?" if near else listed,
            )


def _unapproved_error(version: Version, held: list[str]) -> Ineligible:
    return Ineligible(
        f"{version.name} (entry {version.entry.number}) awaits a person's approval: "
        f"{'; '.join(held)}",
        remedy=f"Run `assay approve {version.name} --because TEXT` first, or promote it with "
        "--approve.",
    )
