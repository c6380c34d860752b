"""From raw rows to a registered model, or to the reason why there is none."""

from prefect import flow
from prefect.client.schemas.objects import State

from assay.flows.answer import answer
from assay.flows.named import named
from assay.tasks.ingest import ingest
from assay.tasks.read import read


@flow(name="train", flow_run_name=named)
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
    run = read(config, store, overrides, always)
    ingested = ingest(run)
    held = ingested.outputs
    return answer(run, [ingested], held["table"], held.get("quarantine"), held.get("as_text"))
