"""From batches that came to answers that are delivered and recorded."""

from datetime import datetime

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.events.worker import EventsWorker
from prefect.logging import get_run_logger
from prefect.states import Completed, Failed

from assay import moments
from assay.batches import Claimed
from assay.config.data import Format
from assay.config.living import Sink
from assay.errors import (
    AssayError,
    ConfigError,
    DataError,
    IntegrityError,
    NoChampion,
    SourceError,
)
from assay.flows.named import named
from assay.living.arrivals import Arrival
from assay.living.outcomes import Scoring, Served
from assay.living.serving import Loaded, answers
from assay.living.sinks import sink_of
from assay.runs import Run
from assay.steps import Step
from assay.tasks.arrive import arrive
from assay.tasks.claim import claim
from assay.tasks.come import Came, come
from assay.tasks.deliver import deliver
from assay.tasks.predict import predict
from assay.tasks.read import read
from assay.tasks.record import record, refuse

_ELSEWHERE = "served by a version that reads it otherwise; name a version to have its answers"
_PATIENCE = 10.0  # seconds that a server may take to hear the events


@flow(name="score", flow_run_name=named)
def score(
    config: str,
    store: str | None = None,
    as_of: str | None = None,
    files: tuple[str, ...] = (),
    model: str | None = None,
    to: str | None = None,
    form: Format | None = None,
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
    recorded, the event `assay.batch.scored` tells, with `batch`, `rows` and `version`.
    """
    run, now = read(config, store, overrides, False, trains=False), moments.moment(as_of)
    try:
        came = come(run, now, files=files, model=model, form=form, stream=stream)
    except NoChampion as error:  # schedules begin before anything is trained: nobody is alarmed
        return Failed(name="No champion", message=error.what, data=error)
    sink = sink_of(run.written, to, alone=len(came.batches) == 1)
    batches = [_taken(run, came, batch, sink, to is not None, now) for batch in came.batches]
    if to is None:
        batches += [_finished(run, came, begun, sink) for begun in came.before.open.values()]
    monitored = None
    if any(batch.fate == "scored" for batch in batches):
        monitored = _monitored(config, store, as_of, overrides) if then_monitor else None
        EventsWorker.drain_all(timeout=_PATIENCE)  # a process that ends now would take them along
    version = came.by.version
    outcome = Scoring(
        use_case=run.name,
        model=version.name,
        digest=version.digest,
        as_of=moments.written(now),
        batches=tuple(batches),
        monitored=monitored,
    )
    return _ended(outcome)


def _taken(
    run: Run, came: Came, batch: Arrival, sink: Sink | None, aside: bool, now: datetime
) -> Served:
    """What became of one batch. What is wrong with it stops no other."""
    try:
        return _served(run, came, batch, sink, aside, moments.written(now))
    except IntegrityError:
        raise
    except AssayError as error:
        return Served.without(batch.name, "failed", error)


def _served(
    run: Run, came: Came, batch: Arrival, sink: Sink | None, aside: bool, as_of: str
) -> Served:
    """One batch, from its source to the ledger. Killed anywhere, the next run goes on from there.

    `aside`: the answers are wanted at a place that was named, even if they were recorded before.
    """
    source, before = None, came.before
    try:
        source = batch.fingerprint(run.written)
        if before.knows(source) and not aside:
            return Served(name=batch.name, fate="known")
        arrived, predicted = _scored(run, came.by, batch, source)
    except (SourceError, DataError, ConfigError) as error:
        return refuse(run, batch, source, error, as_of)
    about = {"role": "served", "as_of": as_of, "aside": aside, "beside": came.challenger}
    mine = answers(run.bucket, batch, source, (arrived, predicted), came.by.version, **about)
    known = before.has(mine.batch)
    if known and not aside:
        return Served(name=batch.name, fate="known")
    chosen = before.said(mine) if known else mine
    if sink and not known and not before.again:
        claimed = claim(run, mine, before.void)
        if claimed is None:
            return Served(name=batch.name, fate="known", why=_ELSEWHERE if aside else None)
        chosen = claimed
        before.open.pop(chosen.batch, None)
    to = deliver(run, chosen, sink) if sink else None
    told = {"name": batch.name, "extra": run.bucket.get_json(arrived["about"])["extra"], "to": to}
    if known:
        return Served.of(chosen, came.by.version, fate="known", **told)
    beside = _shadowed(run, came, batch, source, as_of)
    added = record(run, chosen.scored, before.void, again=before.again)
    before.note(source, chosen.scored)
    fate = "scored" if added else "known"
    return Served.of(chosen, came.by.version, fate=fate, shadow=beside, **told)


def _finished(run: Run, came: Came, begun: Claimed, sink: Sink | None) -> Served:
    """A batch that another run began with and did not finish, and that is not here any more, such
    as a stretch of a stream: its answers are in the bucket.
    """
    try:
        to = deliver(run, begun, sink) if sink else None
        record(run, begun.scored, came.before.void)
    except IntegrityError:
        raise
    except AssayError as error:
        return Served.without(begun.name, "failed", error)
    return Served.of(begun, came.by.version, to=to)


def _scored(run: Run, by: Loaded, batch: Arrival, source: str | None) -> tuple[Step, Step]:
    arrived = arrive(run, batch, by.columns, source)
    return arrived, predict(run, batch, arrived, by.version, by.model)


def _shadowed(run: Run, came: Came, batch: Arrival, source: str | None, as_of: str) -> str | None:
    """Let the challenger answer too, for nobody's eyes. What is wrong with it is its own matter:
    the batch is served all the same.
    """
    beside = came.beside
    if beside is None:
        return None
    name = beside.version.name
    try:
        steps, about = _scored(run, beside, batch, source), {"role": "shadow", "as_of": as_of}
        unseen = answers(run.bucket, batch, source, steps, beside.version, **about)
        record(run, unseen.scored)
    except AssayError as error:
        get_run_logger().warning(f"{name} could not score {batch.name} beside it: {error}")
        return None
    return name


def _monitored(
    config: str, store: str | None, as_of: str | None, overrides: tuple[str, ...]
) -> str:
    """The name of the state in which a look at what came ended, such as Healthy."""
    from assay.flows.monitor import monitor

    state = monitor(config, store, as_of, overrides, return_state=True)
    return str(state.name)


def _ended(outcome: Scoring) -> State:
    wrong = outcome.of("refused", "failed")
    if wrong:
        name = "Refused" if outcome.of("refused") else "Failed"
        return Failed(name=name, message=outcome.sentence, data=outcome)
    return Completed(name="Scored", message=outcome.sentence, data=outcome)
