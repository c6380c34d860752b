"""Train a model: from raw rows to a registered version, or to the reason for having none."""

from prefect import flow
from prefect.client.schemas.objects import State

from assay.flows.lineage import lineage_hooks, tell_end, tell_start
from assay.flows.run_name import format_run_name
from assay.flows.training_pipeline import run_training_pipeline
from assay.tasks.ingest import ingest_source
from assay.tasks.start_run import start_run


@flow(
    name="train",
    flow_run_name=format_run_name,
    on_running=lineage_hooks(tell_start),
    on_completion=lineage_hooks(tell_end),
    on_failure=lineage_hooks(tell_end),
    on_crashed=lineage_hooks(tell_end),
    on_cancellation=lineage_hooks(tell_end),
)
def train(
    config: str,
    store: str | None = None,
    overrides: tuple[str, ...] = (),
    always: bool = False,
) -> State:
    """Take the use case in `config` through every gate. A failed gate stops it with a reason.

    `store` is the bucket's URL; default: ASSAY_STORE, else ./.assay. `overrides` are key=value
    settings that replace the file's. `always` repeats cached steps.
    """
    run = start_run(config, store, overrides, always)
    ingestion = ingest_source(run)
    return run_training_pipeline(
        run,
        [ingestion],
        ingestion["table"],
        quarantine=ingestion.outputs.get("quarantine"),
        as_text=ingestion.outputs.get("as_text"),
        notes=ingestion.outputs.get("notes"),
    )
