"""From what came since the last look to a verdict: healthy, watch, or retrain."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.bucket.artifacts import JSON
from assay.errors import NoChampion
from assay.flows.run_name import format_run_name
from assay.production.labels.label_import import LabelImport
from assay.production.monitoring.judgement import LookInputs, collect_facts, is_worth_recording
from assay.production.monitoring.look import Look
from assay.production.monitoring.outcome import MonitorOutcome, ShadowOutcome, idle_outcome
from assay.production.retraining.policy import RETRAIN, unanswered_look
from assay.runs.run import Run
from assay.tasks.look import run_monitoring_gate
from assay.tasks.monitoring import (
    ingest_labels,
    plan_look,
    plan_shadow_comparison,
    record_look,
    record_shadow_comparison,
    request_retraining,
)
from assay.tasks.reference import build_reference
from assay.tasks.shadow import run_shadow_gate
from assay.tasks.stage import publish_history
from assay.tasks.start_run import start_run
from assay.tasks.window import build_window
from assay.util import clock


@flow(name="monitor", flow_run_name=format_run_name)
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
    now = clock.format_timestamp(clock.parse_timestamp(as_of))
    run = start_run(config, store, overrides, False, trains=False)
    taken = ingest_labels(run, now)
    _request_retraining(run, now)  # of an earlier look, whatever this one comes to
    try:
        ahead = plan_look(run, now)
    except NoChampion as error:  # schedules begin before anything is trained: nobody is alarmed
        return Failed(name="No champion", message=error.what, data=error)
    looked = idle_outcome(run.name, ahead) if ahead.is_idle else _take_look(run, ahead)
    looked = looked.model_copy(update={"shadow": _compare_in_shadow(run, now)})
    if looked.verdict == RETRAIN:
        _request_retraining(run, now)
    if looked.look is not None or (looked.shadow and looked.shadow.entry):
        publish_history(run.bucket, run.name)
    return _final_state(looked, taken)


def _take_look(run: Run, look: Look) -> MonitorOutcome:
    referred = build_reference(run, look.version)
    seen = build_window(run, look, referred["reference"])
    counted = run.bucket.get_json(seen["counted"])
    material = LookInputs(
        reference=referred["reference"],
        current=seen.outputs.get("current"),
        labelled=seen.outputs.get("labelled"),
        same_rows=counted["same"],
        label_counts=counted,
        label_counts_artifact=seen["counted"],
    )
    if not is_worth_recording(look, material):
        return idle_outcome(run.name, look, _waiting_reason(run, look, material))
    told = collect_facts(run.bucket, look, run.loaded.use_case, material)
    kept = run.bucket.put_json(told.model_dump(mode="json"), JSON, f"facts of look {told.look}")
    steps = [referred, seen, run_monitoring_gate(run, look, material, kept)]
    return record_look(run, look, material, told, steps)


def _waiting_reason(run: Run, look: Look, material: LookInputs) -> str:
    rows, least = sum(s.rows for s in look.waiting_batches), run.loaded.use_case.monitor.rows
    labels = material.label_counts["new"]
    return f"{rows:,} rows and {labels:,} labels wait: fewer than {least:,} are not judged"


def _compare_in_shadow(run: Run, now: str) -> ShadowOutcome | None:
    """Hold the challenger's answers in shadow against the champion's, if there are enough."""
    both = plan_shadow_comparison(run)
    return record_shadow_comparison(run, both, run_shadow_gate(run, both), now) if both else None


def _request_retraining(run: Run, now: str) -> None:
    """Tell of the last verdict of retrain, if nothing came of it yet."""
    past = unanswered_look(run.bucket, run.name)
    if past is not None:
        request_retraining(run, past, now)


def _final_state(looked: MonitorOutcome, taken: LabelImport) -> State:
    labels = {entry.name: f"{entry.rows:,} labels" for entry in taken.new}
    refused = {name: str(error) for name, error in taken.refused}
    data = looked.model_copy(update={"labels": labels, "refused": refused})
    name = (looked.verdict or "nothing new").capitalize()
    message, beside_it = looked.summary or looked.why, looked.shadow
    if beside_it and beside_it.entry:
        message += f" {beside_it.model} in shadow: {beside_it.verdict}."
    return Completed(name=name, message=message, data=data)
