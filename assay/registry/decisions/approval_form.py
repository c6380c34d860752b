"""The form for a pending promotion: the terms of its question, and the effect of an answer."""

from __future__ import annotations

from datetime import datetime

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.errors import NotAllowed
from assay.gates.catalog import sort_by_gate
from assay.registry.decisions import eligibility
from assay.registry.decisions.feedback import record_lesson
from assay.registry.decisions.justification import Justification, find_version
from assay.registry.decisions.promotion import promote_version
from assay.registry.recorded_people import people_in_force
from assay.registry.registry import Registry


def approval_question(bucket: Bucket, reference: str, as_of: datetime) -> str:
    """What the gates said of a version, what an answer does and who may give it, in Markdown.

    Raises Ineligible if no answer could make it champion, and NotAllowed where signatures are
    required, since a form cannot sign.
    """
    people, registry = people_in_force(bucket).people, Registry(bucket)
    history, version = find_version(registry, reference)
    if people is not None and people.signatures == "required":
        raise NotAllowed(
            "signatures are required here, and the dashboard cannot sign",
            remedy=f"Run `assay promote {version.name} --approve --because TEXT` at a terminal, "
            "with your key.",
        )
    policy = registry.promotion_policy(version)
    eligibility.refuse_retired(history, version)
    open_ = eligibility.find_blockers(bucket, history, version, policy)
    eligibility.find_waiver(history, version, open_, as_of)
    gates = sort_by_gate(version.entry.body["gates"])
    lines = ["**The gates**", "", *(f"- {gate}: {verdict}" for gate, verdict in gates.items())]
    shadow = eligibility.shadow_report(bucket, history, version)
    lines += [f"- shadow: {shadow.verdict}. {shadow.summary}"] if shadow else []
    lines += [f"- needs your approval: {one.reason}" for one in open_ if one.needs_approval]
    now = f"{history.champion.name} stays champion" if history.champion else "there is no champion"
    who = {"another engineer": "an engineer who did not train it"}.get(policy.by, policy.by)
    answer = (
        f"**Your answer.** approve: {version.name} becomes champion. refuse: {now}, and your "
        f"reason is kept. Who may answer: {who}."
    )
    return "\n".join([*lines, "", answer])


def apply_answer(
    bucket: Bucket, reference: str, justification: Justification, *, yes: bool
) -> JournalEntry | None:
    """Promote a version, or record why not; None if it is champion already.

    Raises what `promote_version` raises.
    """
    if yes:
        return promote_version(bucket, reference, justification, approve=True)
    return refuse_promotion(bucket, reference, justification)


def refuse_promotion(bucket: Bucket, reference: str, justification: Justification) -> JournalEntry:
    """Record that a version shall not become champion, and why.

    Raises NotAllowed, ReferenceUnknown.
    """
    justification.authorize(bucket, "approve")
    _, version = find_version(Registry(bucket), reference)
    return record_lesson(bucket, version.model, justification, cause=f"promotion:{version.name}")
