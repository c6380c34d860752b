"""Checks of arriving labels: how many rows have one, and how late labels arrive."""

from __future__ import annotations

from datetime import datetime

from assay.config.production import MonitoringSettings
from assay.gates.monitoring.durations import format_duration
from assay.gates.monitoring.facts import BatchFacts, MonitoringFacts
from assay.gates.report import Check, Sheet, Verdict


def check_label_coverage(facts: MonitoringFacts, ask: MonitoringSettings) -> list[Check]:
    """Check label coverage, if the use case says when labels are due."""
    due = due_batches(facts, ask)
    return [_coverage_check(due, ask)] if due else []


def due_batches(facts: MonitoringFacts, ask: MonitoringSettings) -> list[BatchFacts]:
    """The batches whose labels are due."""
    if ask.delay is None:
        return []
    now = datetime.fromisoformat(facts.as_of)
    ages = [(b, now - datetime.fromisoformat(b.as_of)) for b in facts.served]
    return [b for b, age in ages if age.total_seconds() >= ask.delay]


def label_coverage(facts: MonitoringFacts, ask: MonitoringSettings) -> float | None:
    """The share of rows in due batches that have a label; of all rows, if no delay is set."""
    counted = due_batches(facts, ask) if ask.delay is not None else facts.served
    rows = sum(b.rows for b in counted)
    return sum(b.labelled or 0 for b in counted) / rows if rows else None


def _coverage_check(due: list[BatchFacts], ask: MonitoringSettings) -> Check:
    assert ask.delay is not None, "labels are due only then"
    rows, labelled = sum(b.rows for b in due), sum(b.labelled or 0 for b in due)
    share = labelled / max(rows, 1)
    least = min(due, key=lambda b: (b.labelled or 0) / max(b.rows, 1))
    few = share < ask.coverage
    return Check(
        name="coverage",
        claim=f"{ask.coverage:.0%} of rows or more are labelled after {format_duration(ask.delay)}",
        verdict=Verdict.CAUTION if few else Verdict.PASS,
        statistic="share of rows with a label",
        estimate=share,
        threshold=ask.coverage,
        why=f"{labelled:,} of {rows:,} rows are labelled; the fewest in {least.name}, "
        f"{(least.labelled or 0) / max(least.rows, 1):.0%}",
        remedy="Ask for the labels: what was realised is known of these rows alone." if few else "",
        rows=rows,
    )


def label_sheet(facts: MonitoringFacts) -> Sheet:
    """A sheet of label counts and delays."""
    told = facts.labels
    rows: list[tuple[str, str]] = [
        ("new labels of rows that the champion answered", f"{told.new:,}"),
        ("rows with a label", f"{told.known:,}"),
        ("labels of rows that were never scored", f"{told.no_row:,}"),
        ("rows of labels files that are no labels", f"{told.unfit:,}"),
    ]
    if told.delays:
        rows += [
            ("came after, median", format_duration(told.delays.median)),
            ("nine in ten came within", format_duration(told.delays.most)),
            ("the last came after", format_duration(told.delays.longest)),
        ]
    return Sheet(title="Labels", columns=("what", "how many, or how long"), rows=tuple(rows))
