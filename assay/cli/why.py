"""`assay why`: show which steps would run, and what changed since the last run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from assay.cli.console import print_json, print_text
from assay.cli.options import ConfigArgument, JsonOption, SetOption, StoreOption

if TYPE_CHECKING:
    from assay.config.use_case import UseCase
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
    limits = list(_key_limits(written.use_case))
    if standing := find_cached_outcome(bucket, written):
        _print_cached_result(standing, limits, as_json=as_json)
        return
    from assay.cli.flow_runner import plan_training

    plan = plan_training(str(config), url, tuple(set_ or ()))
    if as_json:
        steps = [step.as_json() for step in plan.steps]
        print_json({"steps": steps, "unforeseen": plan.unforeseen_steps(), "limits": limits})
        return
    for step in plan.steps:
        _print_step(step)
    for name in plan.unforeseen_steps():
        print_text(f"{name}: depends on what these come to")
    _print_limits(limits)


def _key_limits(use_case: UseCase) -> Iterator[str]:
    """What a team's own code reads that no key can hold, for candidates that declare nothing."""
    from assay.steps.code_version import find_hidden_dependencies

    for number, candidate in enumerate(use_case.candidates):
        if not candidate.depends:
            for place in find_hidden_dependencies(*candidate.code_roots()):
                yield (
                    f"{place} takes a computed name, so a change of what it reads trains nothing "
                    f"again. Declare it under candidates.{number}.depends."
                )


def _print_limits(limits: Sequence[str]) -> None:
    for limit in dict.fromkeys(limits):
        print_text(f"not in any key: {limit}")


def _print_cached_result(outcome: Any, limits: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        steps = [{"step": step.name, "would_run": False} for step in outcome.steps]
        print_json({"steps": steps, "unforeseen": [], "limits": limits})
    else:
        model = outcome.model or outcome.use_case
        print_text(f"nothing would run: {model} stands {outcome.outcome}")
        _print_limits(limits)


def _print_step(step: PlannedStep) -> None:
    if not step.would_run:
        print_text(f"{step.name}: cached")
        return
    print_text(f"{step.name}: would run" + ("" if step.has_run else ", for the first time"))
    if step.refused_entry:
        print_text(f"  a cached result does not count: {step.refused_entry}")
    for difference in step.differences:
        print_text(f"  {difference}")
    for name in step.upstream_steps:
        print_text(f"  {name} would run before it")
