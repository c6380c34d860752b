"""What a version that passed its gates still waits for: a person's decision."""

from __future__ import annotations

from dataclasses import dataclass

from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError
from assay.registry.decisions import eligibility
from assay.registry.history import REJECTED, ModelHistory, Version
from assay.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class PendingPromotion:
    """Why a version is not champion yet, and the command by which a person makes it champion.

    `needs_person`: a person can decide now; otherwise batches in shadow come first.
    """

    reason: str
    command: str
    needs_person: bool


def find_pending_promotion(
    bucket: Bucket, history: ModelHistory, version: Version
) -> PendingPromotion | None:
    """What a version waits for.

    None for one that is or was champion, was rejected, refused or withdrawn, or is older than the
    champion.
    """
    number, champion = version.number, history.champion
    if (
        version.status == REJECTED
        or number in history.served_versions
        or history.was_withdrawn(number)
        or history.last_refusal(number)
    ):
        return None
    if champion is not None and number < champion.number:
        return None
    try:
        blockers = eligibility.find_blockers(
            bucket, history, version, Registry(bucket).promotion_policy(version)
        )
        undecided = [one for one in blockers if one.needs_approval]
        approvals = eligibility.valid_approvals(history, version)
        approved = any(
            eligibility.approval_holds(history, version, entry, undecided) for entry in approvals
        )
    except IntegrityError as error:  # `assay promote` says more about it
        blockers = [eligibility.PromotionBlocker("run", f"{error.what} ({error.where})")]
        approved = False
    unapproved = [one.reason for one in blockers if one.needs_approval and not approved]
    others = [f"{one.reason}. {one.remedy}".strip() for one in blockers if not one.needs_approval]
    why = "it awaits a person's approval" if unapproved else "it awaits a person who promotes it"
    if details := "; ".join([*unapproved, *others]):
        why = f"{why}: {details}"
    promote = f"assay promote {version.name}{' --approve' * bool(unapproved)} --because TEXT"
    waits_for_batches = any(one.gate == eligibility.SHADOW_GATE and one.remedy for one in blockers)
    return PendingPromotion(why, promote, needs_person=not waits_for_batches)
