"""What the challenger answered at all, how its answers lie, and what they took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from assay.config.gates import DriftSettings
from assay.gates.drift.checks import column_shift_check
from assay.gates.drift.column_shift import measure_shifts
from assay.gates.report import Check, Sheet, Verdict
from assay.gates.shadow.facts import PairedBatch, ShadowFacts
from assay.gates.shadow.rows import DECISION, PROBABILITY
from assay.gates.statistics.intervals import verdict_at_most
from assay.gates.statistics.proportions import wilson_interval
from assay.gates.statistics.quantiles import quantile
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table
from assay.util.wording import format_count

_MAX_TIME_RATIO: Final = 1.5  # as long as the champion, at the most
_MIN_ROWS: Final = 30  # rows of a batch whose time tells anything


def check_enough_answers(facts: ShadowFacts, ask: DriftSettings) -> list[Check]:
    """Whether batches and rows are as many as are asked for."""
    batches, rows = len(facts.pairs), facts.answered
    return [
        _count_check("batches", "batches were scored by both", batches, facts.asked),
        _count_check("rows", "rows were answered by both", rows, ask.rows),
    ]


def _count_check(name: str, claim_text: str, count: int, min_count: int) -> Check:
    well = count >= min_count
    return Check(
        name=name,
        claim=f"At least {min_count:,} {claim_text}",
        verdict=Verdict.PASS if well else Verdict.UNKNOWN,
        statistic=name,
        estimate=float(count),
        threshold=float(min_count),
        why=f"{count:,} {claim_text}",
        remedy="" if well else f"About {min_count - count:,} more would tell.",
    )


def check_unanswered(facts: ShadowFacts, max_share: float) -> Check:
    """Whether the challenger answers what the champion answers. `max_share`: the share of rows of a
    batch that may be unfit.
    """
    missing = facts.served - facts.answered
    interval = wilson_interval(missing, facts.served)
    share = missing / max(facts.served, 1)
    verdict = verdict_at_most(interval, max_share)
    alone = f", {facts.alone:,} of them in batches that it did not score at all"
    return Check(
        name="answered",
        claim=f"The challenger leaves at most {max_share:.1%} of the rows unanswered that the"
        " champion answers",
        verdict=verdict,
        statistic="share of rows without an answer",
        estimate=share,
        interval=interval,
        threshold=max_share,
        why=f"{missing:,} of {format_count(facts.served, 'row')} have no answer of the challenger"
        + (alone if facts.alone else ""),
        remedy="" if verdict is Verdict.PASS else "See in the log of scoring why it could not.",
        accepted=share <= max_share,
        rows=facts.served,
    )


def check_answer_shift(
    rows: Table,
    reference: Table,
    ask: DriftSettings,
    seed: int,
    columns: Sequence[str] = (PROBABILITY, DECISION),
) -> list[Check]:
    """Whether these columns of the challenger's answers lie as on its own test rows."""
    if min(rows.rows, reference.rows) < ask.rows:
        return []
    old, new = profile_and_sample(reference, seed=seed), profile_and_sample(rows, seed=seed)
    found = []
    for shift in measure_shifts(old, new, columns, ask):
        check = column_shift_check(shift, None, ask, rows.rows, output=True)
        claim = f"The challenger's {shift.name} is distributed as on its own test rows"
        remedy = "Other rows come than it was tested on, or they are read otherwise."
        more = {"claim": claim, "remedy": remedy if shift.has_shifted else check.remedy}
        found.append(check.model_copy(update=more))
    return found


def check_latency(facts: ShadowFacts) -> list[Check]:
    """Whether it takes about as long as the champion, batch by batch."""
    pairs = [p for p in facts.pairs if p.rows >= _MIN_ROWS and p.seconds > 0 and p.unseen > 0]
    if not pairs:
        return []
    ratio = quantile(
        [_seconds_per_row(p, p.unseen) / _seconds_per_row(p, p.seconds) for p in pairs], 0.5
    )
    verdict = verdict_at_most(ratio.interval, _MAX_TIME_RATIO)
    remedies = {
        Verdict.FAIL: "See what it computes that the champion does not: `assay show` tells both.",
        Verdict.UNKNOWN: "More batches would tell: six at the least.",
    }
    return [
        Check(
            name="latency",
            claim=f"The challenger takes at most {_MAX_TIME_RATIO:g} times as long as the champion",
            verdict=verdict,
            statistic="time of the challenger over the champion's, median of batches",
            estimate=ratio.value,
            interval=ratio.interval,
            threshold=_MAX_TIME_RATIO,
            why=f"The challenger takes {ratio.value:.2f} times as long as the champion, at the "
            f"median of {format_count(len(pairs), 'batch')}",
            remedy=remedies.get(verdict, ""),
            hard=False,
            accepted=True,
        )
    ]


def _seconds_per_row(pair: PairedBatch, seconds: float) -> float:
    return seconds / max(pair.rows, 1)


def paired_batch_sheet(facts: ShadowFacts) -> Sheet:
    """The batches."""
    return Sheet(
        title="Batches that both scored",
        columns=("batch", "as of", "rows", "answered by both", "champion, s", "challenger, s"),
        rows=tuple(
            (p.name, p.as_of, p.rows, p.answered, round(p.seconds, 3), round(p.unseen, 3))
            for p in facts.pairs
        ),
        detail=len(facts.pairs) > 10,
    )
