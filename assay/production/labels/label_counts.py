"""What is known of the labels of all that a champion answered, and which of them are new.

Counts go on from those of the look before: read are the labels and batches that came since, and
of what came before the order of its units, to see whom the new ones are about. Without such
counts everything is new, and the same comes out.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.bucket import canonical_json
from assay.bucket.bucket import Bucket
from assay.config.use_case import UseCase
from assay.errors import IntegrityError
from assay.problems.outcome_format import Outcomes
from assay.production.labels.known_labels import (
    Integers,
    KnownLabels,
    RowLabels,
    entry_units,
    has_own_labels,
    row_labels,
)
from assay.production.labels.unit_index import match_tables, match_units
from assay.production.monitoring.look import Look
from assay.registry.batch_ledger import ReceivedLabels, ScoredBatch
from assay.util import clock
from assay.util.sorted_arrays import isin_both_sorted, sorted_unique


def count_labels(
    bucket: Bucket, look: Look, use_case: UseCase
) -> tuple[dict[str, Any], dict[int, Outcomes]]:
    """What is known of the labels; and of each batch with a new one, by entry, every row's label
    if that is new.

    Counted are labels that are `new`, units with any (`known_labels`), those that fit `no_row` that
    was ever scored, by batch the rows that have one (`received_labels`), the `delays` of the new
    ones, in seconds: the median, what nine in ten do not exceed, and the longest, and the
    `first_entries` batch that has one.
    """
    return _LabelCount.from_look(bucket, look, use_case).result()


@dataclass(frozen=True, eq=False)
class _LabelCount:
    """One count. `previous_counts`: that of the look before, which knew the ledger up to
    `counted_entries`; 0 where there is none. `own_label_batches`: the batches whose own rows hold
    labels. `new_units`: the units that later entries bring labels of. `known_labels`: of these, of
    later batches, and of batches whose labels were too few to be judged, all that is known.
    """

    bucket: Bucket
    look: Look
    use_case: UseCase
    previous_counts: Mapping[str, Any]
    counted_entries: int
    own_label_batches: Sequence[ScoredBatch]
    new_units: Integers
    known_labels: KnownLabels

    @classmethod
    def from_look(cls, bucket: Bucket, look: Look, use_case: UseCase) -> _LabelCount:
        base, batches = _previous_counts(bucket, look), look.batches
        since = look.previous_length if base else 0
        base = base or {"known": 0, "no_row": 0, "labelled": {}, "waits": []}
        bring = _own_label_batches(bucket, look, use_case, base)
        told: list[ReceivedLabels | ScoredBatch] = [*batches.received_labels, *bring]
        told.sort(key=lambda entry: entry.number)
        told_of = _merged_units(bucket, [entry for entry in told if entry.number > since])
        again = {*base["waits"]}
        came = [
            s
            for s in (*batches.unique_batches, *look.served_batches)
            if s.number > since or s.number in again
        ]
        touched = (
            sorted_unique(np.concatenate([told_of, _merged_units(bucket, came)])) if since else None
        )
        known = KnownLabels.from_entries(bucket, told, use_case, only_units=touched)
        return cls(bucket, look, use_case, base, since, bring, told_of, known)

    def result(self) -> tuple[dict[str, Any], dict[int, Outcomes]]:
        new, labelled, delays, concerned = {}, {}, [], self._affected_batches()
        outcomes = self.known_labels.outcome_format
        for served in self.look.served_batches:
            labelled[str(served.number)], fresh, told = self._count_batch(served, concerned)
            if fresh.any():
                new[served.number] = outcomes.keep_where(fresh, told.truth)
                came = clock.parse_timestamp(served.as_of).timestamp()
                delays.append(np.maximum(told.known_at[fresh] / 1e6 - came, 0.0))
        counted = {
            "new": sum(int(outcomes.mask_known(truth).sum()) for truth in new.values()),
            "known": self.previous_counts["known"]
            + int((self.known_labels.first_entries > self.counted_entries).sum()),
            "no_row": self._count_without_row(),
            "labelled": labelled,
            "delays": _delay_quantiles(delays),
            "first": min(new, default=None),
            "bring": [scored.number for scored in self.own_label_batches],
        }
        return counted, new

    def _count_batch(
        self, served: ScoredBatch, concerned: Container[int]
    ) -> tuple[int, NDArray[np.bool_], RowLabels]:
        """How many rows of a batch have a label, which have a new one, and what is known."""
        before = self.previous_counts["labelled"].get(str(served.number))
        if before is not None and served.number not in concerned:
            return before, np.zeros(0, bool), _NO_LABELS
        told = row_labels(self.bucket, served, self.known_labels, self.use_case)
        there = self.known_labels.outcome_format.mask_known(told.truth)
        fresh = there & (np.maximum(told.entries, served.number) > self.look.judged_up_to.labels)
        if before is None:
            return int(there.sum()), fresh, told
        return (
            before + int((there & (told.first_entries > self.counted_entries)).sum()),
            fresh,
            told,
        )

    def _affected_batches(self) -> set[int]:
        """The batches that were counted before and of which anything may be new."""
        if not self.use_case.data.identity:
            return {*self.previous_counts["waits"]}
        counted = [
            s for s in self.look.served_batches if str(s.number) in self.previous_counts["labelled"]
        ]
        shares = match_tables(self.bucket, [s.predictions for s in counted], self.new_units)
        found = {s.number for s, does in zip(counted, shares, strict=True) if does}
        return found | {*self.previous_counts["waits"]}

    def _count_without_row(self) -> int:
        """Labels of rows that nobody has scored yet: they are joined when such rows come."""
        if not self.look.batches.received_labels:
            return 0
        units, before = (
            self.known_labels.units,
            self.known_labels.first_entries <= self.counted_entries,
        )
        once = self.look.batches.unique_batches
        earlier = [s.predictions for s in once if s.number <= self.counted_entries]
        old, new = match_units(self.bucket, earlier, units), np.zeros(len(units), bool)
        for scored in once[len(earlier) :]:
            new |= isin_both_sorted(units, entry_units(self.bucket, scored))
        lost = int((~before & ~old & ~new).sum())
        found = int((before & ~old & new).sum())
        return int(self.previous_counts["no_row"]) + lost - found


_NO_LABELS = RowLabels(np.zeros(0, np.int8), *(np.zeros(0, np.int64) for _ in range(3)))


def _previous_counts(bucket: Bucket, look: Look) -> Mapping[str, Any] | None:
    """The counts of the look before, if it kept them and they can be had."""
    if look.previous is None or look.previous.counted is None:
        return None
    try:
        counted: dict[str, Any] = canonical_json.load(bucket.objects.get(look.previous.counted))
    except IntegrityError:
        return None
    return counted


def _own_label_batches(
    bucket: Bucket, look: Look, use_case: UseCase, base: Mapping[str, Any]
) -> list[ScoredBatch]:
    """The batches whose own rows hold the target; of those before, the last look says which."""
    before = {*base.get("bring", ())}
    since = look.previous_length if "bring" in base else 0
    return [
        scored
        for scored in look.batches.unique_batches
        if scored.number in before
        or (scored.number > since and has_own_labels(bucket, scored, use_case))
    ]


def _merged_units(bucket: Bucket, entries: Sequence[ReceivedLabels | ScoredBatch]) -> Integers:
    held = [entry_units(bucket, entry) for entry in entries]
    return sorted_unique(np.concatenate(held)) if held else np.empty(0, np.int64)


def _delay_quantiles(delays: Sequence[NDArray[np.float64]]) -> dict[str, float] | None:
    if not delays:
        return None
    every = np.concatenate(delays)
    middle, most = np.quantile(every, [0.5, 0.9], method="higher")
    return {"median": float(middle), "most": float(most), "longest": float(every.max())}
