"""Checks of arriving batches: size, unfit rows, refused batches, missing batches."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime

from assay.config.production import MonitoringSettings
from assay.gates.monitoring.durations import format_duration
from assay.gates.monitoring.facts import BatchFacts, MonitoringFacts
from assay.gates.report import Check, Sheet, Verdict
from assay.util.wording import format_count

_MIN_BATCHES = 3  # batches needed to know the usual size
_MAX_BATCHES = 30  # latest earlier batches that count


def check_arrivals(facts: MonitoringFacts, ask: MonitoringSettings) -> list[Check]:
    """Check volume, unfit rows and refusals since the last look, and freshness in any case."""
    found = [_freshness(facts, ask)]
    if facts.refused:
        found.append(_refusals(facts))
    if facts.arrived:
        found += [_volume(facts, ask), _unfit_rows(facts, ask)]
    return found


def batch_sheet(batches: Sequence[BatchFacts]) -> Sheet:
    """A sheet of the batches since the last look."""
    return Sheet(
        title="Batches since the last look",
        columns=("batch", "as of", "rows", "unfit", "labelled", "seconds"),
        rows=tuple(
            (b.name, b.as_of, b.rows, b.unfit_rows, b.labelled, round(b.seconds, 3))
            for b in batches
        ),
        detail=len(batches) > 10,
    )


def _freshness(facts: MonitoringFacts, ask: MonitoringSettings) -> Check:
    age = datetime.fromisoformat(facts.as_of) - datetime.fromisoformat(facts.since)
    said = f"The last batch came {format_duration(max(age.total_seconds(), 0))} before this look"
    due = "" if ask.due is None else f", and one is due every {format_duration(ask.due)}"
    missed = (
        f"; {format_count(facts.missed, 'batch')} should have come since" if facts.missed else ""
    )
    return Check(
        name="freshness",
        claim="Batches come when they are due" if due else "Batches come",
        verdict=Verdict.CAUTION if facts.missed else Verdict.PASS,
        statistic="batches missed",
        estimate=float(facts.missed),
        threshold=0.0 if due else None,
        why=said + due + missed,
        remedy="Ask whoever sends them. Silence is told once for each that is missed."
        if facts.missed
        else "",
    )


def _refusals(facts: MonitoringFacts) -> Check:
    open_ = [refusal for refusal in facts.refused if not refusal.mended]
    told = "; ".join(
        f"{r.name} was refused{' and mended since' if r.mended else ''}: {r.why}"
        for r in facts.refused[:3]
    )
    more = f"; and {len(facts.refused) - 3:,} more" if len(facts.refused) > 3 else ""
    return Check(
        name="refused",
        claim="Every batch could be answered",
        verdict=Verdict.CAUTION if open_ else Verdict.PASS,
        statistic="batches refused",
        estimate=float(len(open_)),
        threshold=0.0,
        why=told + more,
        remedy=(open_[0].remedy or "Mend it and send it again.") if open_ else "",
    )


def _volume(facts: MonitoringFacts, ask: MonitoringSettings) -> Check:
    usual = [b.rows for b in facts.before[-_MAX_BATCHES:]]
    if len(usual) < _MIN_BATCHES:
        usual = [b.rows for b in (*facts.before, *facts.arrived)][-_MAX_BATCHES:]
    middle = max(statistics.median(usual), 1)
    odd = [b for b in facts.arrived if not _alike(b.rows, middle, ask.volume)]
    judged = len(usual) >= _MIN_BATCHES
    furthest = max(facts.arrived, key=lambda b: _size_ratio(b.rows, middle))
    why = f"{furthest.name} has {furthest.rows:,} rows; {middle:,.0f} are usual (median of "
    why += f"{format_count(len(usual), 'batch')})"
    if len(odd) > 1:
        why += f", and {len(odd) - 1} more are as far off"
    return Check(
        name="volume",
        claim=f"No batch is {ask.volume:g} times larger or smaller than usual",
        verdict=Verdict.CAUTION if odd and judged else Verdict.PASS,
        statistic="times larger or smaller than usual",
        estimate=_size_ratio(furthest.rows, middle),
        threshold=ask.volume,
        why=why if judged else f"{format_count(len(usual), 'batch')} cannot tell yet what is usual",
        remedy="Ask whether rows are missing, or came twice." if odd and judged else "",
        rows=sum(b.rows for b in facts.arrived),
    )


def _size_ratio(rows: int, usual: float) -> float:
    return max(rows, usual) / max(min(rows, usual), 1)


def _alike(rows: int, usual: float, max_ratio: float) -> bool:
    return _size_ratio(rows, usual) <= max_ratio


def _unfit_rows(facts: MonitoringFacts, ask: MonitoringSettings) -> Check:
    rows = [(b.unfit_rows / max(b.rows + b.unfit_rows, 1), b) for b in facts.arrived]
    worst, batch = max(rows, key=lambda pair: pair[0])
    much = worst > ask.malformed
    total = sum(b.unfit_rows for b in facts.arrived)
    why = f"{format_count(total, 'row')} could not be answered, most in {batch.name}: {worst:.1%}"
    return Check(
        name="unfit",
        claim=f"At most {ask.malformed:.1%} of a batch's rows are unfit to be answered",
        verdict=Verdict.CAUTION if much else Verdict.PASS,
        statistic="share of unfit rows",
        estimate=worst,
        threshold=ask.malformed,
        why=why if total else "Every row could be answered",
        remedy="`assay log MODEL.batches --json` names the table that lists them (`unfit`), and "
        "`assay show` shows it."
        if much
        else "",
        rows=sum(b.rows + b.unfit_rows for b in facts.arrived),
    )
