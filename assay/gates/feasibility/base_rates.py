"""Groups before any training: how many there are, how often they are positive, what they lack."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.dataset.groups import reference_from_counts
from assay.errors import nearest_name
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.intervals import make_interval, verdict_at_least, verdict_at_most
from assay.gates.statistics.proportions import newcombe_limits, wilson_limits

LEAST_REPRESENTATION = (
    0.8  # four fifths of a group's share of the people, below which the rows have too few
)
ALPHA = 0.05


def base_rate_sheets(
    labels: pd.DataFrame,
    truth: pd.Series,
    *,
    features: pd.DataFrame | None = None,
    sensitive: Mapping[str, Sensitive] | None = None,
) -> list[Sheet]:
    """One sheet per column of group `labels`: representation, base rates, missing values.

    All frames are aligned by row. Base rates carry Wilson intervals, gaps to the reference
    Newcombe's, both at 95 %. `missing` is the share of the features' values that are null,
    `population` the group's share of the people, where the use case says it.
    """
    declared = sensitive or {}
    lacking = None if features is None else features.isna().mean(axis=1).to_numpy(float)
    return [
        _base_rate_sheet(
            labels[name], truth.to_numpy(bool), lacking, declared.get(str(name), Sensitive())
        )
        for name in labels.columns
    ]


def _base_rate_sheet(
    labels: pd.Series, truth: np.ndarray, missing_shares: np.ndarray | None, declared: Sensitive
) -> Sheet:
    name = str(labels.name)
    held = pd.DataFrame({"group": labels.to_numpy(), "positives": truth, "rows": 1})
    held["missing"] = np.nan if missing_shares is None else missing_shares
    table = held.groupby("group").agg({"rows": "sum", "positives": "sum", "missing": "mean"})
    table = table.sort_values("rows", ascending=False, kind="stable")
    reference = reference_from_counts(table["rows"], declared, name)
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
            None if missing_shares is None else float(table["missing"].iloc[i]),
            *_population(str(group), declared),
        )
        for i, group in enumerate(table.index)
    )
    return Sheet(
        title=f"Base rates by {name}",
        columns=(
            *(name, "rows", "share", "positives", "base rate", "low", "high"),
            *("gap", "gap low", "gap high", "missing"),
            *(["population"] if declared.population else []),
        ),
        rows=rows,
        note=f"Gaps are to {reference}. A gap here is of the data, before any model.",
    )


def _population(group: str, declared: Sensitive) -> tuple[Cell, ...]:
    return (declared.population.get(group),) if declared.population else ()


def representation_checks(labels: pd.DataFrame, sensitive: Mapping[str, Sensitive]) -> list[Check]:
    """Soft checks: is each group whose share of the people is stated as large a part of the rows?

    From four fifths of that share to five quarters of it; Wilson's interval of the rows' share,
    Bonferroni over the column's stated groups.
    """
    return [
        _representation_check(labels[name], group, share, declared)
        for name, declared in sensitive.items()
        if name in labels
        for group, share in declared.population.items()
    ]


def _representation_check(
    labels: pd.Series, group: str, share: float, declared: Sensitive
) -> Check:
    held, rows = int((labels == group).sum()), len(labels)
    level = 1 - ALPHA / len(declared.population)
    low, high = wilson_limits(held, rows, level)
    found = make_interval(float(low) / share, float(high) / share, level)
    sides = (
        verdict_at_least(found, LEAST_REPRESENTATION),
        verdict_at_most(found, 1 / LEAST_REPRESENTATION),
    )
    name, ratio = f"{labels.name}={group}", held / rows / share
    return Check(
        name=f"representation[{name}]",
        claim=f"{name} has {LEAST_REPRESENTATION:g} to {1 / LEAST_REPRESENTATION:g} times the"
        " share in the rows that it has among the people",
        verdict=Verdict.worst(sides),
        statistic="share of the rows over share of the people",
        estimate=ratio,
        interval=found,
        threshold=LEAST_REPRESENTATION if ratio < 1 else 1 / LEAST_REPRESENTATION,
        why=f"{name} has {held / rows:.1%} of {rows:,} rows and is {share:.1%} of the people",
        remedy=_representation_remedy(labels, group, held, Verdict.worst(sides), ratio),
        hard=False,
        accepted=True,  # a soft check: what it cannot tell weighs no more than what it dislikes
        rows=held,
        group=name,
    )


def _representation_remedy(
    labels: pd.Series, group: str, group_rows: int, verdict: Verdict, ratio: float
) -> str:
    near = None if group_rows else nearest_name(group, [str(label) for label in labels.unique()])
    if near:
        return f"Did data.sensitive.{labels.name}.population mean {near!r}?"
    if verdict is not Verdict.FAIL:
        return "More rows would tell." if verdict is Verdict.UNKNOWN else ""
    short = f"{labels.name}={group}" if ratio < 1 else "the other groups"
    return f"Find out how the rows came about, and add rows of {short}."
