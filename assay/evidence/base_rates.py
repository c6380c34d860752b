"""Groups before any training: how many there are, how often they are positive, what they lack."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.evidence.groups import reference_of
from assay.evidence.report import Sheet
from assay.evidence.statistics import newcombe_limits, wilson_limits


def before(
    labels: pd.DataFrame,
    truth: pd.Series,
    *,
    features: pd.DataFrame | None = None,
    sensitive: Mapping[str, Sensitive] | None = None,
) -> list[Sheet]:
    """One sheet per column of group `labels`: representation, base rates, missing values.

    All frames are aligned by row. Base rates carry Wilson intervals, gaps to the reference
    Newcombe's, both at 95 %. `missing` is the share of the features' values that are null.
    """
    declared = sensitive or {}
    lacking = None if features is None else features.isna().mean(axis=1).to_numpy(float)
    return [
        _sheet(labels[name], truth.to_numpy(bool), lacking, declared.get(str(name), Sensitive()))
        for name in labels.columns
    ]


def _sheet(
    labels: pd.Series, truth: np.ndarray, lacking: np.ndarray | None, declared: Sensitive
) -> Sheet:
    name = str(labels.name)
    held = pd.DataFrame({"group": labels.to_numpy(), "positives": truth, "rows": 1})
    held["missing"] = np.nan if lacking is None else lacking
    table = held.groupby("group").agg({"rows": "sum", "positives": "sum", "missing": "mean"})
    table = table.sort_values("rows", ascending=False, kind="stable")
    reference = reference_of(table["rows"], declared, name)
    k, n = table["positives"].to_numpy(float), table["rows"].to_numpy(float)
    base = table.loc[reference]
    low, high = wilson_limits(k, n)
    gap_low, gap_high = newcombe_limits(k, n, base["positives"], base["rows"])
    rate, base_rate = k / n, base["positives"] / base["rows"]
    rows = tuple(
        (
            str(group),
            int(n[i]),
            float(n[i] / n.sum()),
            int(k[i]),
            float(rate[i]),
            float(low[i]),
            float(high[i]),
            float(rate[i] - base_rate),
            None if group == reference else float(gap_low[i]),
            None if group == reference else float(gap_high[i]),
            None if lacking is None else float(table["missing"].iloc[i]),
        )
        for i, group in enumerate(table.index)
    )
    return Sheet(
        title=f"Base rates by {name}",
        columns=(
            *(name, "rows", "share", "positives", "base rate", "low", "high"),
            *("gap", "gap low", "gap high", "missing"),
        ),
        rows=rows,
        note=f"Gaps are to {reference}. A gap here is of the data, before any model.",
    )
