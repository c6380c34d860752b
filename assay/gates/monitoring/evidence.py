"""Evidence of harm over several looks, which finds harm that is too small for one look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.gates.drift.realised_lack import RealisedLack
from assay.gates.monitoring.facts import Lack, LookSummary
from assay.gates.report import Check, Interval, Verdict
from assay.gates.statistics.change_evidence import LookEstimate, lower_limit


@dataclass(frozen=True)
class EvidenceSoFar:
    """The earlier looks, and the false alarm rate that all looks together may spend.

    `level` is None for a look that carries no evidence.
    """

    earlier: Sequence[LookSummary] = ()
    level: float | None = None


def measure_lacks(lacks: Sequence[RealisedLack]) -> dict[str, Lack]:
    """The shortfalls that this look leaves for later looks, by the name of the realised check."""
    return {
        lack.name: Lack(value=lack.current.value, variance=lack.current.variance)
        for lack in lacks
        if _is_usable(lack.current)
    }


def add_evidence(
    checks: Sequence[Check],
    lacks: Sequence[RealisedLack],
    so_far: EvidenceSoFar,
    margin: float,
) -> list[Check]:
    """The checks, where a check fails if the evidence of all looks together is against it.

    Metrics and groups share the level (Bonferroni).
    """
    named = {lack.name: lack for lack in lacks}
    if so_far.level is None or not named:
        return list(checks)
    level = so_far.level / len(named)
    return [
        _add_to_check(check, named[check.name], so_far.earlier, level, margin)
        if check.name in named
        else check
        for check in checks
    ]


def _add_to_check(
    check: Check,
    lack: RealisedLack,
    earlier: Sequence[LookSummary],
    level: float,
    margin: float,
) -> Check:
    now = lack.current
    known = _is_usable(now) and math.isfinite(lack.reference.variance)
    if check.verdict is Verdict.FAIL or not known:
        return check
    before = [one.lacks[check.name] for one in earlier if check.name in one.lacks]
    looks = [*(LookEstimate(one.value, one.variance) for one in before), now]
    low = lower_limit(lack.reference, looks, level, margin)
    if low is None:
        return check
    lies = f"{low:.1%} or more above" if lack.is_share else f"{low:.3f} or more below"
    accepted = f"{100 * margin:.3g} %" if lack.is_share else f"{margin:g}"
    why = (
        f"{check.why}; over {len(looks)} looks together it surely lies {lies} "
        f"what was expected, and {accepted} is accepted"
    )
    return check.model_copy(
        update={
            "verdict": Verdict.FAIL,
            "interval": Interval(low=low, high=None, level=1 - level),
            "why": why,
            "remedy": "What the labels follow from has changed: retrain on newer rows.",
        }
    )


def _is_usable(lack: LookEstimate) -> bool:
    """Whether the estimate has a value and an error; a share of all or of none has no error."""
    return math.isfinite(lack.value) and math.isfinite(lack.variance) and lack.variance > 0
