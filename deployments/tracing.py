"""Send traces by OTLP over HTTP to the collector of OTEL_EXPORTER_OTLP_ENDPOINT.

OTEL_EXPORTER_OTLP_TRACES_ENDPOINT works too. Prefect opens a span for each flow run and task run,
which do nothing without a provider; `start_tracing` provides one. Spans say which steps ran, how
they ended and how long they took. They carry no parameter, message or exception text, since these
may hold values of the data.
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

import logging
import os
import time
from functools import cache
from typing import TYPE_CHECKING, Any

from assay import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_TIMEOUTS = ("OTEL_EXPORTER_OTLP_TIMEOUT", "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")
_DELIVERY_TIMEOUT = 3.0  # seconds for one delivery, so also those that a run's end may wait for
_RETRY_PAUSE = 60.0  # seconds after a delivery that failed, before the next is tried
_KEPT_ATTRIBUTES = ("prefect.run.type", "prefect.run.id", "prefect.run.name", "prefect.tags")
_OWN_PREFIX = "assay."  # what assay.tasks.spans adds


def tracing_enabled() -> bool:
    """Whether a collector is named and OpenTelemetry is not disabled."""
    off = os.environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not off and any(os.environ.get(name) for name in _ENDPOINTS)


@cache
def start_tracing() -> None:
    """Start sending spans in the background, if a collector is named; once for each process.

    Without a collector, nothing is imported.
    """
    if not tracing_enabled():
        return
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExportResult

    class Discreet(OTLPSpanExporter):
        """Exports redacted spans, and pauses after a delivery that failed."""

        again = 0.0

        def export(self, spans: Any) -> SpanExportResult:
            if time.monotonic() < self.again:
                return SpanExportResult.FAILURE
            done = super().export([_redact_span(span) for span in spans])
            if done is not SpanExportResult.SUCCESS:
                self.again = time.monotonic() + _RETRY_PAUSE
            return done

    named = os.environ.get("OTEL_SERVICE_NAME", "assay")
    about = Resource.create({"service.name": named, "service.version": __version__})
    logging.getLogger("opentelemetry.exporter").setLevel(logging.ERROR)  # not every attempt
    provider = TracerProvider(resource=about)
    patience = None if any(os.environ.get(name) for name in _TIMEOUTS) else _DELIVERY_TIMEOUT
    provider.add_span_processor(BatchSpanProcessor(Discreet(timeout=patience)))
    trace.set_tracer_provider(provider)


def _redact_span(span: ReadableSpan) -> ReadableSpan:
    """A span without messages, parameters and labels, under a name that all runs share."""
    from opentelemetry.sdk.trace import Event, ReadableSpan
    from opentelemetry.trace import Status

    held = span.attributes or {}
    return ReadableSpan(
        name=_stable_name(span.name, held),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={
            k: v for k, v in held.items() if k in _KEPT_ATTRIBUTES or k.startswith(_OWN_PREFIX)
        },
        events=[Event(event.name, timestamp=event.timestamp) for event in span.events],
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _stable_name(name: str, attributes: Any) -> str:
    """A step's label, another task's name, or a flow's name and use case."""
    if step := attributes.get("assay.step"):
        return str(step)
    if attributes.get("prefect.run.type") == "task":
        return name.rpartition("-")[0] or name
    return name.rpartition(", ")[0] or name
