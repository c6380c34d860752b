"""Metrics of a model's ledger: scored and refused batches, and labels."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.journal import JournalMetrics
from assay.registry.batch_ledger import LABELLED, LEDGER_SUFFIX, REFUSED, SCORED

_METRICS_BY_ROLE = ("batches", "rows_scored", "rows_unfit", "scoring_seconds")


class LedgerMetrics(JournalMetrics):
    """Keeps only sums, since a ledger may have a million entries."""

    journal = "batches"

    def __init__(self, bucket: Bucket, use_case: str) -> None:
        super().__init__(bucket, use_case, LEDGER_SUFFIX)
        self._sums: dict[str, Counter[str]] = {}
        self._refused = self._labels = 0
        self._served: float | None = None

    def add_entry(self, entry: JournalEntry) -> None:
        body = entry.body
        if entry.kind == SCORED:
            role = "shadow" if body["role"] == "shadow" else "served"
            sums = self._sums.setdefault(role, Counter())
            values = (1, int(body["rows"]), int(body["unfit_rows"]), float(body["seconds"]))
            sums.update(dict(zip(_METRICS_BY_ROLE, values, strict=True)))
            if role == "served":
                self._served = datetime.fromisoformat(entry.at).timestamp()
        elif entry.kind == REFUSED:
            self._refused += 1
        elif entry.kind == LABELLED:
            self._labels += int(body["rows"])

    def add_samples(self, samples: MetricSamples) -> None:
        for role in ("served", "shadow"):
            sums = self._sums.get(role, Counter())
            for name in _METRICS_BY_ROLE:
                samples.add_sample(
                    f"assay_{name}_total", sums[name], use_case=self.use_case, role=role
                )
        samples.add_sample("assay_batches_refused_total", self._refused, use_case=self.use_case)
        samples.add_sample("assay_labels_total", self._labels, use_case=self.use_case)
        samples.add_sample("assay_batch_timestamp_seconds", self._served, use_case=self.use_case)
