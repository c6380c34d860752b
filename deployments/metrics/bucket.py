"""Metrics of a bucket: each model's champion, looks and batches, from its journals.

A journal is read on from where the last scrape stopped: one request if nothing is new. Reports are
read when the journal has grown. Journals are listed rarely, to find new models.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

from prometheus_client.core import Metric

from assay.bucket.bucket import Bucket
from assay.bucket.journal import list_journals
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.ledger import LedgerMetrics
from assay.deployments.metrics.model import ModelMetrics
from assay.registry.batch_ledger import LEDGER_SUFFIX, is_ledger
from assay.registry.open import open_bucket

_LISTING_INTERVAL = 30.0  # seconds between two listings, or a hundred times as long as one takes
_THREADS = 8


class BucketMetrics:
    """Metrics of the bucket at a URL."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._models: dict[str, ModelMetrics] = {}
        self._batches: dict[str, LedgerMetrics] = {}
        self._list_again = 0.0

    def gather(self) -> list[Metric]:
        """Collect all metrics. Raises StoreError if the bucket cannot be read."""
        bucket = open_bucket(self._url)
        if time.monotonic() >= self._list_again:
            self._find_journals(bucket)
        with ThreadPoolExecutor(_THREADS) as pool:
            found = list(
                pool.map(_collect_samples, [*self._models.values(), *self._batches.values()])
            )
        told = MetricSamples()
        for one in found:
            told.merge(one)
        return list(told.families())

    def _find_journals(self, bucket: Bucket) -> None:
        began = time.monotonic()
        for name in list_journals(bucket.store):
            if is_ledger(name):
                self._batches.setdefault(
                    name, LedgerMetrics(bucket, name.removesuffix(LEDGER_SUFFIX))
                )
            else:
                self._models.setdefault(name, ModelMetrics(bucket, name))
        took = time.monotonic() - began
        self._list_again = began + max(_LISTING_INTERVAL, 100 * took)


def _collect_samples(metrics: ModelMetrics | LedgerMetrics) -> MetricSamples:
    return metrics.collect_samples()
