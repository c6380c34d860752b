"""Who may become champion: what stands in a version's way, and which waiver or approval clears it.

Nothing here rests on what an entry claims of a gate: the gates' reports are read, and verified.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from assay import moments, trust
from assay.artifacts import Artifact
from assay.batches import Ledger
from assay.bucket import Bucket
from assay.config.living import Promotion
from assay.config.people import USUAL
from assay.errors import Ineligible, IntegrityError
from assay.evidence.amounts import and_more, some
from assay.evidence.report import Report, Verdict, get_report
from assay.gates import GATES, in_order
from assay.journal import JournalEntry
from assay.registry import Registry
from assay.versions import APPROVED, CHALLENGER, WAIVED, History, Version, in_force

Evidence = dict[str, str]  # by gate, the digest of its report

SHADOW = "shadow"  # the gate, and what a waiver calls missing batches

# What every version has been judged by since the first format; later gates count if they were run.
_ALWAYS = ("validation", "feasibility", "performance", "fairness")


@dataclass(frozen=True, slots=True)
class Hindrance:
    """What keeps a version from being champion. `gate`: by what name a waiver speaks of it.

    `held`: a gate could not tell, which is for a person to approve, not to waive. `mend`: what
    would clear it, where that is more than to wait for people.
    """

    gate: str
    what: str
    held: bool = False
    mend: str = ""


@dataclass(frozen=True, slots=True)
class Clearance:
    """By what a version may be champion: the waiver, if it needs one; and what a person has still
    to approve of.
    """

    waiver: JournalEntry | None
    unapproved: list[str]


def clear(
    bucket: Bucket, history: History, version: Version, who: trust.Actor, when: datetime
) -> Clearance:
    """Whether `who` may make a version champion at that moment, and by what.

    Raises Ineligible, naming the rule, the entry that it rests on and what to do next;
    ObjectMissing, ObjectCorrupt if the run's record cannot be read.
    """
    refuse_retired(history, version)
    policy = Registry(bucket).policy(version)
    found = hindrances(bucket, history, version, policy)
    held = [one for one in found if one.held]
    given = approvals(history, version)
    stand = [entry for entry in given if stands(history, version, entry, held)]
    second(history, version, policy, who, also=stand)
    waiver = waiver_for(history, version, found, when)
    if stand:
        return Clearance(waiver, [])
    lapsed = [_lapsed(history, version, given[-1])] if given else []
    return Clearance(waiver, [*(one.what for one in held), *lapsed])


def hindrances(
    bucket: Bucket, history: History, version: Version, policy: Promotion
) -> list[Hindrance]:
    """Everything that stands in a version's way, gates in reading order."""
    return [*_gates(bucket, version), *unshadowed(bucket, history, version, policy)]


def _gates(bucket: Bucket, version: Version) -> Iterator[Hindrance]:
    for gate in _needed(bucket, version):
        artifact = version.reports.get(gate)
        if artifact is None:
            yield Hindrance(gate, f"there is no report of its {gate} gate")
            continue
        try:
            report = get_report(bucket, artifact)
        except IntegrityError as error:
            yield Hindrance(gate, f"the report of its {gate} gate cannot be had: {error.what}")
            continue
        if report.verdict is Verdict.FAIL:
            yield Hindrance(gate, f"the {gate} gate failed it: {_first(report)}")
        elif report.verdict is Verdict.UNKNOWN:
            yield Hindrance(gate, f"the {gate} gate cannot tell: {_first(report)}", held=True)


def _first(report: Report) -> str:
    """The first check that its verdict rests on, and how many more there are."""
    checks = report.at_fault(report.verdict)
    if not checks:
        return report.summary
    return f"{checks[0].claim}: {checks[0].why.removesuffix('.')}{and_more(len(checks))}"


def _needed(bucket: Bucket, version: Version) -> list[str]:
    """The gates of which there must be evidence: those that its run took, and the old four."""
    steps = bucket.get_json(version.artifact("run"))["steps"]
    stages = (step["components"]["stage"] for step in steps)
    ran = {GATES[stage] for stage in stages if stage in GATES}
    return list(in_order(dict.fromkeys([*_ALWAYS, *sorted(ran)])))


def unshadowed(
    bucket: Bucket, history: History, version: Version, policy: Promotion
) -> Iterator[Hindrance]:
    """Batches scored beside the champion, where there is one and the version never was it; and
    what came of comparing the answers.
    """
    champion = history.champion
    if not policy.shadow or champion in (None, version) or version.number in history.served:
        return
    done = len(Ledger(bucket, version.model).read().beside(version.number, champion.number))
    report = shadow_report(bucket, history, version)
    if done < policy.shadow:
        what = f"it has scored {done} of the {policy.shadow} batches in shadow that are asked for"
        stands = history.aliases.get(CHALLENGER) == version.number
        make = f"Make it challenger with `assay promote {version.name} --alias {CHALLENGER}`: then"
        along = f"{'As challenger' if stands else make} it scores along with `assay score`"
        more = some(policy.shadow - done, "batch")
        yield Hindrance(SHADOW, what, mend=f"{along}; wait for {more} more.")
    elif report is None:
        what = f"its answers in shadow were not compared with those of {champion.name}"
        yield Hindrance(SHADOW, what, mend="Run `assay monitor CONFIG`, which compares them.")
    elif report.verdict is Verdict.FAIL:
        yield Hindrance(SHADOW, f"its answers in shadow failed it: {_first(report)}")
    elif report.verdict is Verdict.UNKNOWN:
        yield Hindrance(SHADOW, f"its answers in shadow cannot tell: {_first(report)}", held=True)


