"""`assay reproduce`: is this model what its record says, when everything is done again?"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import print_facts, print_json, print_stderr, print_text
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.reproduce.rebuild import Rebuild
    from assay.reproduce.run_comparison import RunComparison, StepComparison

_MOST_NAMED = 10  # of many differences, those told by name
_STATUS_TEXTS = {
    "taken": "not repeated: its outputs were taken from the record",
    "timed": "the same verdict; it reads times, which are not compared",
    "not rebuilt": "ran then and not now",
    "new": "runs now and did not then",
}


def command(
    reference: Annotated[str, typer.Argument(metavar="MODEL@N", help="income@3, income@champion")],
    recorded_environment: Annotated[
        bool,
        typer.Option(
            "--recorded-environment",
            help="Install the recorded distributions into a virtual environment, kept for the "
            "next time, and rebuild there. Else the rebuild runs in the present one.",
        ),
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option(
            metavar="PATH or URL",
            help="The git repository that has the recorded commit. Else the one you stand in.",
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Keep the rebuilt bucket in this new folder.")
    ] = None,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a model from its record in a clean process, and compare every step's digests.

    Ends with 0 if all are identical, and with 4 if not: then what the record says does not hold
    here.
    """
    from assay.bucket.open import open_bucket
    from assay.reproduce.rebuild import prepare_rebuild
    from assay.reproduce.run_comparison import compare_runs
    from assay.store.open import default_store_url

    bucket = open_bucket(store or default_store_url()).require_existing()
    _require_empty_folder(into)
    with tempfile.TemporaryDirectory(prefix="assay-reproduce-") as made:
        folder = Path(made)
        rebuild = prepare_rebuild(
            bucket,
            reference,
            folder,
            repository=repository,
            recorded_environment=recorded_environment,
            say=print_stderr,
        )
        if not as_json:
            _print_rebuild(rebuild, fresh=recorded_environment)
        elif rebuild.environment_changes:
            print_stderr(
                f"the environment differs from the recorded one in {len(rebuild.environment_changes)} ways"
            )
        rebuilt = rebuild.run(str(into.absolute() if into else folder / "bucket"))
        found = compare_runs(
            rebuild.recorded, rebuilt, ingestion_taken=not rebuild.rows.is_repeatable
        )
    if as_json:
        print_json(_comparison_json(rebuild, found))
    else:
        _print_comparison(rebuild, found, into, fresh=recorded_environment)
    raise typer.Exit(0 if found.identical else 4)


def _require_empty_folder(into: Path | None) -> None:
    from assay.errors import OutputError

    if into and into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise OutputError(
            "there is something here already, and a rebuild needs an empty bucket",
            where=str(into),
            remedy="Name a new folder with --into.",
        )


def _print_rebuild(rebuild: Rebuild, *, fresh: bool) -> None:
    """What will be rebuilt from what, and all that is known to differ, before it starts."""
    recorded, code = rebuild.recorded, rebuild.code
    print_facts(
        {
            "model": f"{recorded.version.name}, {recorded.version.entry.body['candidate']}",
            "code": code.description,
            "rows": rebuild.rows.description,
            "environment": _environment_text(rebuild, fresh=fresh),
        }
    )
    for line in _difference_lines(rebuild):
        print_text(f"  {line}")
    for name, path in code.stray_modules.items():
        known = "other bytes than then" if name in code.changed_modules else "the bytes of then"
        print_text(f"  module {name} is not in git; taken from {path}, {known}")
    for name in code.changed_modules:
        if name not in code.stray_modules:
            print_text(f"  module {name} is not what ran then, by its digest")
    print_text("")


def _environment_text(rebuild: Rebuild, *, fresh: bool) -> str:
    where = "built from the record" if fresh else "the present one"
    return f"{where}, {'which differs from the recorded one:' if rebuild.environment_changes else 'the same'}"


