"""Checks of the fairness gate, in sentences."""

from __future__ import annotations

import math

from assay.evidence.amounts import about, percent
from assay.evidence.cells import SHARES
from assay.evidence.fairness.divisions import Limit
from assay.evidence.fairness.gaps import FEWEST, Judged, Pair, need
from assay.evidence.fairness.metrics import MEASURES, title
from assay.evidence.report import Check, Interval, Verdict

_DIFFERENCE, _RATIO = "group minus reference", "group over reference"


def is_difference(check: Check) -> bool:
    """Whether the statistic of one of the gate's checks is a difference, rather than a ratio."""
    return check.statistic.endswith(_DIFFERENCE)


def checks_of(limit: Limit) -> list[Check]:
    """One check a pair; where there is none, one that says why."""
    if limit.metric not in limit.division.by_group:
        return [_untold(limit, *_NO_PROBABILITIES)]
    found = [_check(limit, p, j) for p, j in zip(limit.pairs, limit.judged, strict=True)]
    if limit.division.unlisted:  # what is not listed one by one is no less unknown
        found.append(_too_small(limit))
    return found or [_one_group(limit)]


_NO_PROBABILITIES = (
    "the predictions hold no probabilities",
    "Give the model's probabilities beside its decisions (assay audit: --probability COLUMN).",
)


def _untold(limit: Limit, why: str, remedy: str) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=f"{limit.metric}[{division.title}]",
        claim=f"{title(limit.metric)} is alike for all groups of {division.title}",
        verdict=Verdict.UNKNOWN,
        statistic=limit.metric,
        threshold=rule.tolerance or rule.ratio,
        why=why,
        remedy=remedy,
        accepted=rule.on_unknown == "accept",
        rows=round(float(MEASURES["accuracy_score"].rows(division.sums).sum())),
    )


def _one_group(limit: Limit) -> Check:
    why = f"all rows are of one group, {limit.division.reference}"
    return _untold(limit, why, "Audit on rows of more than one group.")


def _too_small(limit: Limit) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=f"{limit.metric}[{division.title}: too small]",
        claim=f"{title(limit.metric)} of every small group of {division.title} is {rule.limit} "
        f"that of {division.reference}",
        verdict=Verdict.UNKNOWN,
        statistic=limit.metric,
        threshold=rule.tolerance or rule.ratio,
        why=f"{division.unlisted:,} groups have fewer than {FEWEST} rows each, too few to judge",
        remedy="Merge groups, or audit on more rows.",
        accepted=rule.on_unknown == "accept",
    )


def _check(limit: Limit, pair: Pair, judged: Judged) -> Check:
    rule, division = limit.rule, limit.division
    group, base = division.named(pair.group), division.named(pair.reference)
    return Check(
        name=f"{limit.metric}[{group}]",
        claim=f"{title(limit.metric)} of {group} is {rule.limit} that of {base}",
        verdict=judged.verdict,
        statistic=f"{limit.metric}, {_DIFFERENCE if pair.ratio is None else _RATIO}",
        estimate=pair.gap if math.isfinite(pair.gap) else None,
        interval=judged.interval if math.isfinite(pair.gap) else None,
        threshold=_threshold(pair),
        why=_why(pair, judged),
        remedy=_remedy(limit, pair, judged),
        accepted=rule.on_unknown == "accept",
        rows=pair.rows,
        group=group,
    )


def _threshold(pair: Pair) -> float:
    """The side of a ratio's limit that is nearer; a difference has one for both sides."""
    least, most = pair.allowed
    return most if pair.ratio is None or pair.gap > 1 else least


def _why(pair: Pair, judged: Judged) -> str:
    """What was seen of a pair, with numbers."""
    unit = MEASURES[pair.metric].unit
    for who, value, rows in (
        (pair.group, pair.value, pair.rows),
        (pair.reference, pair.base_value, pair.base_rows),
    ):
        if rows == 0:
            return f"{who} has no {unit}, so the metric is not defined"
        if math.isnan(value):
            return f"{who} lacks positives or negatives, so the metric is not defined"
    over = "of" if pair.metric in SHARES else "over"
    seen = (
        f"{pair.value:.3f} {over} {pair.rows:,} {unit} against {pair.base_value:.3f} {over} "
        f"{pair.base_rows:,}"
    )
    if not all(pair.enough):
        of_each = "" if pair.rows < FEWEST or pair.base_rows < FEWEST else " of each class"
        return f"{seen}: fewer than {FEWEST} {unit}{of_each} are not judged"
    if math.isnan(pair.gap):
        return f"{seen}: there is no ratio to nothing"
    return f"{seen}: a {_gap(pair)}, {_between(judged.interval)}"


def _gap(pair: Pair) -> str:
    return f"gap of {pair.gap:+.3f}" if pair.ratio is None else f"ratio of {pair.gap:.3f}"


def _between(interval: Interval) -> str:
    low, high = (None if v is None else f"{v:.3f}" for v in (interval.low, interval.high))
    at = f"at {percent(interval.level)}"
    if low is None or high is None:
        return f"its interval open {at}" if low is None else f"above {low} {at}"
    return f"between {low} and {high} {at}"


def _remedy(limit: Limit, pair: Pair, judged: Judged) -> str:
    """What to do about a pair that did not pass."""
    if judged.verdict is Verdict.PASS:
        return ""
    if judged.verdict is Verdict.FAIL:
        return (
            f"Mitigate by {' and '.join(pair.by)}, or ask those who set the limit "
            f"({limit.rule.because})."
        )
    return _would_tell(pair, judged.interval.level)


def _would_tell(pair: Pair, level: float) -> str:
    if not pair.base_rows:
        unit = MEASURES[pair.metric].unit
        return f"Name a reference group that has {unit}, or audit on rows that include some."
    if not pair.enough[1] or (pair.ratio is not None and not pair.base_value > 0):
        return f"{pair.reference} is too small to compare with: name a larger reference group."
    unit, needed = MEASURES[pair.metric].unit, need(pair, level)
    if needed.more is not None:
        return f"About {about(needed.more)} more {unit} in {pair.group} would tell."
    if needed.both is not None:
        rows, base = (about(number) for number in needed.both)
        return f"About {rows} {unit} in {pair.group} and {base} in {pair.reference} would tell."
    return "No number of rows is likely to tell: the gap is about as large as the limit."
