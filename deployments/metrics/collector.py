"""All metrics of a set-up: runs, steps and workers of its server; models and batches of its bucket.

`assay.deployments.pages` serves them at `/metrics`. A scrape costs a bounded number of requests:
of journals and ended runs, it reads only what is new. What cannot be reached is left out, and
`assay_up` says so.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, ProcessCollector, disable_created_metrics
from prometheus_client.core import Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from assay import __version__
from assay.deployments.desk.reader import DeskReader
from assay.deployments.metrics.bucket import BucketMetrics
from assay.deployments.metrics.definitions import MetricSamples
from assay.deployments.metrics.desk import DeskMetrics
from assay.deployments.metrics.part import MetricsPart
from assay.deployments.metrics.server import ServerMetrics
from assay.store.open import default_store_url

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SCRAPE_TIMEOUT = 8.0  # seconds: Prometheus waits for ten


class MetricsCollector(Collector):
    """Metrics of the set-up that ASSAY_STORE and PREFECT_API_URL name."""

    def __init__(self, patience: float = _SCRAPE_TIMEOUT, desk: DeskReader | None = None) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside every counter, for no panel and no alert
        self._patience = patience
        self._parts = [
            MetricsPart("server", ServerMetrics().gather),
            MetricsPart("bucket", BucketMetrics(default_store_url()).gather),
            MetricsPart("desk", DeskMetrics(desk or DeskReader(default_store_url())).gather),
        ]
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    def render_text(self) -> bytes:
        """The metrics in Prometheus's text format."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Metric]:
        """The metrics for the client library."""
        asked = [(part, part.request()) for part in self._parts]
        until, told = time.monotonic() + self._patience, MetricSamples()
        told.add_sample("assay_info", 1, version=__version__)
        for part, finding in asked:
            found = part.wait_for(finding, max(until - time.monotonic(), 0.0))
            told.add_sample("assay_up", found is not None, part=part.name)
            told.add_sample("assay_gather_seconds", part.seconds, part=part.name)
            yield from found or ()
        yield from told.families()
