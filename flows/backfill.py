"""Backfill past days: score and look, day by day, as the scheduled flows would have done."""

from datetime import date
from typing import Any, Literal

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Completed, Failed

from assay.errors import NoChampion
from assay.flows.lineage import lineage_hooks, tell_end, tell_start
from assay.flows.monitor import monitor
from assay.flows.score import score
from assay.production.backfill.backfill_plan import BackfillRequest, LookStep, ScoringStep
from assay.production.backfill.outcome import BackfillOutcome, LookBack
from assay.production.monitoring.outcome import MonitorOutcome
from assay.production.scoring.outcome import ScoringOutcome
from assay.tasks.backfill import plan_past_days
from assay.tasks.start_run import start_run
from assay.util import clock

_FILES_PER_RUN = 20  # files per run of the score flow, which holds what it did until it ends


def format_backfill_name() -> str:
    """A name such as "backfill income, 2026-03-01 to 2026-03-07"."""
    given = flow_run.parameters
    return f"backfill {_stem(given['config'])}, {given['first']} to {given['last']}"


def _stem(config: str) -> str:
    return config.rpartition("/")[2].partition(".")[0]


@flow(
    name="backfill",
    flow_run_name=format_backfill_name,
    on_running=lineage_hooks(tell_start),
    on_completion=lineage_hooks(tell_end),
    on_failure=lineage_hooks(tell_end),
    on_crashed=lineage_hooks(tell_end),
    on_cancellation=lineage_hooks(tell_end),
)
def backfill(
    config: str,
    first: date,
    last: date,
    store: str | None = None,
    look: bool = True,
    champion: Literal["now", "then"] = "now",
    dated_by: Literal["partition", "name", "modified"] | None = None,
    most: int = 100,
    alarms: bool = False,
    overrides: tuple[str, ...] = (),
) -> State:
    """Score the batches of the days from `first` to `last`, and look at the champion, in order.

    Each day's batches are scored as of the moment at which they would have been, by the present
    `champion` or by that of the day, and at most `most` batches in one run. What was scored before
    is left out, so a run that was killed is started again and goes on. `look` takes a look where
    the monitor was due. Unless `alarms` is set, nothing is asked for or alerted of for the past: no
    look starts a retraining, and a batch that is not scored ends the run as Incomplete, of which
    no alert tells. `dated_by` is what tells the day of a batch; default: the first that does.
    """
    run = start_run(config, store, overrides, False, trains=False)
    request = BackfillRequest(first, last, look, champion, dated_by, most)
    try:
        plan = plan_past_days(run, request, clock.parse_timestamp(None))
    except NoChampion as error:
        return Failed(name="No champion", message=error.what, data=error)
    outcome = BackfillOutcome(use_case=run.name, first=str(first), last=str(last), left=plan.left)
    common = {"config": config, "store": store, "overrides": overrides}
    for number, step in enumerate(plan.steps, start=1):
        get_run_logger().info(f"step {number} of {len(plan.steps)}: {step.describe()}")
        if isinstance(step, ScoringStep):
            outcome = _score_day(outcome, step, common)
        else:
            outcome = _look_back(outcome, step, common, quiet=not alarms)
    return _final_state(outcome, alarms=alarms)


def _score_day(
    outcome: BackfillOutcome, step: ScoringStep, common: dict[str, Any]
) -> BackfillOutcome:
    files = [str(batch.source.path) for batch in step.batches]
    for start in range(0, len(files), _FILES_PER_RUN):
        state = score(
            as_of=clock.format_timestamp(step.as_of),
            files=tuple(files[start : start + _FILES_PER_RUN]),
            served_by=step.version.number,
            return_state=True,
            **common,
        )
        found: ScoringOutcome = _result(state)
        outcome = outcome.with_batches(found.batches)
    return outcome


def _look_back(
    outcome: BackfillOutcome, step: LookStep, common: dict[str, Any], *, quiet: bool
) -> BackfillOutcome:
    as_of = clock.format_timestamp(step.as_of)
    state = monitor(
        as_of=as_of, quiet=quiet, label_files=step.label_files, return_state=True, **common
    )
    found: MonitorOutcome = _result(state)
    look = LookBack(as_of=as_of, look=found.look, verdict=found.verdict, why=found.why)
    return outcome.model_copy(update={"looks": (*outcome.looks, look)})


def _result(state: State) -> Any:
    """What a flow came to, however it was judged. Raises the error that ended it."""
    found: Any = state.result(raise_on_failure=False)
    if isinstance(found, BaseException):
        raise found
    return found


def _final_state(outcome: BackfillOutcome, *, alarms: bool) -> State:
    if not outcome.failed:
        return Completed(name="Backfilled", message=outcome.sentence, data=outcome)
    return Failed(
        name="Refused" if alarms else "Incomplete", message=outcome.sentence, data=outcome
    )
