"""Attributes of a step's trace span: see `assay.deployments.tracing`."""

from __future__ import annotations

from importlib import import_module

from assay.bucket.artifacts import TABLE
from assay.runs.run import Run
from assay.steps.step import Step


def annotate_span(run: Run, step: Step) -> None:
    """Set the attributes on the span that Prefect opened for the task, if anyone records it."""
    # Imported by name, so that tracing is no part of the code that a result depends on.
    span = import_module("opentelemetry.trace").get_current_span()
    if not span.is_recording():
        return
    attributes = {
        "use_case": run.name,
        "stage": step.components["stage"],
        "step": step.name,
        "key": str(step.key),
        "cached": step.cached,
        "seconds": step.seconds,
        "verdict": step.verdict,
        **{
            f"rows.{name}": run.bucket.get_json(artifact)["rows"]
            for name, artifact in step.outputs.items()
            if artifact.media_type == TABLE
        },
    }
    span.set_attributes(
        {f"assay.{key}": value for key, value in attributes.items() if value is not None}
    )
