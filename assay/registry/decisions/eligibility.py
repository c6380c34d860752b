"""Who may become champion: what stands in a version's way, and which waiver or approval clears it.

Nothing here rests on what an entry claims of a gate: the gates' reports are read, and verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.config.people import DEFAULT_PEOPLE_FILE
from assay.config.production import PromotionPolicy
from assay.errors import Ineligible, IntegrityError
from assay.gates.catalog import GATE_BY_STAGE, sort_by_gate
from assay.gates.report import Report, Verdict, get_report
from assay.registry import authority
from assay.registry.batch_ledger import BatchLedger
from assay.registry.history import (
    APPROVED,
    CHALLENGER,
    WAIVED,
    ModelHistory,
    Version,
    is_waiver_in_force,
)
from assay.registry.registry import Registry
from assay.util import clock
from assay.util.wording import format_count, more_suffix

EvidenceDigests = dict[str, str]  # by gate, the digest of its report

SHADOW_GATE = "shadow"  # the gate, and what a waiver calls missing batches

# What every version has been judged by since the first format; later gates count if they were run.
_ALWAYS_REQUIRED = ("validation", "feasibility", "performance", "fairness")


@dataclass(frozen=True, slots=True)
class PromotionBlocker:
    """What keeps a version from being champion. `gate`: by what name a waiver speaks of it.

    `needs_approval`: a gate could not tell, which is for a person to approve, not to waive. `remedy`: what
    would clear it, where that is more than to wait for people.
    """

    gate: str
    what: str
    needs_approval: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """By what a version may be champion: the waiver, if it needs one; and what a person has still
    to approve of.
    """

    waiver: JournalEntry | None
    pending_approvals: list[str]


def require_clearance(
    bucket: Bucket, history: ModelHistory, version: Version, who: authority.Actor, when: datetime
) -> Clearance:
    """Whether `actor` may make a version champion at that moment, and by what.

    Raises Ineligible, naming the rule, the entry that it rests on and what to do next;
    ObjectMissing, ObjectCorrupt if the run's record cannot be read.
    """
    refuse_retired(history, version)
    policy = Registry(bucket).promotion_policy(version)
    found = find_blockers(bucket, history, version, policy)
    held = [one for one in found if one.needs_approval]
    given = valid_approvals(history, version)
    stand = [entry for entry in given if approval_holds(history, version, entry, held)]
    check_decider(history, version, policy, who, approvals=stand)
    waiver = find_waiver(history, version, found, when)
    if stand:
        return Clearance(waiver, [])
    lapsed = [_lapse_reason(history, version, given[-1])] if given else []
    return Clearance(waiver, [*(one.what for one in held), *lapsed])


def find_blockers(
    bucket: Bucket, history: ModelHistory, version: Version, policy: PromotionPolicy
) -> list[PromotionBlocker]:
    """Everything that stands in a version's way, gates in reading order."""
    return [*_gate_blockers(bucket, version), *shadow_blockers(bucket, history, version, policy)]


def _gate_blockers(bucket: Bucket, version: Version) -> Iterator[PromotionBlocker]:
    for gate in _required_gates(bucket, version):
        artifact = version.reports.get(gate)
        if artifact is None:
            yield PromotionBlocker(gate, f"there is no report of its {gate} gate")
            continue
        try:
            report = get_report(bucket, artifact)
        except IntegrityError as error:
            yield PromotionBlocker(
                gate, f"the report of its {gate} gate cannot be had: {error.what}"
            )
            continue
        if report.verdict is Verdict.FAIL:
            yield PromotionBlocker(gate, f"the {gate} gate failed it: {_first_fault(report)}")
        elif report.verdict is Verdict.UNKNOWN:
            yield PromotionBlocker(
                gate, f"the {gate} gate cannot tell: {_first_fault(report)}", needs_approval=True
            )


def _first_fault(report: Report) -> str:
    """The first check that its verdict rests on, and how many more there are."""
    checks = report.checks_weighing(report.verdict)
    if not checks:
        return report.summary
    return f"{checks[0].claim}: {checks[0].why.removesuffix('.')}{more_suffix(len(checks))}"


