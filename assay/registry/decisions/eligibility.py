"""Which version may become champion: what blocks it, and which waiver or approval clears it.

It never relies on what an entry claims about a gate: the gates' reports are read and verified.
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
from assay.registry.decisions.card_words import card_remedy, card_words, describe_card_gaps
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

SHADOW_GATE = "shadow"  # the gate's name, also in a waiver of missing shadow batches
CARD = "card"  # in a waiver of a model card with gaps

# Every version has been judged by these since the first format. Later gates count if they ran.
_ALWAYS_REQUIRED = ("validation", "feasibility", "performance", "fairness")


@dataclass(frozen=True, slots=True)
class PromotionBlocker:
    """A reason why a version cannot be champion. `gate` is its name in a waiver.

    `needs_approval`: the gate could not decide, so a person approves; nobody waives. `remedy`: how
    to clear it, if that takes more than a person's decision.
    """

    gate: str
    reason: str
    needs_approval: bool = False
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """Why a version may be champion: its waiver, if it needs one, and approvals still missing."""

    waiver: JournalEntry | None
    pending_approvals: list[str]


def require_clearance(
    bucket: Bucket, history: ModelHistory, version: Version, who: authority.Actor, as_of: datetime
) -> Clearance:
    """The clearance by which `who` may make a version champion at that moment.

    Raises Ineligible, which names the rule, its entry and what to do next; ObjectMissing or
    ObjectCorrupt if the run's record cannot be read.
    """
    refuse_retired(history, version)
    policy = Registry(bucket).promotion_policy(version)
    blockers = find_blockers(bucket, history, version, policy)
    undecided = [one for one in blockers if one.needs_approval]
    approvals = valid_approvals(history, version)
    current = [entry for entry in approvals if approval_holds(history, version, entry, undecided)]
    check_decider(history, version, policy, who, approvals=current)
    waiver = find_waiver(history, version, blockers, as_of)
    if current:
        return Clearance(waiver, [])
    lapsed = [_lapse_reason(history, version, approvals[-1])] if approvals else []
    return Clearance(waiver, [*(one.reason for one in undecided), *lapsed])


def find_blockers(
    bucket: Bucket, history: ModelHistory, version: Version, policy: PromotionPolicy
) -> list[PromotionBlocker]:
    """Everything that blocks a version, by gate in reading order."""
    return [
        *_gate_blockers(bucket, version),
        *shadow_blockers(bucket, history, version, policy),
        *_card_blockers(bucket, history, version, policy),
    ]


def _card_blockers(
    bucket: Bucket, history: ModelHistory, version: Version, policy: PromotionPolicy
) -> Iterator[PromotionBlocker]:
    """Gaps of the model card, where the use case requires that there be none."""
    if policy.card != "required":
        return
    words = card_words(bucket, history, version)
    if words.gaps:
        yield PromotionBlocker(CARD, describe_card_gaps(words), remedy=card_remedy(words))


def _gate_blockers(bucket: Bucket, version: Version) -> Iterator[PromotionBlocker]:
    for gate in _required_gates(bucket, version):
        artifact = version.reports.get(gate)
        if artifact is None:
            yield PromotionBlocker(gate, f"its {gate} gate left no report")
            continue
        try:
            report = get_report(bucket, artifact)
        except IntegrityError as error:
            yield PromotionBlocker(
                gate, f"the report of its {gate} gate cannot be read: {error.what}"
            )
            continue
        if report.verdict is Verdict.FAIL:
            yield PromotionBlocker(gate, f"the {gate} gate failed it: {_first_fault(report)}")
        elif report.verdict is Verdict.UNKNOWN:
            yield PromotionBlocker(
                gate, f"the {gate} gate cannot tell: {_first_fault(report)}", needs_approval=True
            )


def _first_fault(report: Report) -> str:
    """The first check behind a report's verdict, and how many more there are."""
    checks = report.checks_weighing(report.verdict)
    if not checks:
        return report.summary
    return f"{checks[0].finding}{more_suffix(len(checks))}"


def _required_gates(bucket: Bucket, version: Version) -> list[str]:
    """The gates whose reports are required: those that its run took, and the first four."""
    steps = bucket.get_json(version.artifact("run"))["steps"]
    stages = (step["components"]["stage"] for step in steps)
    ran = {GATE_BY_STAGE[stage] for stage in stages if stage in GATE_BY_STAGE}
    return list(sort_by_gate(dict.fromkeys([*_ALWAYS_REQUIRED, *sorted(ran)])))


def shadow_blockers(
    bucket: Bucket, history: ModelHistory, version: Version, policy: PromotionPolicy
) -> Iterator[PromotionBlocker]:
    """What is missing or failed in shadow.

    Nothing if there is no champion, or if the version is or was champion itself.
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
        what = f"it has scored {done} of the {policy.shadow} required batches in shadow"
        is_challenger = history.aliases.get(CHALLENGER) == version.number
        make = f"Make it challenger with `assay promote {version.name} --alias {CHALLENGER}`: then"
        scores = f"{'As challenger' if is_challenger else make} it scores along with `assay score`"
        more = format_count(policy.shadow - done, "batch")
        yield PromotionBlocker(SHADOW_GATE, what, remedy=f"{scores}; wait for {more} more.")
    elif report is None:
        what = f"its answers in shadow were not compared with those of {champion.name}"
        yield PromotionBlocker(
            SHADOW_GATE, what, remedy="Run `assay monitor CONFIG`, which compares them."
        )
    elif report.verdict is Verdict.FAIL:
        yield PromotionBlocker(SHADOW_GATE, f"it failed in shadow: {_first_fault(report)}")
    elif report.verdict is Verdict.UNKNOWN:
        yield PromotionBlocker(
            SHADOW_GATE,
            f"its answers in shadow cannot tell: {_first_fault(report)}",
            needs_approval=True,
        )


def shadow_report(bucket: Bucket, history: ModelHistory, version: Version) -> Report | None:
    """The report of the last comparison with the present champion, if it can be read."""
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
    """The digests of a version's reports, by gate."""
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
            remedy="That is final. Train another with `assay retrain`.",
        )


