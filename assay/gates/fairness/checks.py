"""Checks of the fairness gate, in sentences."""

from __future__ import annotations

import math
from collections.abc import Sequence

from assay.gates.confusion_cells import RATE_DEFINITIONS
from assay.gates.fairness.divisions import FairnessLimit
from assay.gates.fairness.gaps import MIN_ROWS, GapVerdict, GroupPair, rows_to_decide
from assay.gates.fairness.metrics import measure_title
from assay.gates.report import Check, Interval, Measurement, MeasurementKind, Verdict
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS
from assay.util.wording import format_confidence, format_rounded_up

_DIFFERENCE, _RATIO = "group minus reference", "group over reference"


def is_difference(check: Check) -> bool:
    """Whether the statistic of one of the gate's checks is a difference, rather than a ratio."""
    return check.statistic.endswith(_DIFFERENCE)


def gap_measurements(checks: Sequence[Check]) -> tuple[Measurement, ...]:
    """The gaps that these checks judged, for programs."""
    kinds: dict[str, MeasurementKind] = {_DIFFERENCE: "difference", _RATIO: "ratio"}
    return tuple(
        Measurement(
            kind=kind,
            metric=check.family,
            value=check.estimate,
            interval=check.interval,
            limit=check.threshold,
            group=check.subject,
        )
        for check in checks
        for ending, kind in kinds.items()
        if check.estimate is not None and check.statistic.endswith(ending)
    )


_NO_PROBABILITIES = (
    "The predictions hold no probabilities",
    "Give the model's probabilities beside its decisions (assay audit: --probability COLUMN).",
)


def limit_checks(limit: FairnessLimit, absent: tuple[str, str] = _NO_PROBABILITIES) -> list[Check]:
    """One check a pair; where there is none, one that says why. `absent`: what is seen, and what to
    do, where the predictions do not bear the metric.
    """
    if limit.metric not in limit.division.by_group:
        return [_unknown_check(limit, *absent)]
    found = [_check(limit, p, j) for p, j in zip(limit.pairs, limit.verdicts, strict=True)]
    if limit.division.unlisted:  # what is not listed one by one is no less unknown
        found.append(_small_groups_check(limit))
    return found or [_one_group_check(limit)]


def _title(limit: FairnessLimit) -> str:
    return measure_title(limit.metric, limit.division.measures[limit.metric])


def limit_text(limit: FairnessLimit) -> str:
    """The rule's limit in words, in what the metric is counted in."""
    rule, measure = limit.rule, limit.division.measures[limit.metric]
    if rule.tolerance is None or not measure.quantity:
        return rule.limit_text
    return f"within {measure.with_quantity(f'{rule.tolerance:g}')} of"


def _unknown_check(limit: FairnessLimit, why: str, remedy: str) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=division.check_name(limit.metric, division.title),
        claim=f"{_title(limit)} is alike for all groups of {division.title}",
        verdict=Verdict.UNKNOWN,
        statistic=limit.metric,
        threshold=rule.tolerance or rule.ratio,
        why=why,
        remedy=remedy,
        accepted=rule.on_unknown == "accept",
        rows=round(float(division.rows.sum())),
    )


def _one_group_check(limit: FairnessLimit) -> Check:
    why = f"All rows are of one group, {limit.division.reference}"
    return _unknown_check(limit, why, "Audit on rows of more than one group.")


def _small_groups_check(limit: FairnessLimit) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=division.check_name(limit.metric, f"{division.title}: too small"),
        claim=f"{_title(limit)} of every small group of {division.title} is "
        f"{limit_text(limit)} that of {division.reference}",
        verdict=Verdict.UNKNOWN,
        statistic=limit.metric,
        threshold=rule.tolerance or rule.ratio,
        why=f"{division.unlisted:,} groups of {division.title} have fewer than {MIN_ROWS} rows "
        "each, too few to judge",
        remedy="Merge groups, or audit on more rows.",
        accepted=rule.on_unknown == "accept",
    )


def _check(limit: FairnessLimit, pair: GroupPair, gap_verdict: GapVerdict) -> Check:
    rule, division = limit.rule, limit.division
    group, base = division.group_name(pair.group), division.group_name(pair.reference)
    return Check(
        name=division.check_name(limit.metric, group),
        claim=f"{_title(limit)} of {group} is {limit_text(limit)} that of {base}",
        verdict=gap_verdict.verdict,
        statistic=f"{limit.metric}, {_DIFFERENCE if pair.ratio is None else _RATIO}",
        estimate=pair.gap if math.isfinite(pair.gap) else None,
        interval=gap_verdict.interval if math.isfinite(pair.gap) else None,
        threshold=_threshold(pair),
        why=_why(pair, gap_verdict, group, base),
        remedy=_remedy(limit, pair, gap_verdict),
        accepted=rule.on_unknown == "accept",
        rows=pair.rows,
        group=group,
    )


def _threshold(pair: GroupPair) -> float:
    """The side of a ratio's limit that is nearer; a difference has one for both sides."""
    least, most = pair.allowed_gap
    return most if pair.ratio is None or pair.gap > 1 else least


