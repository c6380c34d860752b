"""Score batches: from incoming rows to predictions that are delivered and recorded."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from assay.bucket.artifacts import Artifact
from assay.config.data import FileFormat
from assay.config.production import Sink
from assay.errors import (
    AssayError,
    ConfigError,
    DataError,
    IntegrityError,
    NoChampion,
    SourceError,
)
from assay.flows.lineage import lineage_hooks, tell_end, tell_start
from assay.flows.run_name import format_run_name
from assay.production.scoring.incoming_batch import IncomingBatch
from assay.production.scoring.loaded_version import LoadedVersion, build_claim
from assay.production.scoring.outcome import BatchOutcome, ScoringOutcome
from assay.production.scoring.sinks import resolve_sink
from assay.registry.batch_ledger import BatchClaim
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.arrive import read_batch
from assay.tasks.predict import predict_batch
from assay.tasks.reasons import check_scorer_explanations, prepare_reasons
from assay.tasks.scoring import (
    ScoringPlan,
    claim_batch,
    deliver_batch,
    plan_scoring,
    record_batch,
    refuse_batch,
)
from assay.tasks.start_run import start_run
from assay.util import clock

_SERVED_DIFFERENTLY = (
    "a version that reads it differently served it; name a version to get its predictions"
)
_EVENT_TIMEOUT = 10.0  # seconds that a server may take to receive the events


@flow(
    name="score",
    flow_run_name=format_run_name,
    on_running=lineage_hooks(tell_start),
    on_completion=lineage_hooks(tell_end),
    on_failure=lineage_hooks(tell_end),
    on_crashed=lineage_hooks(tell_end),
    on_cancellation=lineage_hooks(tell_end),
)
def score(
    config: str,
    store: str | None = None,
    as_of: str | None = None,
    files: tuple[str, ...] = (),
    model: str | None = None,
    to: str | None = None,
    form: FileFormat | None = None,
    stream: str | None = None,
    then_monitor: bool = False,
    overrides: tuple[str, ...] = (),
    served_by: int | None = None,
) -> State:
    """Score the batches of `score.source`, or `files`, with the champion or with `model`.

    Each batch is scored, claimed, delivered and then recorded. It counts once, however often it
    comes. A later run finishes what an interrupted run began, with the same predictions. `to` is a
    path instead of `score.to`; `form` is the files' format if their endings do not show it;
    `stream` is the name of a batch of a stream, whose rows are the one file; `as_of` is the moment
    to act for, default now. `then_monitor` runs the monitor at once on what came. `served_by` is
    the number of the version that serves the batches in the champion's place, as a backfill asks.

    A deployment of this flow may be started by the event `assay.batch.arrived`, whose payload
    names the `files`: its automation runs the deployment with the parameters `{"files":
    {"__prefect_kind": "json", "value": {"__prefect_kind": "jinja", "template":
    "{{ event.payload.files | tojson }}"}}}`. The event may come twice. Every recorded batch emits
    the event `assay.batch.scored` with `batch`, `rows` and `version`.
    """
    run = start_run(config, store, overrides, False, trains=False)
    now = clock.parse_timestamp(as_of)
    try:
        plan = plan_scoring(
            run, now, files=files, model=model, form=form, stream=stream, served_by=served_by
        )
    except NoChampion as error:  # usual for a schedule before the first training: no alarm
        return Failed(name="No champion", message=error.what, data=error)
    sink = resolve_sink(run.loaded, to, single_batch=len(plan.batches) == 1)
    usual = _prepare_explanations(run, plan)
    batches = [
        _try_batch(run, plan, batch, sink, to is not None, now, usual) for batch in plan.batches
    ]
    if to is None:
        claims = plan.prior_scores.open_claims.values()
        batches += [_finish_batch(run, plan, claim, sink) for claim in claims]
    monitored = None
    if any(batch.fate == "scored" for batch in batches):
        monitored = _run_monitor(config, store, as_of, overrides) if then_monitor else None
        EventsWorker.drain_all(timeout=_EVENT_TIMEOUT)  # else they would be lost with the process
    version = plan.scorer.version
    outcome = ScoringOutcome(
        use_case=run.name,
        model=version.name,
        digest=version.digest,
        as_of=clock.format_timestamp(now),
        batches=tuple(batches),
        monitored=monitored,
    )
    return _final_state(outcome)


def _prepare_explanations(run: Run, plan: ScoringPlan) -> Artifact | None:
    """The rows that answers are explained against; None where no explanation is asked for."""
    check_scorer_explanations(run, plan.scorer)
    if not run.loaded.use_case.score.explains or not plan.batches:
        return None
    return prepare_reasons(run, plan.scorer.version, lambda: plan.scorer.model)["usual"]


def _try_batch(
    run: Run,
    plan: ScoringPlan,
    batch: IncomingBatch,
    sink: Sink | None,
    aside: bool,
    now: datetime,
    usual: Artifact | None,
) -> BatchOutcome:
    """Serve one batch. Its errors stop no other batch."""
    try:
        return _serve_batch(run, plan, batch, sink, aside, clock.format_timestamp(now), usual)
    except IntegrityError:
        raise
    except AssayError as error:
        return BatchOutcome.from_error(batch.name, "failed", error)


def _serve_batch(
    run: Run,
    plan: ScoringPlan,
    batch: IncomingBatch,
    sink: Sink | None,
    aside: bool,
    as_of: str,
    usual: Artifact | None,
) -> BatchOutcome:
    """Take one batch from its source to the ledger. After a kill, the next run continues.

    `aside`: deliver to a place that the user named, even if the batch was recorded before. `usual`:
    see `predict_batch`.
    """
    source, prior = None, plan.prior_scores
    try:
        source = batch.fingerprint(run.loaded)
        if prior.has_source(source) and not aside:
            return BatchOutcome(name=batch.name, fate="known")
        reading, prediction = _score_batch(run, plan.scorer, batch, source, usual)
    except (SourceError, DataError, ConfigError) as error:
        return refuse_batch(run, batch, source, error, as_of)
    new_claim = build_claim(
        run.bucket,
        batch,
        source,
        reading,
        prediction,
        version=plan.scorer.version,
        role="served",
        as_of=as_of,
        aside=aside,
        beside=plan.expected_challenger,
    )
    known = prior.has_batch(new_claim.batch_digest)
    if known and not aside:
        return BatchOutcome(name=batch.name, fate="known")
    claim = prior.with_prior_answers(new_claim) if known else new_claim
    if sink and not known and not prior.for_named_version:
        valid_claim = claim_batch(run, new_claim, prior.retired_versions)
        if valid_claim is None:
            return BatchOutcome(
                name=batch.name, fate="known", why=_SERVED_DIFFERENTLY if aside else None
            )
        claim = valid_claim
        prior.open_claims.pop(claim.batch_digest, None)
    to = deliver_batch(run, claim, sink) if sink else None
    added, shadow = False, None
    if not known:
        shadow = _score_in_shadow(run, plan, batch, source, as_of)
        added = record_batch(
            run, claim.scored_batch, prior.retired_versions, again=prior.for_named_version
        )
        prior.add(source, claim.scored_batch)
    return BatchOutcome.from_entry(
        claim,
        plan.scorer.version,
        name=batch.name,
        fate="scored" if added else "known",
        extra=run.bucket.get_json(reading["about"])["extra"],
        to=to,
        shadow=shadow,
        outside=run.bucket.get_json(prediction["about"])["outside"],
    )


def _finish_batch(
    run: Run, plan: ScoringPlan, claim: BatchClaim, sink: Sink | None
) -> BatchOutcome:
    """Finish a batch that another run claimed, from its predictions in the bucket.

    The batch itself may be gone, such as one of a stream.
    """
    try:
        to = deliver_batch(run, claim, sink) if sink else None
        record_batch(run, claim.scored_batch, plan.prior_scores.retired_versions)
    except IntegrityError:
        raise
    except AssayError as error:
        return BatchOutcome.from_error(claim.name, "failed", error)
    return BatchOutcome.from_entry(claim, plan.scorer.version, to=to)


def _score_batch(
    run: Run,
    scorer: LoadedVersion,
    batch: IncomingBatch,
    source: str | None,
    usual: Artifact | None = None,
) -> tuple[Step, Step]:
    """The steps that read a batch and that predict it."""
    reading = read_batch(run, batch, scorer, source)
    return reading, predict_batch(run, batch, reading, scorer, usual)


def _score_in_shadow(
    run: Run, plan: ScoringPlan, batch: IncomingBatch, source: str | None, as_of: str
) -> str | None:
    """Score a batch with the challenger too, and record it as shadow; the challenger's name.

    Its errors are logged and stop nothing: the champion still serves the batch.
    """
    challenger = plan.shadow_scorer
    if challenger is None:
        return None
    name = challenger.version.name
    try:
        reading, prediction = _score_batch(run, challenger, batch, source)
        claim = build_claim(
            run.bucket,
            batch,
            source,
            reading,
            prediction,
            version=challenger.version,
            role="shadow",
            as_of=as_of,
        )
        record_batch(run, claim.scored_batch)
    except AssayError as error:
        get_run_logger().warning(f"{name} could not score {batch.name} in shadow: {error}")
        return None
    return name


def _run_monitor(
    config: str, store: str | None, as_of: str | None, overrides: tuple[str, ...]
) -> str:
    """Run the monitor, and return the name of its final state, such as Healthy."""
    from assay.flows.monitor import monitor

    state = monitor(config, store, as_of, overrides, return_state=True)
    return str(state.name)


def _final_state(outcome: ScoringOutcome) -> State:
    wrong = outcome.with_fate("refused", "failed")
    if wrong:
        name = "Refused" if outcome.with_fate("refused") else "Failed"
        return Failed(name=name, message=outcome.sentence, data=outcome)
    return Completed(name="Scored", message=outcome.sentence, data=outcome)
