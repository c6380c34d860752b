"""From what came since the last look to a verdict: healthy, watch, or retrain."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay import moments
from assay.artifacts import JSON
from assay.errors import NoChampion
from assay.flows.named import named
from assay.living.labels import Taken
from assay.living.looked import Looked, Shadowed, nothing
from assay.living.looking import Material, due, facts
from assay.living.looks import Look
from assay.living.retraining import RETRAIN, unanswered
from assay.runs import Run
from assay.tasks.about import about
from assay.tasks.beside import beside
from assay.tasks.enter_look import enter_look
from assay.tasks.enter_shadow import enter_shadow
from assay.tasks.label import label
from assay.tasks.look import look
from assay.tasks.read import read
from assay.tasks.reference import reference
from assay.tasks.shadow import shadow
from assay.tasks.stage import publish_history
from assay.tasks.want import want
from assay.tasks.window import window


@flow(name="monitor", flow_run_name=named)
def monitor(
    config: str,
    store: str | None = None,
    as_of: str | None = None,
    overrides: tuple[str, ...] = (),
) -> State:
    """Read the labels that came, look at the champion, and write down what was seen.

    `as_of` is the moment that this is about, else now. Nothing is written where nothing is new.
    A verdict of retrain is told as the event `assay.retrain.wanted`, until something comes of it.
    Where the use case asks for a shadow, the challenger's answers are then held against
    the champion's.
    """
    now = moments.written(moments.moment(as_of))
    run = read(config, store, overrides, False, trains=False)
    taken = label(run, now)
    _told(run, now)  # of an earlier look, whatever this one comes to
    try:
        ahead = about(run, now)
    except NoChampion as error:  # schedules begin before anything is trained: nobody is alarmed
        return Failed(name="No champion", message=error.what, data=error)
    looked = nothing(run.name, ahead) if ahead.idle else _taken(run, ahead)
    looked = looked.model_copy(update={"shadow": _compared(run, now)})
    if looked.verdict == RETRAIN:
        _told(run, now)
    if looked.look is not None or (looked.shadow and looked.shadow.entry):
        publish_history(run.bucket, run.name)
    return _ended(looked, taken)


def _taken(run: Run, ahead: Look) -> Looked:
    referred = reference(run, ahead.version)
    seen = window(run, ahead, referred["reference"])
    counted = run.bucket.get_json(seen["counted"])
    material = Material(
        reference=referred["reference"],
        current=seen.outputs.get("current"),
        labelled=seen.outputs.get("labelled"),
        same=counted["same"],
        counted=counted,
        kept=seen["counted"],
    )
    if not due(ahead, material):
        return nothing(run.name, ahead, _waits(run, ahead, material))
    told = facts(run.bucket, ahead, run.written.use_case, material)
    kept = run.bucket.put_json(told.model_dump(mode="json"), JSON, f"facts of look {told.look}")
    steps = [referred, seen, look(run, ahead, material, kept)]
    return enter_look(run, ahead, material, told, steps)


def _waits(run: Run, ahead: Look, material: Material) -> str:
    rows, least = sum(s.rows for s in ahead.waiting), run.written.use_case.monitor.rows
    labels = material.counted["new"]
    return f"{rows:,} rows and {labels:,} labels wait: fewer than {least:,} are not judged"


def _compared(run: Run, now: str) -> Shadowed | None:
    """Hold the challenger's answers in shadow against the champion's, if there are enough."""
    both = beside(run)
    return enter_shadow(run, both, shadow(run, both), now) if both else None


def _told(run: Run, now: str) -> None:
    """Tell of the last verdict of retrain, if nothing came of it yet."""
    past = unanswered(run.bucket, run.name)
    if past is not None:
        want(run, past, now)


def _ended(looked: Looked, taken: Taken) -> State:
    labels = {entry.name: f"{entry.rows:,} labels" for entry in taken.new}
    refused = {name: str(error) for name, error in taken.refused}
    data = looked.model_copy(update={"labels": labels, "refused": refused})
    name = (looked.verdict or "nothing new").capitalize()
    message, beside_it = looked.summary or looked.why, looked.shadow
    if beside_it and beside_it.entry:
        message += f" {beside_it.model} in shadow: {beside_it.verdict}."
    return Completed(name=name, message=message, data=data)
