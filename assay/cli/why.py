"""`assay why`: show which steps would run, and what changed since the last run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.cli.console import print_json, print_text
from assay.cli.options import ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.runs.outcome import RunOutcome
    from assay.steps.plan import PlannedStep


def command(
    config: ConfigArgument,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say for each step whether it would run, and which of its dependencies changed."""
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.runs.result_cache import find_cached_outcome

    url = bucket_url(store)
    bucket = open_existing_bucket(url)
    written = load_use_case(config, set_ or ())
    if outcome := find_cached_outcome(bucket, written):
        _print_cached_outcome(outcome, as_json=as_json)
        return
    from assay.cli.flow_runner import plan_training

    plan = plan_training(str(config), url, tuple(set_ or ()))
    if as_json:
        steps = [step.as_json() for step in plan.steps]
        print_json({"steps": steps, "unforeseen": plan.unforeseen_steps()})
        return
    for step in plan.steps:
        _print_step(step)
    for name in plan.unforeseen_steps():
        print_text(f"{name}: depends on the results of these")


def _print_cached_outcome(outcome: RunOutcome, *, as_json: bool) -> None:
    if as_json:
        steps = [{"step": step.name, "would_run": False} for step in outcome.steps]
        print_json({"steps": steps, "unforeseen": []})
    else:
        model = outcome.model or outcome.use_case
        print_text(f"nothing would run: {model} is {outcome.outcome}")


def _print_step(step: PlannedStep) -> None:
    if not step.would_run:
        print_text(f"{step.name}: cached")
        return
    print_text(f"{step.name}: would run" + ("" if step.known else ", for the first time"))
    for difference in step.differences:
        print_text(f"  {difference}")
    for name in step.upstream_steps:
        print_text(f"  {name} would run before it")
