"""Decisions for a version: promote, approve, waive."""

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
    expected_history: ModelHistory | None = None,
) -> JournalEntry | None:
    """Point an alias at a version; None if it points there already.

    The alias champion takes only a version that `eligibility` clears. `approve` also approves what
    the gates could not decide. `expected_history` is the history that the decision was based on;
    default: the present one.

    Raises NotAllowed, Ineligible, ReferenceUnknown, SignatureBad or Unproven for a version that
    `Registry.load` would refuse for its signature, ConfigError for a malformed alias.
    """
    who, registry = justification.authorize(bucket, "promote"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    registry.require_genuine(version)
    rules = partial(
        eligibility.require_clearance, bucket, version=version, who=who, as_of=justification.as_of
    )
    if alias != CHAMPION and version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number})",
            remedy=f"See why with `assay show {version.name}`.",
        )
    approved = (
        eligibility.promotion_evidence(history, version) if alias == CHAMPION and approve else None
    )
    if approved is not None:
        _append_approval(
            bucket,
            version,
            approved,
            justification,
            who,
            is_required=lambda now: rules(now).pending_approvals,
        )
    more = justification.body()
    done = registry.promote(
        version,
        because=more.pop("because"),
        expected_version=(expected_history or history).aliases.get(alias),
        alias=alias,
        actor=who.name,
        extra_fields=more,
        check_history=lambda now: (
            _promotion_body(now, version, rules(now), approved) if alias == CHAMPION else {}
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
    approved: eligibility.EvidenceDigests | None,
) -> EntryBody:
    """The fields of the entry that say why a version may be champion.

    `approved` is the evidence that its promoter approved as well. Raises Ineligible.
    """
    evidence = eligibility.promotion_evidence(history, version)
    if cleared.pending_approvals and evidence != approved:
        raise _unapproved_error(version, cleared.pending_approvals)
    waiver = {"waiver": cleared.waiver.number} if cleared.waiver else {}
    return {**waiver, "evidence": evidence}


def approve_version(
    bucket: Bucket, reference: str, justification: Justification
) -> JournalEntry | None:
    """Approve a version whose gates could not decide, or that needs another engineer's approval.

    None if the same person has approved the same evidence. Where the use case asks for a shadow,
    its comparison comes first, since it is part of the evidence. Raises NotAllowed, Ineligible,
    ReferenceUnknown.
    """
    who, registry = justification.authorize(bucket, "approve"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    if version.status == REJECTED:
        raise Ineligible(
            f"{version.name} was rejected by its gates (entry {version.entry.number}), and an "
            "approval cannot change that",
            remedy=f"See why with `assay show {version.name}`; only a signed waiver lets it pass "
            "(`assay waive`).",
        )
    policy = registry.promotion_policy(version)
    eligibility.check_decider(history, version, policy, who, approvals=[])

    def require_shadow(now: ModelHistory) -> bool:
        blockers = list(eligibility.shadow_blockers(bucket, now, version, policy))
        eligibility.find_waiver(now, version, blockers, justification.as_of)
        return True

    evidence = eligibility.promotion_evidence(history, version)
    return _append_approval(
        bucket, version, evidence, justification, who, is_required=require_shadow
    )


def _append_approval(
    bucket: Bucket,
    version: Version,
    evidence: eligibility.EvidenceDigests,
    justification: Justification,
    who: authority.Actor,
    *,
    is_required: Callable[[ModelHistory], object],
) -> JournalEntry | None:
    """Append an approval of this evidence if `is_required` says so; None if there is one."""

    def decide(history: ModelHistory) -> tuple[str, EntryBody] | None:
        eligibility.refuse_retired(history, version)
        if not is_required(history):
            return None
        if eligibility.promotion_evidence(history, version) != evidence:
            raise Ineligible(
                f"the evidence of {version.name} changed during the approval",
                remedy=f"Read `assay show {version.name}`, then approve again.",
            )
        approvals = eligibility.valid_approvals(history, version)
        same = (e for e in approvals if eligibility.approval_evidence(e, version) == evidence)
        if any(who.name.casefold() in authority.author_names(bucket, entry) for entry in same):
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
    """Let a version be promoted in spite of `gates` until the waiver `expires`; always signed.

    The gates failed or left no report; `shadow` stands for missing batches in shadow. `expires` is
    a date or a moment. Raises NotAllowed, ConfigError for gates that need no waiver,
    ReferenceUnknown.
    """
    who, registry = justification.authorize(bucket, "waive"), Registry(bucket)
    history, version = find_version(registry, reference)
    eligibility.refuse_retired(history, version)
    if Signer.from_environment() is None:
        raise NotAllowed(
            "a waiver must be signed, but the environment names no key",
            remedy=f"Set {SIGNING_KEY_VARIABLE} to the file of your private key "
            "(`ssh-keygen -t ed25519` makes one).",
        )
    until = clock.parse_timestamp(expires)
    if until <= justification.as_of:
        raise ConfigError(
            f"the waiver would expire on {expires}, before it begins",
            remedy="Give --expires a later date.",
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
    version: Version, gates: Sequence[str], blockers: Sequence[eligibility.PromotionBlocker]
) -> None:
    waivable = [one.gate for one in blockers if not one.needs_approval]
    listed = (
        f"These gates need a waiver: {', '.join(waivable)}."
        if waivable
        else f"No gate needs a waiver: run `assay promote {version.name}`."
    )
    if not gates:
        raise ConfigError("the waiver names no gate", remedy=listed)
    for gate in gates:
        if gate in {one.gate for one in blockers if one.needs_approval}:
            raise ConfigError(
                f"the {gate} gate could not tell: approve that instead of waiving it",
                remedy=f"Run `assay approve {version.name}`.",
            )
        if gate not in waivable:
            near = nearest_name(gate, waivable)
            raise ConfigError(
                f"{version.name} needs no waiver of a gate {gate!r}",
                remedy=f"Did you mean {near!r}?" if near else listed,
            )


def _unapproved_error(version: Version, reasons: list[str]) -> Ineligible:
    return Ineligible(
        f"{version.name} (entry {version.entry.number}) awaits a person's approval: "
        f"{'; '.join(reasons)}",
        remedy=f"Run `assay approve {version.name} --because TEXT` first, or promote it with "
        "--approve.",
    )
