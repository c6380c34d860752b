"""Batches as they come: how large, how much unfit, which were refused, which are missing."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from datetime import datetime

from assay.config.living import Monitor
from assay.evidence.amounts import some
from assay.evidence.monitoring.facts import Batch, Facts
from assay.evidence.monitoring.words import duration
from assay.evidence.report import Check, Sheet, Verdict

_USUAL = 3  # batches that tell what is usual
_RECENT = 30  # of those before that count


def checks(facts: Facts, ask: Monitor) -> list[Check]:
    """Volume, unfit rows and refusals of what came since the last look; freshness in any case."""
    found = [_freshness(facts, ask)]
    if facts.refused:
        found.append(_refused(facts))
    if facts.arrived:
        found += [_volume(facts, ask), _unfit(facts, ask)]
    return found


def sheet(batches: Sequence[Batch]) -> Sheet:
    """The batches since the last look."""
    return Sheet(
        title="Batches since the last look",
        columns=("batch", "as of", "rows", "unfit", "labelled", "seconds"),
        rows=tuple(
            (b.name, b.as_of, b.rows, b.unfit_rows, b.labelled, round(b.seconds, 3))
            for b in batches
        ),
        detail=len(batches) > 10,
    )


def _freshness(facts: Facts, ask: Monitor) -> Check:
    age = datetime.fromisoformat(facts.as_of) - datetime.fromisoformat(facts.since)
    said = f"the last one came {duration(max(age.total_seconds(), 0))} before this look"
    due = "" if ask.due is None else f", and one is due every {duration(ask.due)}"
    missed = f"; {some(facts.missed, 'batch')} should have come since" if facts.missed else ""
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


def _refused(facts: Facts) -> Check:
    open_ = [refusal for refusal in facts.refused if not refusal.mended]
    told = "; ".join(
        f"{r.name}: {r.why}{' (mended since)' if r.mended else ''}" for r in facts.refused[:3]
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


def _volume(facts: Facts, ask: Monitor) -> Check:
    usual = [b.rows for b in facts.before[-_RECENT:]]
    if len(usual) < _USUAL:
        usual = [b.rows for b in (*facts.before, *facts.arrived)][-_RECENT:]
    middle = max(statistics.median(usual), 1)
    odd = [b for b in facts.arrived if not _alike(b.rows, middle, ask.volume)]
    judged = len(usual) >= _USUAL
    furthest = max(facts.arrived, key=lambda b: _times(b.rows, middle))
    why = f"usual are {middle:,.0f} rows (median of {len(usual)}); {furthest.name} has "
    why += f"{furthest.rows:,}"
    if len(odd) > 1:
        why += f", and {len(odd) - 1} more are as far off"
    return Check(
        name="volume",
        claim=f"No batch is {ask.volume:g} times larger or smaller than usual",
        verdict=Verdict.CAUTION if odd and judged else Verdict.PASS,
        statistic="times larger or smaller than usual",
        estimate=_times(furthest.rows, middle),
        threshold=ask.volume,
        why=why if judged else f"{len(usual)} batches do not tell yet what is usual",
        remedy="Ask whether rows are missing, or came twice." if odd and judged else "",
        rows=sum(b.rows for b in facts.arrived),
    )


def _times(rows: int, usual: float) -> float:
    return max(rows, usual) / max(min(rows, usual), 1)


def _alike(rows: int, usual: float, most: float) -> bool:
    return _times(rows, usual) <= most


def _unfit(facts: Facts, ask: Monitor) -> Check:
    rows = [(b.unfit_rows / max(b.rows + b.unfit_rows, 1), b) for b in facts.arrived]
    worst, batch = max(rows, key=lambda pair: pair[0])
    much = worst > ask.malformed
    total = sum(b.unfit_rows for b in facts.arrived)
    why = f"{total:,} rows were unfit, most in {batch.name}: {worst:.1%}"
    return Check(
        name="unfit",
        claim=f"At most {ask.malformed:.1%} of a batch's rows are unfit to be answered",
        verdict=Verdict.CAUTION if much else Verdict.PASS,
        statistic="share of unfit rows",
        estimate=worst,
        threshold=ask.malformed,
        why=why if total else "every row could be answered",
        remedy="`assay log MODEL.batches --json` names the table that lists them (`unfit`), and "
        "`assay show` shows it."
        if much
        else "",
        rows=sum(b.rows + b.unfit_rows for b in facts.arrived),
    )