def _required_gates(bucket: Bucket, version: Version) -> list[str]:
    """The gates of which there must be evidence: those that its run took, and the old four."""
    steps = bucket.get_json(version.artifact("run"))["steps"]
    stages = (step["components"]["stage"] for step in steps)
    ran = {GATE_BY_STAGE[stage] for stage in stages if stage in GATE_BY_STAGE}
    return list(sort_by_gate(dict.fromkeys([*_ALWAYS_REQUIRED, *sorted(ran)])))


def shadow_blockers(
    bucket: Bucket, history: ModelHistory, version: Version, policy: PromotionPolicy
) -> Iterator[PromotionBlocker]:
    """Batches scored beside the champion, where there is one and the version never was it; and
    what came of comparing the answers.
    """
    champion = history.champion
    if (
        not policy.shadow
        or champion in (None, version)
        or version.number in history.served_versions
    ):
        return
    done = len(
        BatchLedger(bucket, version.model).read().scored_pairs(version.number, champion.number)
    )
    report = shadow_report(bucket, history, version)
    if done < policy.shadow:
        what = f"it has scored {done} of the {policy.shadow} batches in shadow that are asked for"
        stands = history.aliases.get(CHALLENGER) == version.number
        make = f"Make it challenger with `assay promote {version.name} --alias {CHALLENGER}`: then"
        along = f"{'As challenger' if stands else make} it scores along with `assay score`"
        more = format_count(policy.shadow - done, "batch")
        yield PromotionBlocker(SHADOW_GATE, what, remedy=f"{along}; wait for {more} more.")
    elif report is None:
        what = f"its answers in shadow were not compared with those of {champion.name}"
        yield PromotionBlocker(
            SHADOW_GATE, what, remedy="Run `assay monitor CONFIG`, which compares them."
        )
    elif report.verdict is Verdict.FAIL:
        yield PromotionBlocker(
            SHADOW_GATE, f"its answers in shadow failed it: {_first_fault(report)}"
        )
    elif report.verdict is Verdict.UNKNOWN:
        yield PromotionBlocker(
            SHADOW_GATE,
            f"its answers in shadow cannot tell: {_first_fault(report)}",
            needs_approval=True,
        )


def shadow_report(bucket: Bucket, history: ModelHistory, version: Version) -> Report | None:
    """The report of the last comparison with the present champion; None if there is none such
    that can be had.
    """
    entry = _last_comparison(history, version)
    if entry is None:
        return None
    try:
        report = get_report(bucket, Artifact.model_validate(entry.body["report"]))
    except IntegrityError:
        return None
    return report if report.gate == SHADOW_GATE else None


def _last_comparison(history: ModelHistory, version: Version) -> JournalEntry | None:
    champion = history.champion
    return history.last_shadow_comparison(version, champion) if champion else None


def promotion_evidence(history: ModelHistory, version: Version) -> EvidenceDigests:
    """The digests of all that speaks for a version, by gate."""
    entry = _last_comparison(history, version)
    return _gate_evidence(version) | (
        {SHADOW_GATE: entry.body["report"]["digest"]} if entry else {}
    )


def _gate_evidence(version: Version) -> EvidenceDigests:
    return {gate: str(report.digest) for gate, report in version.reports.items()}


def refuse_retired(history: ModelHistory, version: Version) -> None:
    """Raise Ineligible for a version that was retired."""
    if version.number in history.retirements:
        raise Ineligible(
            history.describe_retirement(version),
            remedy="That is for good: train it anew with `assay retrain`.",
        )


# --- who else has a say -----------------------------------------------------------------------


def valid_approvals(history: ModelHistory, version: Version) -> list[JournalEntry]:
    """The approvals of a version by people who may give them. Raises SignatureBad."""
    given = (e for e in history.entries if e.kind == APPROVED)
    mine = (e for e in given if e.body["version"] == version.number)
    return [entry for entry in mine if authority.is_permitted(entry, "approve")]


def approval_evidence(approval: JournalEntry, version: Version) -> EvidenceDigests:
    """The evidence that an approval was given on, by gate. Old entries do not say; there was
    nothing then but the gates' own reports, which never change.
    """
    return approval.body.get("evidence") or _gate_evidence(version)


