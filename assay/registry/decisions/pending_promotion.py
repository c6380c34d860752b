"""What a version that its gates let pass still waits for: a person's word."""

from __future__ import annotations

from dataclasses import dataclass

from assay.bucket.bucket import Bucket
from assay.errors import IntegrityError
from assay.registry.decisions import eligibility
from assay.registry.history import REJECTED, ModelHistory, Version
from assay.registry.registry import Registry


@dataclass(frozen=True, slots=True)
class PendingPromotion:
    """`reason` a version is no champion by itself, and the `command` by which a person makes it."""

    reason: str
    command: str


def find_pending_promotion(
    bucket: Bucket, history: ModelHistory, version: Version
) -> PendingPromotion | None:
    """What a version waits for. None for one that was champion, was refused or taken back, or
    came before the present champion.
    """
    number, champion = version.number, history.champion
    if (
        version.status == REJECTED
        or number in history.served_versions
        or history.was_withdrawn(number)
    ):
        return None
    if champion is not None and number < champion.number:
        return None
    try:
        found = eligibility.find_blockers(
            bucket, history, version, Registry(bucket).promotion_policy(version)
        )
        open_ = [one for one in found if one.needs_approval]
        given = eligibility.valid_approvals(history, version)
        approved = any(
            eligibility.approval_holds(history, version, entry, open_) for entry in given
        )
    except IntegrityError as error:  # to promote it would say more
        found, approved = (
            [eligibility.PromotionBlocker("run", f"{error.what} ({error.where})")],
            False,
        )
    held = [one.what for one in found if one.needs_approval and not approved]
    others = [f"{one.what}. {one.remedy}".strip() for one in found if not one.needs_approval]
    why = "it awaits a person's approval" if held else "it awaits a person who promotes it"
    promote = f"assay promote {version.name}{' --approve' * bool(held)} --because TEXT"
    return PendingPromotion(": ".join([why, *filter(None, ["; ".join([*held, *others])])]), promote)