def _why(pair: GroupPair, gap_verdict: GapVerdict, group: str, base: str) -> str:
    """What was seen of a pair, with numbers. `group` and `base`: the names of its two groups."""
    unit, title = pair.measure.unit, measure_title(pair.metric, pair.measure)
    for who, value, rows in (
        (group, pair.value, pair.rows),
        (base, pair.reference_value, pair.reference_rows),
    ):
        if rows == 0:
            return f"{title} is not defined for {who}, which has no {unit}"
        if math.isnan(value):
            return f"{title} is not defined for {who}, which lacks positives or negatives"
    over = "of" if pair.metric in RATE_DEFINITIONS else "over"
    worth, base_worth = _worth_texts(pair)
    seen = (
        f"{title} is {_value_text(pair, pair.value)} {over} {pair.rows:,} {unit}{worth} for {group}"
        f" and {_value_text(pair, pair.reference_value)} {over} {pair.reference_rows:,}{base_worth}"
        f" for {base}"
    )
    if not all(pair.enough_rows):
        of_each = "" if pair.rows < MIN_ROWS or pair.reference_rows < MIN_ROWS else " of each class"
        return f"{seen}: fewer than {MIN_ROWS} {unit}{of_each} are not judged"
    if pair.clusters is not None and not all(pair.enough_clusters):
        few = min(pair.clusters.group.effective, pair.clusters.reference.effective)
        name = pair.clusters.name
        equal = f"those of {few:.1f} equally large values of {name}" if name else f"{few:.1f} equal"
        return (
            f"{seen}: these rows are worth {equal}{'' if name else ' ones'}, and fewer than "
            f"{MIN_CLUSTERS} are not judged"
        )
    if math.isnan(pair.gap):
        return f"{seen}: there is no ratio to nothing"
    return f"{seen}: a {_gap_text(pair)}, {_interval_text(pair, gap_verdict.interval)}"


def _worth_texts(pair: GroupPair) -> tuple[str, str]:
    """How many equal rows the weighted ones of the group and of the reference are worth."""
    of = pair.clusters
    if of is None or not of.weighted:
        return "", ""
    return f" (worth {of.group.effective:,.0f})", f" (worth {of.reference.effective:,.0f})"


def _value_text(pair: GroupPair, value: float) -> str:
    return pair.measure.with_quantity(pair.measure.text(value))


def _gap_text(pair: GroupPair) -> str:
    if pair.ratio is not None:
        return f"ratio of {pair.gap:.3f}"
    return f"gap of {pair.measure.with_quantity(pair.measure.gap_text(pair.gap))}"


def _interval_text(pair: GroupPair, interval: Interval) -> str:
    write = pair.measure.text if pair.ratio is None else "{:.3f}".format
    low, high = (None if v is None else write(v) for v in (interval.low, interval.high))
    at = f"at {format_confidence(interval.level)}"
    if low is None or high is None:
        return f"its interval open {at}" if low is None else f"above {low} {at}"
    return f"between {low} and {high} {at}"


def _remedy(limit: FairnessLimit, pair: GroupPair, gap_verdict: GapVerdict) -> str:
    """What to do about a pair that did not pass."""
    if gap_verdict.verdict is Verdict.PASS:
        return ""
    if gap_verdict.verdict is Verdict.FAIL:
        by = " and ".join(pair.by)
        what = (
            f"Mitigate by {by}"
            if pair.measure.mitigated
            else f"Try other candidates or features, and look at the slices of {by}"
        )
        return f"{what}, or ask those who set the limit ({limit.rule.because})."
    return _rows_to_decide_text(pair, gap_verdict.interval.level)


def _rows_to_decide_text(pair: GroupPair, level: float) -> str:
    if not pair.reference_rows:
        unit = pair.measure.unit
        return f"Name a reference group that has {unit}, or audit on rows that include some."
    if not pair.enough_rows[1] or (pair.ratio is not None and not pair.reference_value > 0):
        return f"{pair.reference} is too small to compare with: name a larger reference group."
    if pair.clusters is not None and not all(pair.enough_clusters):
        few = pair.reference if pair.enough_clusters[0] else pair.group
        name = pair.clusters.name
        return f"Bring rows of more values of {name} in {few}." if name else f"Bring rows of {few}."
    unit, needed = pair.measure.unit, rows_to_decide(pair, level)
    of_others = f", of other values of {pair.clusters.name}," if pair.clusters else ""
    of_others = of_others if pair.clusters is None or pair.clusters.name else ""
    if needed.more_rows is not None:
        more = format_rounded_up(needed.more_rows)
        return f"About {more} more {unit} in {pair.group}{of_others} would tell."
    if needed.rows_of_both is not None:
        rows, base = (format_rounded_up(number) for number in needed.rows_of_both)
        where = f"in {pair.group} and {base} in {pair.reference}"
        return f"About {rows} {unit} {where}{of_others} would tell."
    return "No number of rows is likely to tell: the gap is about as large as the limit."