# --- approvals --------------------------------------------------------------------------------


def valid_approvals(history: ModelHistory, version: Version) -> list[JournalEntry]:
    """The approvals of a version by people with the permission. Raises SignatureBad."""
    approvals = (e for e in history.entries if e.kind == APPROVED)
    of_version = (e for e in approvals if e.body["version"] == version.number)
    return [e for e in of_version if authority.is_permitted(history.bucket, e, "approve")]


def approval_evidence(approval: JournalEntry, version: Version) -> EvidenceDigests:
    """The evidence of an approval, by gate.

    Old entries name none; they rested on the gates' own reports, which never change.
    """
    return approval.body.get("evidence") or _gate_evidence(version)


def approval_holds(
    history: ModelHistory,
    version: Version,
    approval: JournalEntry,
    undecided: list[PromotionBlocker],
) -> bool:
    """Whether an approval rests on the present evidence of every undecided gate."""
    then, now = approval_evidence(approval, version), promotion_evidence(history, version)
    return all(then.get(one.gate) == now[one.gate] for one in undecided)


def _lapse_reason(history: ModelHistory, version: Version, approval: JournalEntry) -> str:
    """Why an approval does not count. Of all evidence, only shadow comparisons can be new."""
    comparison = _last_comparison(history, version)
    before = (
        f", before its comparison with {history.model}@{comparison.body['against']} (entry "
        f"{comparison.number})"
        if comparison
        else ""
    )
    return f"{approval.actor} approved it (entry {approval.number}) on other evidence{before}"


def check_decider(
    history: ModelHistory,
    version: Version,
    policy: PromotionPolicy,
    actor: authority.Actor,
    approvals: list[JournalEntry],
) -> None:
    """Check that the use case accepts `actor` or an author of `approvals` as the decider.

    Raises Ineligible.
    """
    if policy.by == "anyone":
        return
    if actor.role is None and policy.by == "engineer":
        raise _nobody_known_error(version, policy)
    if policy.by == "another engineer":
        trained = training_authors(history, version)
        others = [
            {actor.name.casefold()},
            *(authority.author_names(history.bucket, entry) for entry in approvals),
        ]
        if all(names & trained for names in others):
            raise Ineligible(
                f"{actor.name} trained {version.name} (entry {version.entry.number}), and its use "
                "case asks for another engineer (promotion.by)",
                remedy=f"Have another engineer run `assay approve {version.name}`.",
            )
        if actor.role is None:
            raise _nobody_known_error(version, policy)


def training_authors(history: ModelHistory, version: Version) -> set[str]:
    """The names of those who registered a version or began its retraining."""
    retraining = history.retraining_entry(version)
    entries = [version.entry, *([retraining] if retraining else [])]
    return set().union(*(authority.author_names(history.bucket, entry) for entry in entries))


def _nobody_known_error(version: Version, policy: PromotionPolicy) -> Ineligible:
    return Ineligible(
        f"the use case of {version.name} asks for {policy.by} (promotion.by), but there is no "
        "people file that says who is one",
        remedy=f"Write {DEFAULT_PEOPLE_FILE} with everyone's role.",
    )


# --- waivers ----------------------------------------------------------------------------------


def find_waiver(
    history: ModelHistory, version: Version, blockers: list[PromotionBlocker], as_of: datetime
) -> JournalEntry | None:
    """The last waiver in force that covers all blockers; None if nothing needs a waiver.

    Raises Ineligible if a waiver is needed and there is none.
    """
    waivable = [one for one in blockers if not one.needs_approval]
    if not waivable:
        return None
    gates = {one.gate for one in waivable}
    waivers = [e for e in history.entries if e.kind == WAIVED]
    own = [e for e in waivers if e.body["version"] == version.number]
    in_force = [e for e in own if is_waiver_in_force(e, as_of)]
    valid = [e for e in in_force if authority.is_permitted(history.bucket, e, "waive")]
    for entry in reversed(valid):
        if gates <= set(entry.body["gates"]):
            return entry
    why = "; ".join(one.reason for one in waivable)
    options = " ".join(f"--gate {one.gate}" for one in waivable)
    remedies = " ".join(one.remedy for one in waivable if one.remedy)
    only = "Else only" if remedies else f"See `assay show {version.name}`. Only"
    raise Ineligible(
        f"{version.name} cannot be champion: {why}{_waiver_shortfall(own, gates, as_of)}",
        remedy=f"{remedies} {only} a signed waiver lets it pass: ".lstrip()
        + f"`assay waive {version.name} {options} --expires DATE --because TEXT`.",
    )


def _waiver_shortfall(waivers: list[JournalEntry], gates: set[str], as_of: datetime) -> str:
    """Why the last waiver does not help, as the end of a sentence."""
    if not waivers:
        return ""
    entry = waivers[-1]
    head = f". The waiver of entry {entry.number}"
    if entry.signature is None:
        return f"{head} is not signed"
    if clock.parse_timestamp(entry.body["expires"]) <= as_of:
        return f"{head} expired on {entry.body['expires']}"
    if missing := sorted(gates - set(entry.body["gates"])):
        return f"{head} does not cover {', '.join(missing)}"
    return f"{head} is by {entry.actor}, who may not waive"
