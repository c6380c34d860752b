"""`assay reproduce`: rebuild a model from its record and compare every output."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import print_facts, print_json, print_stderr, print_text
from assay.cli.options import JsonOption, StoreOption
from assay.util.wording import format_count

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.reproduce.rebuild import Rebuild
    from assay.reproduce.run_comparison import RunComparison, StepComparison

_MOST_NAMED = 10  # differences that are printed by name
_STATUS_TEXTS = {
    "taken": "not repeated: its outputs come from the record",
    "timed": "the same verdict; it measures times, which are not compared",
    "not rebuilt": "ran then, but not now",
    "new": "runs now, but did not then",
}


def command(
    reference: Annotated[str, typer.Argument(metavar="MODEL@N", help="income@3, income@champion")],
    recorded_environment: Annotated[
        bool,
        typer.Option(
            "--recorded-environment",
            help="Install the recorded distributions into a virtual environment, which is kept, "
            "and rebuild there. Default: rebuild in the present environment.",
        ),
    ] = False,
    repository: Annotated[
        str | None,
        typer.Option(
            metavar="PATH or URL",
            help="The git repository with the recorded commit. Default: that of this folder.",
        ),
    ] = None,
    into: Annotated[
        Path | None, typer.Option(help="Keep the rebuilt bucket in this new folder.")
    ] = None,
    unsigned: Annotated[
        bool,
        typer.Option(
            "--unsigned", help="Where people are listed, rebuild an unsigned record unasked."
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rebuild a model from its record in a clean process, and compare every step's digests.

    Exits with 0 if all are identical, and with 4 if not: the record does not hold here.
    """
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.reproduce.rebuild import prepare_rebuild
    from assay.reproduce.run_comparison import compare_runs

    bucket = open_existing_bucket(store)
    _require_empty_folder(into)
    if not unsigned:
        _require_consent(bucket, reference, may_ask=not as_json)
    with tempfile.TemporaryDirectory(prefix="assay-reproduce-") as temporary:
        folder = Path(temporary)
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
            count = format_count(len(rebuild.environment_changes), "difference")
            print_stderr(f"the present environment has {count} from the recorded one")
        rebuilt = rebuild.run(str(into.absolute() if into else folder / "bucket"))
        found = compare_runs(
            rebuild.recorded, rebuilt, ingestion_taken=not rebuild.rows.is_repeatable
        )
    if as_json:
        print_json(_comparison_json(rebuild, found))
    else:
        _print_comparison(rebuild, found, into, fresh=recorded_environment)
    raise typer.Exit(0 if found.identical else 4)


def _require_consent(bucket: Bucket, reference: str, *, may_ask: bool) -> None:
    """Where people are listed, ask before code runs that an unsigned record names.

    Nobody proves who wrote such a record. Where no person can answer, raises NotAllowed.
    """
    from assay.errors import NotAllowed
    from assay.registry.recorded_people import find_people
    from assay.registry.registry import Registry

    entry, people = Registry(bucket).find_version(reference).entry, find_people(bucket).people
    if entry.signature is not None or people is None or people.signatures == "required":
        return  # where signatures are required, a rebuild asks for them itself
    what = (
        f"the record of {reference} is not signed, so nothing proves that {entry.actor} wrote it, "
        "and a rebuild runs the code that it names"
    )
    if not (may_ask and sys.stdin.isatty() and sys.stderr.isatty()):
        remedy = f"Look at it with `assay show {reference}`; if you trust it, add --unsigned."
        raise NotAllowed(what, remedy=remedy)
    print_stderr(f"{what[0].upper()}{what[1:]}.")
    if not typer.confirm("Run it?", err=True):
        raise typer.Exit(1)


def _require_empty_folder(into: Path | None) -> None:
    from assay.errors import OutputError

    if into and into.exists() and (not into.is_dir() or any(into.iterdir())):
        raise OutputError(
            "this folder is not empty, and a rebuild needs an empty bucket",
            where=str(into),
            remedy="Name a new folder with --into.",
        )


def _print_rebuild(rebuild: Rebuild, *, fresh: bool) -> None:
    """Print what is rebuilt from what, and all known differences, before it starts."""
    from assay.registry.authority import describe_author

    recorded, code = rebuild.recorded, rebuild.code
    print_facts(
        {
            "model": f"{recorded.version.name}, {recorded.version.entry.body['candidate']}",
            "recorded": f"by {describe_author(recorded.bucket, recorded.version.entry)}",
            "code": code.description,
            "rows": rebuild.rows.description,
            "environment": _environment_text(rebuild, fresh=fresh),
        }
    )
    for line in _difference_lines(rebuild):
        print_text(f"  {line}")
    for name, path in code.stray_modules.items():
        known = "changed since" if name in code.changed_modules else "unchanged since"
        print_text(f"  module {name} is not in git; taken from {path}, {known}")
    for name in code.changed_modules:
        if name not in code.stray_modules:
            print_text(f"  module {name} has changed since, by its digest")
    print_text("")


