"""From rows that came since to a challenger, or to the reason why there is none."""

from typing import Literal, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from assay.bucket.artifacts import Artifact
from assay.errors import DataError
from assay.flows.run_name import format_run_name
from assay.flows.training_pipeline import run_training_pipeline
from assay.production.retraining.policy import DeclinedRetraining, RetrainingAttempt
from assay.runs.outcome import RunOutcome
from assay.runs.run import RetrainingOrigin, Run
from assay.tasks.gather import build_training_table
from assay.tasks.ingest import ingest_source
from assay.tasks.retraining import begin_retraining, finish_retraining
from assay.tasks.stage import publish_history
from assay.tasks.start_run import start_run
from assay.util import clock


@flow(name="retrain", flow_run_name=format_run_name)
def retrain(
    config: str,
    store: str | None = None,
    because: str = "the schedule",
    evidence: str | None = None,
    by: Literal["monitor", "schedule", "person"] = "schedule",
    as_of: str | None = None,
    overrides: tuple[str, ...] = (),
) -> State:
    """Train the model anew, and hold what comes of it against the champion.

    Nothing is promoted beyond what the use case's `promotion` lets happen by itself. `evidence` is
    the digest of the monitoring report that asks for it: each asks once. `as_of` is the moment
    that this is about, else now.
    """
    run, now = start_run(config, store, overrides, False), clock.parse_timestamp(as_of)
    begun = begin_retraining(run, by, because, now, evidence)
    if isinstance(begun, DeclinedRetraining):
        publish_history(run.bucket, run.name)  # it may ask a person
        return Completed(name="Declined", message=begun.reason, data=begun)
    first = ingest_source(run)["table"]
    try:
        state = _train_challenger(run, begun, first)
    except DataError as error:  # these rows will not do, however often they are tried
        finish_retraining(run, begun, error)
        raise
    finish_retraining(run, begun, cast(RunOutcome, state.data))
    return state


def _train_challenger(run: Run, begun: RetrainingAttempt, first: Artifact) -> State:
    gathered = build_training_table(run, first, begun)
    about = clock.format_timestamp(begun.as_of)
    anew = RetrainingOrigin(retraining=begun.number, upto=begun.upto, as_of=about)
    asked = run.for_retraining(gathered["table"], anew)
    return run_training_pipeline(
        asked, [gathered], gathered["table"], row_origins=gathered["arrived"]
    )
