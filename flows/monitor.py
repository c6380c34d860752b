"""Monitor the champion: from what is new since the last look to healthy, watch or retrain."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.bucket.artifacts import JSON
from assay.errors import NoChampion
from assay.flows.lineage import lineage_hooks, tell_end, tell_start
from assay.flows.run_name import format_run_name
from assay.problems.fit_to_question import require_monitoring
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
from assay.tasks.reasons import gather_reasons
from assay.tasks.reference import build_reference
from assay.tasks.shadow import run_shadow_gate
from assay.tasks.stage import publish_history, publish_look
from assay.tasks.start_run import start_run
from assay.tasks.window import build_window
from assay.util import clock


@flow(
    name="monitor",
    flow_run_name=format_run_name,
    on_running=lineage_hooks(tell_start),
    on_completion=lineage_hooks(tell_end),
    on_failure=lineage_hooks(tell_end),
    on_crashed=lineage_hooks(tell_end),
    on_cancellation=lineage_hooks(tell_end),
)
def monitor(
    config: str,
    store: str | None = None,
    as_of: str | None = None,
    overrides: tuple[str, ...] = (),
    quiet: bool = False,
    label_files: tuple[str, ...] | None = None,
) -> State:
    """Read new labels, judge the champion on everything new, and record the look.

    `as_of` is the moment to act for; default: now. Nothing is recorded if nothing is new. A verdict
    of retrain emits the event `assay.retrain.wanted` until a retraining follows. If the use case
    asks for a shadow, the challenger's predictions are then compared with the champion's.
    A `quiet` look, as a backfill takes it of the past, is recorded and asks for nothing.
    `label_files` are read instead of labels.source.
    Raises ConfigError for a question whose type has no monitoring.
    """
    now = clock.format_timestamp(clock.parse_timestamp(as_of))
    run = start_run(config, store, overrides, False, trains=False)
    require_monitoring(run.problem, config)
    labels = ingest_labels(run, now, label_files)
    if not quiet:
        _request_retraining(run, now)  # for an earlier look, whatever this one finds
    try:
        look = plan_look(run, now)
    except NoChampion as error:  # usual for a schedule before the first training: no alarm
        return Failed(name="No champion", message=error.what, data=error)
    outcome = idle_outcome(run.name, look) if look.is_idle else _take_look(run, look, quiet)
    if not quiet:
        outcome = outcome.model_copy(update={"shadow": _compare_in_shadow(run, now)})
    if outcome.verdict == RETRAIN and not quiet:
        _request_retraining(run, now)
    if outcome.look is not None or (outcome.shadow and outcome.shadow.entry):
        publish_history(run.bucket, run.name)
    if outcome.look is not None:
        publish_look(outcome, quiet=quiet)
    return _final_state(outcome, labels)


def _take_look(run: Run, look: Look, quiet: bool) -> MonitorOutcome:
    reference = build_reference(run, look.version)
    window = build_window(run, look, reference["reference"])
    counts = run.bucket.get_json(window["counted"])
    judged = "current" in window.outputs or counts["same"]
    reasons = gather_reasons(run, look) if judged and run.loaded.use_case.score.reasons else {}
    material = LookInputs(
        reference=reference["reference"],
        current=window.outputs.get("current"),
        labelled=window.outputs.get("labelled"),
        same_rows=counts["same"],
        label_counts=counts,
        label_counts_artifact=window["counted"],
        usual_reasons=reasons.get("usual_reasons"),
        first_reasons=reasons.get("first_reasons"),
    )
    if not is_worth_recording(look, material):
        return idle_outcome(run.name, look, _waiting_reason(run, look, material))
    facts = collect_facts(run.bucket, look, run.loaded.use_case, material)
    stored_facts = run.bucket.put_json(
        facts.model_dump(mode="json"), JSON, f"facts of look {facts.look}"
    )
    gate = run_monitoring_gate(run, look, material, stored_facts)
    return record_look(
        run,
        look,
        material,
        facts,
        earlier_steps=[reference, window],
        gate_step=gate,
        quiet=quiet,
    )


def _waiting_reason(run: Run, look: Look, material: LookInputs) -> str:
    rows, least = sum(s.rows for s in look.waiting_batches), run.loaded.use_case.monitor.rows
    labels = material.label_counts["new"]
    return f"{rows:,} rows and {labels:,} labels wait; a look needs {least:,} of either"


def _compare_in_shadow(run: Run, now: str) -> ShadowOutcome | None:
    """Compare the challenger's predictions in shadow with the champion's, if there are enough."""
    comparison = plan_shadow_comparison(run)
    if comparison is None:
        return None
    return record_shadow_comparison(run, comparison, run_shadow_gate(run, comparison), now)


def _request_retraining(run: Run, now: str) -> None:
    """Emit the event for the last verdict of retrain, if no retraining followed."""
    past = unanswered_look(run.bucket, run.name)
    if past is not None:
        request_retraining(run, past, now)


def _final_state(outcome: MonitorOutcome, imported: LabelImport) -> State:
    labels = {entry.name: f"{entry.rows:,} labels" for entry in imported.new}
    refused = {name: str(error) for name, error in imported.refused}
    data = outcome.model_copy(update={"labels": labels, "refused": refused})
    name = (outcome.verdict or "nothing new").capitalize()
    message, shadow = outcome.summary or outcome.why, outcome.shadow
    if shadow and shadow.entry:
        message += f" {shadow.model} in shadow: {shadow.verdict}."
    if outcome.verdict == RETRAIN:
        # Red on the dashboard, as what a gate refuses; alerts are about states by their names.
        return Failed(name=name, message=message, data=data)
    return Completed(name=name, message=message, data=data)
