"""What an estimator expects of subsets of rows, and what labels show, as checks."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.config.gates import DriftSettings
from assay.gates.drift.checks import drop_measurements, metric_name
from assay.gates.drift.subset_performance import MetricEstimate, SubsetPerformance, SubsetSupport
from assay.gates.report import Check, Interval, Measurement, Verdict
from assay.gates.statistics.intervals import Estimate


@dataclass(frozen=True)
class Wording:
    """Puts subsets into words. `assumption`: what an expectation rests on, as a clause."""

    ask: DriftSettings
    assumption: str
    features_shifted: bool = True

    def checks(self, subset: SubsetPerformance) -> list[Check]:
        """Support, and expected and realised performance.

        For groups too small to judge, report only estimates beyond the limit; otherwise every small
        group would raise a warning.
        """
        found = [support_check(subset, self.labels_needed(subset))] if not subset.label else []
        for one in subset.metrics:
            found.append(self._expected(subset, one))
            verdict = subset.realised_verdict(one, self.ask)
            if verdict is not None:
                found.append(self._realised(subset, one, verdict))
        return [c for c in found if subset.label is None or not self._tells_nothing(c)]

    def labels_needed(self, subset: SubsetPerformance) -> int | None:
        """How many labels would show a change by one margin in the first metric."""
        return next((one.labels_needed for one in subset.metrics if one.labels_needed), None)

    def _tells_nothing(self, check: Check) -> bool:
        if check.verdict is not Verdict.UNKNOWN:
            return False
        return check.estimate is None or check.estimate <= self.ask.margin

    def _expected(self, subset: SubsetPerformance, one: MetricEstimate) -> Check:
        name = _measured(subset, one)
        verdict = subset.expected_verdict(one, self.ask, features_shifted=self.features_shifted)
        return Check(
            name=check_name("expected", subset, one),
            claim=f"Expected {name} {'rises' if one.is_error else 'falls'} by no more than"
            f" {self._margin(one)}",
            verdict=verdict,
            statistic=_statistic(one, "expected", "the reference"),
            estimate=finite(one.drop.value),
            interval=one.drop.interval,
            threshold=self.ask.margin,
            why=self._why_expected(subset, one),
            remedy=self._remedy_expected(subset, one, verdict),
            accepted=subset.label is not None,  # small groups do not hold the whole
            rows=subset.rows,
            group=subset.label,
        )

    def _why_expected(self, subset: SubsetPerformance, one: MetricEstimate) -> str:
        why = (
            f"{_measured(subset, one)} of {format_value(one.expected.value)}"
            f"{format_limits(one.expected.interval)} is expected {self.assumption}; it was "
            f"{format_value(one.reference)} in the reference"
        )
        if one.weighted is not None:
            why += (
                f"; {format_value(one.weighted)} by reference rows that are weighted to the current"
                " features"
            )
        if not subset.support.is_enough:
            why += f"; {describe_lack(subset.support)}"
        return why

    def _remedy_expected(
        self, subset: SubsetPerformance, one: MetricEstimate, verdict: Verdict
    ) -> str:
        if verdict is Verdict.PASS:
            return ""
        if verdict is Verdict.FAIL:
            return "Look at the columns that cost most; label some of these rows; then retrain."
        asked = how_many(one.labels_needed)
        if not subset.support.is_enough:
            return f"Cannot tell without labels: label {asked} of these rows."
        if one.estimates_differ(self.ask.margin):
            return f"The two estimates differ. Cannot tell without labels: label {asked}."
        return "More rows, or labels, would tell."

    def _realised(self, subset: SubsetPerformance, one: MetricEstimate, verdict: Verdict) -> Check:
        assert one.realised is not None, "asked for only with labels"
        assert one.shortfall is not None, "asked for only with labels"
        return Check(
            name=check_name("realised", subset, one),
            claim=f"Realised {_measured(subset, one)} lies no more than {self._margin(one)}"
            f" {'above' if one.is_error else 'below'} what was to be expected of the same rows",
            verdict=verdict,
            statistic=_statistic(one, "realised", "what was expected of the same rows"),
            estimate=finite(one.shortfall.value),
            interval=one.shortfall.interval,
            threshold=self.ask.margin,
            why=f"{_measured(subset, one)} is {format_value(one.realised.value)}"
            f"{format_limits(one.realised.interval)} on {subset.labelled_rows:,} labelled rows,"
            f" {_describe_shortfall(one, one.shortfall)} than was to be expected of them; it was"
            f" {format_value(one.reference)} in the reference",
            remedy=_REALISED_REMEDIES[verdict],
            accepted=subset.label is not None,
            rows=subset.labelled_rows,
            group=subset.label,
        )

    def _margin(self, one: MetricEstimate) -> str:
        if one.is_error:
            return f"{100 * self.ask.margin:.3g} % of the reference's"
        return f"{self.ask.margin:g}"


_REALISED_REMEDIES = {
    Verdict.PASS: "",
    Verdict.CAUTION: "",
    Verdict.UNKNOWN: "More labels would tell.",
    Verdict.FAIL: "What the labels follow from has changed: retrain on newer rows.",
}


def support_check(subset: SubsetPerformance, labels: int | None) -> Check:
    """Whether the reference can speak for the rows: a caution where it cannot."""
    support = subset.support
    return Check(
        name="support",
        claim="The reference holds rows like the current ones",
        verdict=Verdict.PASS if support.is_enough else Verdict.CAUTION,
        statistic="share of rows unlike anything in the reference",
        estimate=support.lacking_share,
        why=describe_lack(support),
        remedy=""
        if support.is_enough
        else f"No estimate is sure of them: label {how_many(labels)} of these rows.",
        rows=subset.rows,
    )


def chunk_check(chunks: Sequence[SubsetPerformance], margin: float) -> Check:
    """Whether what is expected of each chunk can be relied on: a caution where it cannot."""
    lacking = [chunk for chunk in chunks if not chunk.support.is_enough]
    differing = [
        chunk
        for chunk in chunks
        if chunk.support.is_enough and any(one.estimates_differ(margin) for one in chunk.metrics)
    ]
    seen = f"{len(lacking):,} of {len(chunks):,} chunks hold rows unlike anything in the reference"
    if lacking:
        seen += f" (the first: rows {lacking[0].label}, {lacking[0].support.lacking_share:.1%})"
    if differing:
        seen += f"; of {len(differing):,} more the two estimates differ"
    doubtful = bool(lacking or differing)
    return Check(
        name="chunks",
        claim="What is expected of each chunk can be relied on",
        verdict=Verdict.CAUTION if doubtful else Verdict.PASS,
        statistic="chunks that the reference cannot speak for",
        estimate=float(len(lacking) + len(differing)),
        threshold=0.0,
        why=seen,
        remedy="No number is sure there: label rows of these chunks, as many as the sheet says."
        if doubtful
        else "",
        rows=sum(chunk.rows for chunk in chunks),
    )


def describe_lack(support: SubsetSupport) -> str:
    """As a clause: the share of rows for which the reference cannot speak."""
    if support.lacking_share == 0 and not support.is_supported:
        return "too few rows of the reference are like the current ones"
    return f"{support.lacking_share:.1%} of rows are unlike anything in the reference"


def how_many(labels: int | None) -> str:
    """As in sentences: "about 400"."""
    return "some" if labels is None else f"about {labels:,}"


def measurements(
    subsets: Iterable[SubsetPerformance], checks: Sequence[Check]
) -> list[Measurement]:
    """Expected and realised performance, and the drops that checks judged, for programs."""
    found = []
    for subset in subsets:
        for one in subset.metrics:
            found.append(_measurement("expected", subset, one, one.expected))
            if one.realised is not None:
                found.append(_measurement("realised", subset, one, one.realised))
    return [*found, *drop_measurements(checks)]


def _measurement(
    kind: str, subset: SubsetPerformance, one: MetricEstimate, estimate: Estimate
) -> Measurement:
    return Measurement(
        kind="expected" if kind == "expected" else "realised",
        metric=one.metric,
        value=finite(estimate.value),
        interval=estimate.interval,
        group=subset.label,
    )


# --- wording ----------------------------------------------------------------------------------


def finite(value: float | None) -> float | None:
    """None for what is no number."""
    return value if value is not None and math.isfinite(value) else None


def format_value(value: float) -> str:
    """Scores to three decimals, amounts to four digits."""
    if not math.isfinite(value):
        return "unknown"
    return (
        f"{value:.3f}"
        if abs(value) < 10
        else f"{value:,.4g}"
        if abs(value) < 1e4
        else f"{value:,.0f}"
    )


def format_limits(interval: Interval) -> str:
    """As " [0.812, 0.845]"; empty where a side is open."""
    if interval.low is None or interval.high is None:
        return ""
    return f" [{format_value(interval.low)}, {format_value(interval.high)}]"


def _measured(subset: SubsetPerformance, one: MetricEstimate) -> str:
    return metric_name(one.metric) + (f" of {subset.label}" if subset.label else "")


def check_name(kind: str, subset: SubsetPerformance, one: MetricEstimate) -> str:
    """The stable name of a check: "realised[mae, sex=f]"."""
    return f"{kind}[{one.metric}{f', {subset.label}' if subset.label else ''}]"


def _statistic(one: MetricEstimate, kind: str, beside: str) -> str:
    if one.is_error:
        return f"rise of the {kind} {metric_name(one.metric)} over {beside}, as a share"
    return f"drop of the {kind} {metric_name(one.metric)} below {beside}"


def _describe_shortfall(one: MetricEstimate, shortfall: Estimate) -> str:
    """As in sentences: "12.3 % [10.1 %, 14.4 %] higher"."""
    better, worse = ("lower", "higher") if one.is_error else ("higher", "lower")
    value, low, high = shortfall.value, shortfall.interval.low, shortfall.interval.high
    word = worse if value >= 0 else better
    if value < 0:
        value, low, high = -value, None if high is None else -high, None if low is None else -low
    form = "{:.1%}" if one.is_error else "{:.3f}"
    limits = "" if low is None or high is None else f" [{form.format(low)}, {form.format(high)}]"
    return f"{form.format(value)}{limits} {word}"
