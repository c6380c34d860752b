"""Metrics of one journal, read on at each scrape, and whether its chain holds."""

from __future__ import annotations

import sys
from abc import ABC, abstractmethod

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.journal_tail import JournalTail
from assay.errors import StoreDenied, StoreUnreachable

_MAX_ENTRIES = 5000  # entries at one scrape


class JournalMetrics(ABC):
    """A journal of one use case. `journal` is its label among them."""

    journal: str

    def __init__(self, bucket: Bucket, use_case: str, ending: str = "") -> None:
        self.bucket, self.use_case = bucket, use_case
        self._tail = JournalTail(bucket, use_case + ending)
        self._unreadable_entry = (
            0  # the entry that could not be taken note of; entries never change
        )
        self._last_logged = ""

    @abstractmethod
    def add_entry(self, entry: JournalEntry) -> None:
        """Take in one more entry."""

    @abstractmethod
    def add_samples(self, samples: MetricSamples) -> None:
        """Add the samples that the entries give."""

    def collect_samples(self) -> MetricSamples:
        """All samples, or only the fault if the chain is broken or not yet read to its end.

        Half a history would be taken for the whole. Raises StoreDenied, StoreUnreachable.
        """
        told = MetricSamples()
        try:
            current = self._read_on() and not self._unreadable_entry
            if current:
                self.add_samples(told)
        except (StoreDenied, StoreUnreachable):
            raise
        except Exception as error:  # noqa: BLE001 - in a journal may be what anybody wrote
            self._log_once(f"{type(error).__name__}: {error}")
            told, current = MetricSamples(), False
        told.add_sample(
            "assay_journal_current", current, use_case=self.use_case, journal=self.journal
        )
        return told

    def _read_on(self) -> bool:
        """Read new entries, and say whether the end was reached."""
        count = 0
        for entry in self._tail.entries(_MAX_ENTRIES):
            count += 1
            try:
                self.add_entry(entry)
            except Exception:
                self._unreadable_entry = entry.number
                raise
        return count < _MAX_ENTRIES

    def _log_once(self, text: str) -> None:
        """Log a reason once."""
        if text != self._last_logged:
            self._last_logged = text
            said = f"metrics: the {self.journal} journal of {self.use_case}: {text}"
            print(said, file=sys.stderr)  # noqa: T201 - the log
