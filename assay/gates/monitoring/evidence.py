"""Evidence of harm over several looks, which finds harm that is too small for one look."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from assay.gates.drift.checks import realised_check_name
from assay.gates.drift.performance_drop import PerformanceDrop
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


def measure_lacks(drops: Sequence[PerformanceDrop]) -> dict[str, Lack]:
    """The shortfalls that this look leaves for later looks, by the name of the realised check."""
    return {
        realised_check_name(drop): Lack(
            value=drop.current_lack.value, variance=drop.current_lack.variance
        )
        for drop in drops
        if drop.current_lack is not None and _is_usable(drop.current_lack)
    }


def add_evidence(
    checks: Sequence[Check],
    drops: Sequence[PerformanceDrop],
    so_far: EvidenceSoFar,
    margin: float,
) -> list[Check]:
    """The checks, where a check fails if the evidence of all looks together is against it.

    Metrics and groups share the level (Bonferroni).
    """
    named = {realised_check_name(drop): drop for drop in drops if drop.current_lack is not None}
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
    drop: PerformanceDrop,
    earlier: Sequence[LookSummary],
    level: float,
    margin: float,
) -> Check:
    reference, now = drop.reference_lack, drop.current_lack
    if check.verdict is Verdict.FAIL or reference is None or now is None or not _is_usable(now):
        return check
    before = [one.lacks[check.name] for one in earlier if check.name in one.lacks]
    looks = [*(LookEstimate(lack.value, lack.variance) for lack in before), now]
    low = lower_limit(reference, looks, level, margin)
    if low is None:
        return check
    why = (
        f"{check.why}; over {len(looks)} looks together it surely lies {low:.3f} or more below "
        f"what was expected, and {margin:g} is accepted"
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
