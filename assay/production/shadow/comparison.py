"""Shadow comparisons: whether a challenger's predictions can be compared with the champion's, and
what the journal keeps of a comparison.

A comparison covers all batches that both have scored, with the labels known by then. New batches or
labels make a new comparison, and a comparison with new findings makes an entry. Only the last one
decides. This module imports nothing heavy, because most runs find nothing new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal, JournalEntry
from assay.config.use_case import UseCase
from assay.gates.report import Report
from assay.registry.batch_ledger import BatchHistory, BatchLedger, ScoredBatch, ScoredPair
from assay.registry.history import CHALLENGER, SHADOWED, Version, fold_journal
from assay.registry.registry import Registry
from assay.util import clock


@dataclass(frozen=True)
class ShadowComparison:
    """A challenger, the champion, and the batches that both scored. `unpaired`: later batches that
    the champion served and the challenger should have scored but did not. `previous_entry`: the
    entry of their last comparison, if there was one.
    """

    challenger: Version
    champion: Version
    required_batches: int
    batches: BatchHistory
    pairs: tuple[ScoredPair, ...]
    unpaired: tuple[ScoredBatch, ...]
    previous_entry: JournalEntry | None

    @property
    def upto(self) -> int:
        """The last ledger entry about these batches or about labels."""
        told = [*(p.served for p in self.pairs), *(p.shadow for p in self.pairs), *self.unpaired]
        return max(e.number for e in (*told, *self.batches.received_labels))

    @property
    def batch_facts(self) -> list[list[Any]]:
        """What the ledger says about the batches, besides their rows."""
        both = [
            [p.served.number, p.served.name, p.served.as_of, p.served.seconds, p.shadow.seconds]
            for p in self.pairs
        ]
        others = [[s.number, s.rows] for s in self.unpaired]
        labels = [[e.number, e.as_of] for e in self.batches.received_labels]
        return [*both, *others, *labels]

    @property
    def inputs(self) -> dict[str, Artifact]:
        """All tables that a comparison reads."""
        found = {"tested": self.challenger.artifact("predictions")}
        for pair in self.pairs:
            found[f"batch {pair.served.number}"] = pair.served.table
            found[f"champion's {pair.served.number}"] = pair.served.predictions
            found[f"challenger's {pair.served.number}"] = pair.shadow.predictions
            for who, lines in (("champion", pair.served.lines), ("challenger", pair.shadow.lines)):
                if lines is not None:
                    found[f"{who}'s lines {pair.served.number}"] = lines
        return found | {f"labels {e.number}": e.table for e in self.batches.received_labels}

    @property
    def is_stale(self) -> bool:
        """Whether batches or labels came since the last comparison, or there was none."""
        return self.previous_entry is None or self.previous_entry.body["upto"] < self.upto


def next_comparison(bucket: Bucket, use_case: UseCase) -> ShadowComparison | None:
    """The comparison that is due. None where the use case asks for no shadow, where there is no
    challenger, or where both scored too few batches. Raises ChainBroken.
    """
    asked = use_case.promotion.shadow
    if not asked:
        return None
    history = Registry(bucket).history(use_case.name)
    champion, number = history.champion, history.aliases.get(CHALLENGER)
    if champion is None or number in {None, champion.number}:
        return None
    batches = BatchLedger(bucket, use_case.name).read()
    challenger = history.versions[number]
    pairs = batches.scored_pairs(challenger.number, champion.number)
    if len(pairs) < asked:
        return None
    both = {pair.served.number for pair in pairs}
    since = pairs[0].served.number
    later = (s for s in batches.scored_by(champion.number) if s.number > since)
    alone = tuple(s for s in later if s.beside == number and s.number not in both)
    before = history.last_shadow_comparison(challenger, champion)
    return ShadowComparison(challenger, champion, asked, batches, pairs, alone, before)


def unfinished_shadow_reason(bucket: Bucket, use_case: UseCase) -> str | None:
    """Why another challenger should not replace this one yet: it has to score more batches first;
    if challengers were replaced earlier, none would ever score enough. None where no batch is
    awaited, for example because it could not score those that came.
    """
    asked = use_case.promotion.shadow
    history = Registry(bucket).history(use_case.name)
    champion, number = history.champion, history.aliases.get(CHALLENGER)
    if not asked or champion is None or number is None or number in history.served_versions:
        return None
    batches = BatchLedger(bucket, use_case.name).read()
    done = len(batches.scored_pairs(number, champion.number))
    came = _batches_since(batches.scored_by(champion.number), history.alias_entries[CHALLENGER])
    if max(done, len(came)) >= asked:
        return None
    name = history.versions[number].name
    return f"{name} is challenger, and has scored {done} of its {asked} batches in shadow"


def _batches_since(served: Sequence[ScoredBatch], entry: JournalEntry) -> list[ScoredBatch]:
    """The batches that came since a version became challenger, by their numbers. An entry without
    the ledger's length (an older one, or a rollback) has only a time, perhaps of another clock.
    """
    upto = entry.body.get("upto")
    return [s for s in served if (s.at > entry.at if upto is None else s.number > upto)]


def append_comparison(
    bucket: Bucket,
    comparison: ShadowComparison,
    report: Report,
    artifacts: Mapping[str, Artifact],
    as_of: datetime,
) -> JournalEntry | None:
    """Append the comparison. None if its findings are known, or if either version has lost its
    alias. `artifacts` holds the report and the rows.
    """
    model = comparison.challenger.model

    def decide(entries: list[JournalEntry]) -> tuple[str, dict[str, Any]] | None:
        history = fold_journal(bucket, model, entries)
        challenger = history.aliases.get(CHALLENGER)
        if history.champion != comparison.champion or challenger != comparison.challenger.number:
            return None
        last = history.last_shadow_comparison(comparison.challenger, comparison.champion)
        body = _comparison_body(comparison, report, artifacts, as_of)
        if last is not None and not _is_news(body, last.body):
            return None
        return SHADOWED, body

    return Journal(bucket, model).append(decide)


def _is_news(body: Mapping[str, Any], last: Mapping[str, Any]) -> bool:
    """Whether the comparison has other findings than the last one, from no fewer entries."""
    same = last["report"]["digest"] == body["report"]["digest"]
    return not same and bool(last["upto"] <= body["upto"])


def _comparison_body(
    shadow: ShadowComparison, report: Report, artifacts: Mapping[str, Artifact], as_of: datetime
) -> dict[str, Any]:
    worst = report.verdict
    return {
        "version": shadow.challenger.number,
        "against": shadow.champion.number,
        "batches": len(shadow.pairs),
        "upto": shadow.upto,
        "as_of": clock.format_timestamp(as_of),
        "verdict": worst.value,
        "summary": report.summary,
        "reasons": report.reasons_for(worst) if worst.severity > 1 else [],
        "causes": report.causes_for(worst) if worst.severity > 1 else [],
        "report": artifacts["report"].as_json(),
        "rows": artifacts["rows"].as_json(),
    }