def _environment_text(rebuild: Rebuild, *, fresh: bool) -> str:
    where = "built from the record" if fresh else "the present one"
    if rebuild.environment_changes:
        return f"{where}, which differs from the recorded one:"
    return f"{where}, the same as the recorded one"


def _difference_lines(rebuild: Rebuild) -> list[str]:
    """One line for each library that a step imports, one line for all others."""
    imported = rebuild.recorded.distributions
    changes = rebuild.environment_changes
    relevant = [d for d in changes if d.kind != "library" or d.name in imported]
    other = [d for d in changes if d not in relevant]
    lines = [f"{d}{' (steps import it)' if d.kind == 'library' else ''}" for d in relevant]
    if other:
        names = "; ".join(map(str, other[:_MOST_NAMED]))
        more = f"; and {len(other) - _MOST_NAMED} more" if len(other) > _MOST_NAMED else ""
        lines.append(f"no step imports directly: {names}{more}")
    return lines


def _print_comparison(
    rebuild: Rebuild, comparison: RunComparison, into: Path | None, *, fresh: bool
) -> None:
    print_text("")
    width = max(len(step.name) for step in comparison.steps)
    for step in comparison.steps:
        print_text(f"{step.name:<{width}}  {_step_status_text(step)}")
    print_text("")
    if comparison.first_divergence:
        _print_divergences(comparison, comparison.first_divergence, rebuild)
        _print_next_steps(rebuild, into, fresh=fresh)
        return
    from_here = "" if rebuild.rows.is_repeatable else " from the recorded table on"
    steps = sum(step.compared_count > 0 for step in comparison.steps)
    print_text(
        f"identical{from_here}: {comparison.compared_count} outputs of {steps} steps, digest for "
        "digest; times are not compared"
    )
    print_facts({"model": str(rebuild.recorded.version.digest)})


def _step_status_text(step: StepComparison) -> str:
    if step.status == "follows":
        inputs = ", ".join(step.changed_inputs) or "the steps above"
        return f"differs because its inputs differ: {inputs}"
    return _STATUS_TEXTS.get(step.status, step.status)


def _print_divergences(comparison: RunComparison, first: StepComparison, rebuild: Rebuild) -> None:
    name = rebuild.recorded.version.name
    print_text(f"not identical: {name} diverges first at {first.name}")
    _print_outputs(first)
    _print_causes(first)
    others = [s for s in comparison.steps if s.status == "differs" and s is not first]
    for step in others:
        print_text(f"it also diverges at {step.name}, whose inputs are the same")
        _print_outputs(step)


def _print_next_steps(rebuild: Rebuild, into: Path | None, *, fresh: bool) -> None:
    if rebuild.environment_changes and not fresh:
        print_text("next: rule the environment out with --recorded-environment")
    if into is None:
        print_text("next: keep the rebuilt bucket with --into FOLDER, and inspect it")


def _print_causes(step: StepComparison) -> None:
    """Print other differences in what the step depends on.

    Libraries and settings come before code, changes before additions and removals.
    """
    found = sorted(
        step.component_changes,
        key=lambda d: (d.kind == "code", d.before is None or d.after is None),
    )
    for difference in found[:_MOST_NAMED]:
        print_text(f"  depends on {difference.kind} {difference}")
    if len(found) > _MOST_NAMED:
        print_text(f"  and on {len(found) - _MOST_NAMED:,} more that differ: see --json")


def _print_outputs(step: StepComparison) -> None:
    if step.status in {"new", "not rebuilt"}:
        print_text(f"  it {_STATUS_TEXTS[step.status]}")
    if step.outputs and step.compared_count > 1:
        print_text(f"  of {step.compared_count} outputs these differ:")
    for output in step.outputs:
        print_text(f"  {output.name}")
        for line in output.differences:
            print_text(f"    {line}")


def _comparison_json(rebuild: Rebuild, comparison: RunComparison) -> dict[str, Any]:
    recorded, code = rebuild.recorded, rebuild.code
    return {
        "model": recorded.version.name,
        "digest": str(recorded.version.digest),
        "identical": comparison.identical,
        "first_divergence": comparison.first_divergence and comparison.first_divergence.name,
        "outputs_compared": comparison.compared_count,
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
        "steps": [step.as_json() for step in comparison.steps],
    }
