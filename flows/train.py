"""From raw rows to a registered model, or to the reason why there is none."""

from prefect import flow
from prefect.client.schemas.objects import State

from assay.flows.run_name import format_run_name
from assay.flows.training_pipeline import run_training_pipeline
from assay.tasks.ingest import ingest_source
from assay.tasks.start_run import start_run


@flow(name="train", flow_run_name=format_run_name)
def train(
    config: str,
    store: str | None = None,
    overrides: tuple[str, ...] = (),
    always: bool = False,
) -> State:
    """Take the question in `config` through every gate. Stops early, and says why.

    `store` is the bucket's URL, else ASSAY_STORE, else ./.assay; `overrides` are key=value over
    what the file says; `always` redoes steps that the memo knows.
    """
    run = start_run(config, store, overrides, always)
    ingested = ingest_source(run)
    held = ingested.outputs
    return run_training_pipeline(
        run,
        [ingested],
        held["table"],
        held.get("quarantine"),
        held.get("as_text"),
        held.get("notes"),
    )