def _difference_lines(rebuild: Rebuild) -> list[str]:
    """What a step's code imports is told one by one, the rest in a line."""
    used = rebuild.recorded.distributions
    told = [d for d in rebuild.environment_changes if d.kind != "library" or d.name in used]
    other = [d for d in rebuild.environment_changes if d not in told]
    lines = [f"{d}{' (steps import it)' if d.kind == 'library' else ''}" for d in told]
    if other:
        names = "; ".join(map(str, other[:_MOST_NAMED]))
        more = f"; and {len(other) - _MOST_NAMED} more" if len(other) > _MOST_NAMED else ""
        lines.append(f"imported by no step directly: {names}{more}")
    return lines


def _print_comparison(
    rebuild: Rebuild, found: RunComparison, into: Path | None, *, fresh: bool
) -> None:
    print_text("")
    width = max(len(step.name) for step in found.steps)
    for step in found.steps:
        print_text(f"{step.name:<{width}}  {_step_status_text(step)}")
    print_text("")
    if found.first_divergence:
        _print_divergences(found, found.first_divergence, rebuild)
        _print_next_steps(rebuild, into, fresh=fresh)
        return
    from_here = "" if rebuild.rows.is_repeatable else " from the recorded table on"
    steps = sum(step.compared_count > 0 for step in found.steps)
    print_text(
        f"identical{from_here}: {found.compared_count} outputs of {steps} steps, digest for digest; "
        "times are not compared"
    )
    print_facts({"model": str(rebuild.recorded.version.digest)})


def _step_status_text(step: StepComparison) -> str:
    if step.status == "follows":
        return f"differs, as do its inputs: {', '.join(step.changed_inputs) or 'the steps above'}"
    return _STATUS_TEXTS.get(step.status, step.status)


def _print_divergences(found: RunComparison, first: StepComparison, rebuild: Rebuild) -> None:
    name = rebuild.recorded.version.name
    print_text(f"not identical: {name} diverges first at {first.name}")
    _print_outputs(first)
    _print_causes(first)
    others = [s for s in found.steps if s.status == "differs" and s is not first]
    for step in others:
        print_text(f"and by itself, from the same inputs, at {step.name}")
        _print_outputs(step)


def _print_next_steps(rebuild: Rebuild, into: Path | None, *, fresh: bool) -> None:
    if rebuild.environment_changes and not fresh:
        print_text("next: rule the environment out with --recorded-environment")
    if into is None:
        print_text("next: rebuild with --into FOLDER to keep what was made, and look at it")


def _print_causes(step: StepComparison) -> None:
    """What else differs of all that the step depends on: libraries and settings before code, and
    what changed before what came or went.
    """
    found = sorted(
        step.component_changes,
        key=lambda d: (d.kind == "code", d.before is None or d.after is None),
    )
    for difference in found[:_MOST_NAMED]:
        print_text(f"  it depends on {difference.kind} {difference}")
    if len(found) > _MOST_NAMED:
        print_text(f"  and on {len(found) - _MOST_NAMED:,} more that differ; --json names them")


def _print_outputs(step: StepComparison) -> None:
    if step.status in {"new", "not rebuilt"}:
        print_text(f"  it {_STATUS_TEXTS[step.status]}")
    if step.outputs and step.compared_count > 1:
        print_text(f"  of {step.compared_count} outputs these differ:")
    for output in step.outputs:
        print_text(f"  {output.name}")
        for line in output.differences:
            print_text(f"    {line}")


def _comparison_json(rebuild: Rebuild, found: RunComparison) -> dict[str, Any]:
    recorded, code = rebuild.recorded, rebuild.code
    return {
        "model": recorded.version.name,
        "digest": str(recorded.version.digest),
        "identical": found.identical,
        "first_divergence": found.first_divergence and found.first_divergence.name,
        "outputs_compared": found.compared_count,
        "code": {
            "commit": code.commit,
            "changed_files": code.changed_files,
            "differs": code.changed_modules,
            "not_in_git": code.stray_modules,
        },
        "rows": {
            "source": rebuild.rows.source,
            "read_again": rebuild.rows.is_repeatable,
            "why_not": rebuild.rows.reason,
        },
        "environment": [difference.as_json() for difference in rebuild.environment_changes],
        "steps": [step.as_json() for step in found.steps],
    }
