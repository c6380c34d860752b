"""`assay why`: what would run, and what differs since the last time?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.cli.console import print_json, print_text
from assay.cli.options import ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.steps.plan import PlannedStep


def command(
    config: ConfigArgument,
    store: StoreOption = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell for each step whether it would run, and which of the things it depends on differ."""
    from assay.bucket.open import open_bucket
    from assay.config.loaded_use_case import load_use_case
    from assay.runs.result_cache import find_cached_outcome
    from assay.store.open import default_store_url

    url = store or default_store_url()
    bucket = open_bucket(url).require_existing()
    written = load_use_case(config, set_ or ())
    if standing := find_cached_outcome(bucket, written):
        _print_cached_result(standing, as_json=as_json)
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
        print_text(f"{name}: depends on what these come to")


def _print_cached_result(standing: Any, *, as_json: bool) -> None:
    if as_json:
        steps = [{"step": step.name, "would_run": False} for step in standing.steps]
        print_json({"steps": steps, "unforeseen": []})
    else:
        model = standing.model or standing.use_case
        print_text(f"nothing would run: {model} stands {standing.outcome}")


def _print_step(step: PlannedStep) -> None:
    if not step.would_run:
        print_text(f"{step.name}: from the memo")
        return
    print_text(f"{step.name}: would run" + ("" if step.known else ", it never has"))
    for difference in step.differences:
        print_text(f"  {difference}")
    for name in step.upstream_steps:
        print_text(f"  {name} comes before it and would run")
