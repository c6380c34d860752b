"""Many tests at once: p-values adjusted so that a family of them keeps its level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from assay.evidence.statistics.intervals import Floats


def holm(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the family-wise error. Holm, Scand. J. Stat. 6 (1979)."""
    return _adjust(p_values, "holm")


def benjamini_hochberg(p_values: Sequence[float]) -> Floats:
    """p-values adjusted for the false discovery rate. J. R. Stat. Soc. B 57 (1995)."""
    return _adjust(p_values, "fdr_bh")


def _adjust(p_values: Sequence[float], method: str) -> Floats:
    from statsmodels.stats.multitest import multipletests

    if len(p_values) == 0:
        return np.empty(0)
    return np.asarray(multipletests(p_values, method=method)[1], dtype=float)
