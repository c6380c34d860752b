"""What the fairness gate says and shows: sentences, sheets and figures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import Fairness, Rate
from assay.evidence.cells import SHARES, denominators, successes
from assay.evidence.gaps import ALPHA, FEWEST, Division, Judged, Limit, Pair, need, permutation_p
from assay.evidence.report import Cell, Check, Figure, Point, Series, Sheet, Verdict
from assay.evidence.statistics import wilson_limits

SHOWN: tuple[Rate, ...] = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "accuracy_score",
    "precision_score",
)
MANY = 200  # groups beyond which those too small to judge are only counted


def words(metric: str) -> str:
    """A metric's name in words."""
    return metric.removesuffix("_score").replace("_", " ")


def title(metric: str) -> str:
    """A metric's name at the head of a sentence."""
    return words(metric).capitalize()


def why(pair: Pair, judged: Judged) -> str:
    """What was seen of a pair, with numbers."""
    unit = SHARES[pair.metric].unit
    for who, rows in ((pair.group, pair.rows), (pair.reference, pair.reference_rows)):
        if rows == 0:
            return f"{who} has no {unit}, so the rate is not defined"
    share, base = pair.successes / pair.rows, pair.reference_successes / pair.reference_rows
    seen = f"{share:.3f} of {pair.rows:,} {unit} against {base:.3f} of {pair.reference_rows:,}"
    low, high = judged.interval.low, judged.interval.high
    level = f"{100 * judged.interval.level:.3g} %"
    gap = f"a gap of {share - base:+.3f}, between {low:+.3f} and {high:+.3f} at {level}"
    if not pair.judgeable:
        gap = f"fewer than {FEWEST} {unit} are not judged"
    return f"{seen}: {gap}"


def remedy(rule: Fairness, pair: Pair, judged: Judged) -> str:
    """What to do about a pair that did not pass."""
    if judged.verdict is Verdict.FAIL:
        return (
            f"Mitigate by {' and '.join(pair.by)}, or ask those who set the tolerance "
            f"({rule.because})."
        )
    if judged.verdict is Verdict.PASS:
        return ""
    return _would_tell(pair, judged.interval.level)


def _would_tell(pair: Pair, level: float) -> str:
    unit, needed = SHARES[pair.metric].unit, need(pair, level)
    if pair.reference_rows < FEWEST:
        return f"{pair.reference} is too small to compare with: name a larger reference group."
    if needed.more is not None:
        return f"About {_rounded(needed.more):,} more {unit} in {pair.group} would tell."
    if needed.both is not None:
        rows, base = (_rounded(number) for number in needed.both)
        return f"About {rows:,} {unit} in {pair.group} and {base:,} in {pair.reference} would tell."
    return "No number of rows is likely to tell: the gap is about as large as the tolerance."


def _rounded(number: int) -> int:
    """Two leading digits: more would pretend to know."""
    return int(float(f"{number:.2g}"))


def summary(
    checks: Sequence[Check], rules: Sequence[Fairness], sensitive: Mapping[str, Sensitive]
) -> str:
    """The audit in one sentence."""
    if not sensitive:
        return "No sensitive column is declared, so no groups were compared."
    if not rules:
        return "No limit is set, so no gap was judged."
    tally = {v: sum(check.verdict is v for check in checks) for v in Verdict}
    return (
        f"Gaps held to a tolerance: {len(checks)}. Within it: {tally[Verdict.PASS]}, "
        f"beyond it: {tally[Verdict.FAIL]}, cannot be told: {tally[Verdict.UNKNOWN]}."
    )


# --- sheets -----------------------------------------------------------------------------------


def limit_sheet(limits: Sequence[Limit], seed: int) -> Sheet:
    """One row per rule and division: its tolerance, its largest gap, and what chance would do."""
    return Sheet(
        title="Limits",
        columns=("metric", "by", "reference", "tolerance", "largest gap", "group", "p", "because"),
        rows=tuple(_limit_row(limit, seed) for limit in limits),
        note=f"Largest gap among groups of at least {FEWEST}. p: how often chance alone gives so "
        "large a gap, were all groups alike; not corrected, and no part of any verdict.",
    )