def approval_holds(
    history: ModelHistory,
    version: Version,
    approval: JournalEntry,
    undecided: list[PromotionBlocker],
) -> bool:
    """Whether an approval was given on the present evidence of all that could not tell."""
    then, now = approval_evidence(approval, version), promotion_evidence(history, version)
    return all(then.get(one.gate) == now[one.gate] for one in undecided)


def _lapse_reason(history: ModelHistory, version: Version, approval: JournalEntry) -> str:
    """Why an approval does not count: of all evidence, only comparisons in shadow come anew."""
    compared = _last_comparison(history, version)
    than = (
        f" than its comparison with {history.model}@{compared.body['against']} (entry "
        f"{compared.number})"
        if compared
        else ""
    )
    return f"{approval.actor} approved it (entry {approval.number}) on other evidence{than}"


def check_decider(
    history: ModelHistory,
    version: Version,
    policy: PromotionPolicy,
    actor: authority.Actor,
    approvals: list[JournalEntry],
) -> None:
    """Check that somebody decides whom the use case accepts: `actor`, or those of the entries in
    `approvals`. Raises Ineligible.
    """
    if policy.by == "anyone":
        return
    if actor.role is None and policy.by == "engineer":
        raise _nobody_known_error(version, policy)
    if policy.by == "another engineer":
        trained = training_authors(history, version)
        others = [{actor.name.casefold()}, *(authority.author_names(entry) for entry in approvals)]
        if all(names & trained for names in others):
            raise Ineligible(
                f"{version.name} was trained by {actor.name} (entry {version.entry.number}), and "
                "its use case asks for another engineer (promotion.by)",
                remedy=f"Let somebody else run `assay approve {version.name}`.",
            )
        if actor.role is None:
            raise _nobody_known_error(version, policy)


def training_authors(history: ModelHistory, version: Version) -> set[str]:
    """Who trained a version: whoever registered it, and whoever began its retraining."""
    begun = history.retraining_entry(version)
    entries = [version.entry, *([begun] if begun else [])]
    return set().union(*map(authority.author_names, entries))


def _nobody_known_error(version: Version, policy: PromotionPolicy) -> Ineligible:
    return Ineligible(
        f"the use case of {version.name} asks for {policy.by} (promotion.by), and without a "
        "people's file nobody is known to be one",
        remedy=f"Write {DEFAULT_PEOPLE_FILE}, with who is what.",
    )


# --- waivers ----------------------------------------------------------------------------------


def find_waiver(
    history: ModelHistory, version: Version, blockers: list[PromotionBlocker], when: datetime
) -> JournalEntry | None:
    """The last waiver that holds at that moment and speaks of all that needs one; None if
    nothing does. Raises Ineligible if there is none such.
    """
    found = [one for one in blockers if not one.needs_approval]
    if not found:
        return None
    given = [e for e in history.entries if e.kind == WAIVED and e.body["version"] == version.number]
    gates = {one.gate for one in found}
    valid = [e for e in given if is_waiver_in_force(e, when) and authority.is_permitted(e, "waive")]
    for entry in reversed(valid):
        if gates <= set(entry.body["gates"]):
            return entry
    why = "; ".join(one.what for one in found)
    asked = " ".join(f"--gate {one.gate}" for one in found)
    mend = " ".join(one.remedy for one in found if one.remedy)
    only = "Else only" if mend else f"See `assay show {version.name}`. Only"
    raise Ineligible(
        f"{version.name} cannot be champion: {why}{_waiver_shortfall(given, gates, when)}",
        remedy=f"{mend} {only} a signed waiver lets it pass: ".lstrip()
        + f"`assay waive {version.name} {asked} --expires DATE --because TEXT`.",
    )


def _waiver_shortfall(given: list[JournalEntry], gates: set[str], when: datetime) -> str:
    """Why the last waiver does not help."""
    if not given:
        return ""
    entry = given[-1]
    head = f". The waiver of entry {entry.number}"
    if entry.signature is None:
        return f"{head} was signed by nobody"
    if clock.parse_timestamp(entry.body["expires"]) <= when:
        return f"{head} expired on {entry.body['expires']}"
    if missing := sorted(gates - set(entry.body["gates"])):
        return f"{head} says nothing of {', '.join(missing)}"
    return f"{head} is by {entry.actor}, who may not waive"
