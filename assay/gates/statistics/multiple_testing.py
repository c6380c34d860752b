"""Corrections for multiple tests: p-values adjusted so that a family keeps its level."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from assay.gates.statistics.intervals import Bools, Floats


def holm(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the family-wise error. Holm, Scand. J. Stat. 6 (1979)."""
    # Not statsmodels' `multipletests`, which collects garbage at each call.
    p = np.asarray(p_values, dtype=float)
    order = np.argsort(p)
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted: Floats = np.empty(len(p))
    adjusted[order] = np.minimum(stepped, 1.0)
    return adjusted


def holm_step_down(
    is_beyond: Callable[[float], Bools], family: Bools, alpha: float = 0.05
) -> tuple[Bools, Floats]:
    """Holm's procedure by intervals: the rejected members of `family`, and the levels.

    `is_beyond` says which intervals at a two-sided level lie wholly on the bad side; a wider
    interval lies there only if a narrower one does. At first all members count. Rejected members
    leave, which makes rejection easier for the rest. The level of a member is that at which it was
    rejected, or the last one; non-members have the last one. Holm, Scand. J. Stat. 6 (1979).
    """
    rejected = np.zeros_like(family)
    levels = np.zeros(len(family))
    while True:
        level = 1 - alpha / max(int((family & ~rejected).sum()), 1)
        levels[~rejected] = level
        new = family & ~rejected & is_beyond(level)
        if not new.any():
            return rejected, levels
        rejected |= new


def benjamini_hochberg(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the false discovery rate. J. R. Stat. Soc. B 57 (1995)."""
    from scipy.stats import false_discovery_control

    found: Floats = false_discovery_control(p_values, method="bh")
    return found