def _limit_row(limit: Limit, seed: int) -> tuple[Cell, ...]:
    rule, division = limit.rule, limit.division
    shares = division.rates[rule.metric]
    gaps = shares - shares[division.reference]
    judgeable = [pair for pair in limit.pairs if pair.judgeable]
    widest = max(judgeable, key=lambda p: abs(gaps[p.group]), default=None)
    return (
        rule.metric,
        division.title,
        division.reference,
        rule.tolerance,
        float(gaps[widest.group]) if widest else None,
        widest.group if widest else None,
        permutation_p(judgeable, seed=seed),
        rule.because,
    )


def rate_sheet(division: Division) -> Sheet:
    """Counts by group, and every rate with its Wilson interval."""
    table = division.table
    metrics = cast(list[Rate], list(division.rates.columns))
    counts = {
        "rows": table.sum(axis=1),
        "positives": denominators(table, "true_positive_rate"),
        "selected": successes(table, "selection_rate"),
    }
    shown = {metric: _rates_with_intervals(division, metric) for metric in metrics}
    order = counts["rows"].sort_values(ascending=False, kind="stable").index
    rows = [
        (group, *(int(n[group]) for n in counts.values()), *(shown[m][group] for m in metrics))
        for group in order
    ]
    return Sheet(
        title=f"By {division.title}",
        columns=(division.title, *counts, *(words(metric) for metric in metrics)),
        rows=tuple(rows),
        note="Each rate with its 95 % Wilson interval on its own denominator.",
    )


def _rates_with_intervals(division: Division, metric: Rate) -> dict[str, str | None]:
    k, n = successes(division.table, metric), denominators(division.table, metric)
    low, high = wilson_limits(k, n)
    rate = division.rates[metric].loc[k.index]
    return {
        str(group): f"{r:.3f} ({a:.3f}-{b:.3f})" if not np.isnan(r) else None
        for group, r, a, b in zip(k.index, rate, low, high, strict=True)
    }


# --- figures and notes ------------------------------------------------------------------------


def gap_figure(limit: Limit) -> Figure:
    """Every group's gap with the interval that judged it, on the band that is tolerated."""
    rule, division = limit.rule, limit.division
    shares = division.rates[rule.metric]
    gaps = shares - shares[division.reference]
    points = [
        Point(
            label=pair.group,
            value=None if np.isnan(gaps[pair.group]) else float(gaps[pair.group]),
            low=judged.interval.low,
            high=judged.interval.high,
        )
        for pair, judged in zip(limit.pairs, limit.judged, strict=True)
    ]
    told = "; ".join(
        f"{pair.group} {judged.verdict}"
        for pair, judged in zip(limit.pairs, limit.judged, strict=True)
    )
    return Figure(
        title=f"{title(rule.metric)} by {division.title}",
        kind="intervals",
        series=(Series(name=f"gap to {division.reference}", points=tuple(points)),),
        axis=f"{words(rule.metric)}, group minus {division.reference}",
        reference=0.0,
        band=(-rule.tolerance, rule.tolerance),
        alt=f"Gaps in {words(rule.metric)} to {division.reference}, tolerance {rule.tolerance:g}: "
        f"{told}.",
    )


def notes(
    decisions: pd.Series, limits: Sequence[Limit], divisions: Iterable[Division]
) -> tuple[str, ...]:
    """How the verdicts came about, and what limits them."""
    found = []
    family = sum(pair.judgeable for limit in limits for pair in limit.pairs)
    if limits:
        found.append(
            f"Failures are judged as one family of {family} (Holm, {ALPHA:.0%}); a pass is "
            f"an equivalence test at {ALPHA:.0%}. Shares of fewer than {FEWEST} are not judged."
        )
    if decisions.all() or not decisions.any():
        found.append(f"Every decision is {'yes' if bool(decisions.iloc[0]) else 'no'}.")
    found += [
        f"{division.unlisted} groups of {division.title} with fewer than {FEWEST} rows are not "
        "listed."
        for division in divisions
        if division.unlisted
    ]
    return tuple(found)
