"""From batches that came to answers that are delivered and recorded."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

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
    "served by a version that reads it otherwise; name a version to have its answers"
)
_EVENT_TIMEOUT = 10.0  # seconds that a server may take to hear the events


@flow(name="score", flow_run_name=format_run_name)
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
) -> State:
    """Score the batches that `score.source` names, or `files`, by the champion or by `model`.

    Each batch is scored, claimed, delivered and then recorded; it counts once, however often it
    comes, and what one run began with the next finishes, with the very same answers. `to` is a path
    instead of `score.to`; `form` the files' format where their endings do not tell it; `stream`
    what the one file is called that holds a stretch of a stream; `as_of` the moment that this is
    about, else now. With `then_monitor` the monitor looks at once at what came.

    A deployment of this flow may be started by the event `assay.batch.arrived`, whose payload
    names the `files`: its automation runs the deployment with the parameters `{"files":
    {"__prefect_kind": "json", "value": {"__prefect_kind": "jinja", "template":
    "{{ event.payload.files | tojson }}"}}}`. The event may come twice. Of every batch that was
    recorded, the event `assay.batch.scored` tells, with `batch_digest`, `rows` and `version`.
    """
    run, now = (
        start_run(config, store, overrides, False, trains=False),
        clock.parse_timestamp(as_of),
    )
    try:
        came = plan_scoring(run, now, files=files, model=model, form=form, stream=stream)
    except NoChampion as error:  # schedules begin before anything is trained: nobody is alarmed
        return Failed(name="No champion", message=error.what, data=error)
    sink = resolve_sink(run.loaded, to, single_batch=len(came.batches) == 1)
    batches = [_try_batch(run, came, batch, sink, to is not None, now) for batch in came.batches]
    if to is None:
        batches += [
            _finish_batch(run, came, begun, sink)
            for begun in came.prior_scores.open_claims.values()
        ]
    monitored = None
    if any(batch.fate == "scored" for batch in batches):
        monitored = _run_monitor(config, store, as_of, overrides) if then_monitor else None
        EventsWorker.drain_all(
            timeout=_EVENT_TIMEOUT
        )  # a process that ends now would take them along
    version = came.scorer.version
    outcome = ScoringOutcome(
        use_case=run.name,
        model=version.name,
        digest=version.digest,
        as_of=clock.format_timestamp(now),
        batches=tuple(batches),
        monitored=monitored,
    )
    return _final_state(outcome)


def _try_batch(
    run: Run, came: ScoringPlan, batch: IncomingBatch, sink: Sink | None, aside: bool, now: datetime
) -> BatchOutcome:
    """What became of one batch. What is wrong with it stops no other."""
    try:
        return _serve_batch(run, came, batch, sink, aside, clock.format_timestamp(now))
    except IntegrityError:
        raise
    except AssayError as error:
        return BatchOutcome.from_error(batch.name, "failed", error)


def _serve_batch(
    run: Run, came: ScoringPlan, batch: IncomingBatch, sink: Sink | None, aside: bool, as_of: str
) -> BatchOutcome:
    """One batch, from its source to the ledger. Killed anywhere, the next run goes on from there.

    `aside`: the answers are wanted at a place that was named, even if they were recorded before.
    """
    source, before = None, came.prior_scores
    try:
        source = batch.fingerprint(run.loaded)
        if before.has_source(source) and not aside:
            return BatchOutcome(name=batch.name, fate="known")
        arrived, predicted = _score_batch(run, came.scorer, batch, source)
    except (SourceError, DataError, ConfigError) as error:
        return refuse_batch(run, batch, source, error, as_of)
    about = {"role": "served", "as_of": as_of, "aside": aside, "beside": came.expected_challenger}
    mine = build_claim(
        run.bucket, batch, source, (arrived, predicted), came.scorer.version, **about
    )
    known = before.has_batch(mine.batch_digest)
    if known and not aside:
        return BatchOutcome(name=batch.name, fate="known")
    chosen = before.with_prior_answers(mine) if known else mine
    if sink and not known and not before.for_named_version:
        claimed = claim_batch(run, mine, before.retired_versions)
        if claimed is None:
            return BatchOutcome(
                name=batch.name, fate="known", why=_SERVED_DIFFERENTLY if aside else None
            )
        chosen = claimed
        before.open_claims.pop(chosen.batch_digest, None)
    to = deliver_batch(run, chosen, sink) if sink else None
    told = {
        "name": batch.name,
        "extra": run.bucket.get_json(arrived["about"])["extra"],
        "outside": run.bucket.get_json(predicted["about"])["outside"],
        "to": to,
    }
    if known:
        return BatchOutcome.from_entry(chosen, came.scorer.version, fate="known", **told)
    beside = _score_in_shadow(run, came, batch, source, as_of)
    added = record_batch(
        run, chosen.scored_batch, before.retired_versions, again=before.for_named_version
    )
    before.add(source, chosen.scored_batch)
    fate = "scored" if added else "known"
    return BatchOutcome.from_entry(chosen, came.scorer.version, fate=fate, shadow=beside, **told)


def _finish_batch(
    run: Run, came: ScoringPlan, begun: BatchClaim, sink: Sink | None
) -> BatchOutcome:
    """A batch that another run began with and did not finish, and that is not here any more, such
    as a stretch of a stream: its answers are in the bucket.
    """
    try:
        to = deliver_batch(run, begun, sink) if sink else None
        record_batch(run, begun.scored_batch, came.prior_scores.retired_versions)
    except IntegrityError:
        raise
    except AssayError as error:
        return BatchOutcome.from_error(begun.name, "failed", error)
    return BatchOutcome.from_entry(begun, came.scorer.version, to=to)


def _score_batch(
    run: Run, by: LoadedVersion, batch: IncomingBatch, source: str | None
) -> tuple[Step, Step]:
    arrived = read_batch(run, batch, by.column_specs, source)
    return arrived, predict_batch(run, batch, arrived, by.version, by.model)


def _score_in_shadow(
    run: Run, came: ScoringPlan, batch: IncomingBatch, source: str | None, as_of: str
) -> str | None:
    """Let the challenger answer too, for nobody's eyes. What is wrong with it is its own matter:
    the batch is served all the same.
    """
    beside = came.shadow_scorer
    if beside is None:
        return None
    name = beside.version.name
    try:
        steps, about = _score_batch(run, beside, batch, source), {"role": "shadow", "as_of": as_of}
        unseen = build_claim(run.bucket, batch, source, steps, beside.version, **about)
        record_batch(run, unseen.scored_batch)
    except AssayError as error:
        get_run_logger().warning(f"{name} could not score {batch.name} beside it: {error}")
        return None
    return name


def _run_monitor(
    config: str, store: str | None, as_of: str | None, overrides: tuple[str, ...]
) -> str:
    """The name of the state in which a look at what came ended, such as Healthy."""
    from assay.flows.monitor import monitor

    state = monitor(config, store, as_of, overrides, return_state=True)
    return str(state.name)


def _final_state(outcome: ScoringOutcome) -> State:
    wrong = outcome.with_fate("refused", "failed")
    if wrong:
        name = "Refused" if outcome.with_fate("refused") else "Failed"
        return Failed(name=name, message=outcome.sentence, data=outcome)
    return Completed(name="Scored", message=outcome.sentence, data=outcome)