def shadow_report(bucket: Bucket, history: History, version: Version) -> Report | None:
    """The report of the last comparison with the present champion; None if there is none such
    that can be had.
    """
    entry = _compared(history, version)
    if entry is None:
        return None
    try:
        report = get_report(bucket, Artifact.model_validate(entry.body["report"]))
    except IntegrityError:
        return None
    return report if report.gate == SHADOW else None


def _compared(history: History, version: Version) -> JournalEntry | None:
    champion = history.champion
    return history.shadowed(version, champion) if champion else None


def evidence(history: History, version: Version) -> Evidence:
    """The digests of all that speaks for a version, by gate."""
    entry = _compared(history, version)
    return _own(version) | ({SHADOW: entry.body["report"]["digest"]} if entry else {})


def _own(version: Version) -> Evidence:
    return {gate: str(report.digest) for gate, report in version.reports.items()}


def refuse_retired(history: History, version: Version) -> None:
    """Raise Ineligible for a version that was retired."""
    if version.number in history.retired:
        raise Ineligible(
            history.retirement(version),
            remedy="That is for good: train it anew with `assay retrain`.",
        )


# --- who else has a say -----------------------------------------------------------------------


def approvals(history: History, version: Version) -> list[JournalEntry]:
    """The approvals of a version by people who may give them. Raises SignatureBad."""
    given = (e for e in history.entries if e.kind == APPROVED)
    mine = (e for e in given if e.body["version"] == version.number)
    return [entry for entry in mine if trust.may(entry, "approve")]


def approved(approval: JournalEntry, version: Version) -> Evidence:
    """The evidence that an approval was given on, by gate. Old entries do not say; there was
    nothing then but the gates' own reports, which never change.
    """
    return approval.body.get("evidence") or _own(version)


def stands(
    history: History, version: Version, approval: JournalEntry, held: list[Hindrance]
) -> bool:
    """Whether an approval was given on the present evidence of all that could not tell."""
    then, now = approved(approval, version), evidence(history, version)
    return all(then.get(one.gate) == now[one.gate] for one in held)


def _lapsed(history: History, version: Version, approval: JournalEntry) -> str:
    """Why an approval does not count: of all evidence, only comparisons in shadow come anew."""
    compared = _compared(history, version)
    than = (
        f" than its comparison with {history.model}@{compared.body['against']} (entry "
        f"{compared.number})"
        if compared
        else ""
    )
    return f"{approval.actor} approved it (entry {approval.number}) on other evidence{than}"


def second(
    history: History,
    version: Version,
    policy: Promotion,
    who: trust.Actor,
    also: list[JournalEntry],
) -> None:
    """Check that somebody decides whom the use case accepts: `who`, or those of the entries in
    `also`. Raises Ineligible.
    """
    if policy.by == "anyone":
        return
    if who.role is None and policy.by == "engineer":
        raise _nobody_known(version, policy)
    if policy.by == "another engineer":
        trained = authors(history, version)
        others = [{who.name.casefold()}, *(trust.authors(entry) for entry in also)]
        if all(names & trained for names in others):
            raise Ineligible(
                f"{version.name} was trained by {who.name} (entry {version.entry.number}), and "
                "its use case asks for another engineer (promotion.by)",
                remedy=f"Let somebody else run `assay approve {version.name}`.",
            )
        if who.role is None:
            raise _nobody_known(version, policy)


def authors(history: History, version: Version) -> set[str]:
    """Who trained a version: whoever registered it, and whoever began its retraining."""
    begun = history.begun(version)
    entries = [version.entry, *([begun] if begun else [])]
    return set().union(*map(trust.authors, entries))


def _nobody_known(version: Version, policy: Promotion) -> Ineligible:
    return Ineligible(
        f"the use case of {version.name} asks for {policy.by} (promotion.by), and without a "
        "people's file nobody is known to be one",
        remedy=f"Write {USUAL}, with who is what.",
    )


# --- waivers ----------------------------------------------------------------------------------


def waiver_for(
    history: History, version: Version, hindrances: list[Hindrance], when: datetime
) -> JournalEntry | None:
    """The last waiver that holds at that moment and speaks of all that needs one; None if
    nothing does. Raises Ineligible if there is none such.
    """
    found = [one for one in hindrances if not one.held]
    if not found:
        return None
    given = [e for e in history.entries if e.kind == WAIVED and e.body["version"] == version.number]
    gates = {one.gate for one in found}
    valid = [e for e in given if in_force(e, when) and trust.may(e, "waive")]
    for entry in reversed(valid):
        if gates <= set(entry.body["gates"]):
            return entry
    why = "; ".join(one.what for one in found)
    asked = " ".join(f"--gate {one.gate}" for one in found)
    mend = " ".join(one.mend for one in found if one.mend)
    only = "Else only" if mend else f"See `assay show {version.name}`. Only"
    raise Ineligible(
        f"{version.name} cannot be champion: {why}{_of_no_use(given, gates, when)}",
        remedy=f"{mend} {only} a signed waiver lets it pass: ".lstrip()
        + f"`assay waive {version.name} {asked} --expires DATE --because TEXT`.",
    )


def _of_no_use(given: list[JournalEntry], gates: set[str], when: datetime) -> str:
    """Why the last waiver does not help."""
    if not given:
        return ""
    entry = given[-1]
    head = f". The waiver of entry {entry.number}"
    if entry.signature is None:
        return f"{head} was signed by nobody"
    if moments.moment(entry.body["expires"]) <= when:
        return f"{head} expired on {entry.body['expires']}"
    if missing := sorted(gates - set(entry.body["gates"])):
        return f"{head} says nothing of {', '.join(missing)}"
    return f"{head} is by {entry.actor}, who may not waive"
