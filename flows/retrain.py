"""Retrain a model: from new rows to a challenger, or to the reason for having none."""

from typing import Literal, cast

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from assay.bucket.artifacts import Artifact
from assay.errors import DataError
from assay.flows.lineage import lineage_hooks, tell_end, tell_start
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


@flow(
    name="retrain",
    flow_run_name=format_run_name,
    on_running=lineage_hooks(tell_start),
    on_completion=lineage_hooks(tell_end),
    on_failure=lineage_hooks(tell_end),
    on_crashed=lineage_hooks(tell_end),
    on_cancellation=lineage_hooks(tell_end),
)
def retrain(
    config: str,
    store: str | None = None,
    because: str = "the schedule",
    evidence: str | None = None,
    by: Literal["monitor", "schedule", "person"] = "schedule",
    as_of: str | None = None,
    overrides: tuple[str, ...] = (),
) -> State:
    """Retrain the model, and compare the result with the champion.

    It promotes only what the use case's `promotion` allows without a person. `evidence` is the
    digest of the monitoring report that asks for it; each report asks once. `as_of` is the moment
    to act for; default: now.
    """
    run, now = start_run(config, store, overrides, False), clock.parse_timestamp(as_of)
    attempt = begin_retraining(run, by, because, now, evidence)
    if isinstance(attempt, DeclinedRetraining):
        publish_history(run.bucket, run.name)  # it may ask a person
        return Completed(name="Declined", message=attempt.reason, data=attempt)
    first = ingest_source(run)["table"]
    try:
        state = _train_challenger(run, attempt, first)
    except DataError as error:  # a retry with these rows would fail again
        finish_retraining(run, attempt, error)
        raise
    finish_retraining(run, attempt, cast(RunOutcome, state.data))
    return state


def _train_challenger(run: Run, attempt: RetrainingAttempt, first: Artifact) -> State:
    gathering = build_training_table(run, first, attempt)
    moment = clock.format_timestamp(attempt.as_of)
    origin = RetrainingOrigin(retraining=attempt.number, upto=attempt.upto, as_of=moment)
    return run_training_pipeline(
        run.for_retraining(gathering["table"], origin),
        [gathering],
        gathering["table"],
        row_origins=gathering["arrived"],
    )
