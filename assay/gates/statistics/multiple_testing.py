"""Many tests at once: p-values adjusted so that a family of them keeps its level."""

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
    """Holm's procedure by intervals: which members of `family` are rejected, and at what levels.

    `is_beyond` says which intervals at a two-sided level lie wholly on the bad side; a wider
    interval lies there only if a narrower one does. At first all count; those rejected leave, which
    eases it for the rest. The levels are those at which each was rejected, or not in the end; what
    is not in the family has the last one. Holm, Scand. J. Stat. 6 (1979).
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
