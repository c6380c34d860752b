"""`assay run`: take a question through every gate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import console, print_facts, print_json
from assay.cli.options import AsJson, Config, Set, Store

if TYPE_CHECKING:
    from assay.bucket import Bucket
    from assay.runs import Outcome

_CODES = {"registered": 0, "rejected": 3, "stopped": 3}


def command(
    config: Config,
    store: Store = None,
    always: Annotated[bool, typer.Option("--always", help="Redo every step.")] = False,
    set_: Set = None,
    reports: Annotated[Path, typer.Option(help="Folder for the HTML report.")] = Path("reports"),
    as_json: AsJson = False,
) -> None:
    """Take a question from raw rows to a registered model, or to the reason why there is none."""
    from assay.bucket import Bucket
    from assay.config.read import read
    from assay.store import default_url

    url = store or default_url()
    written = read(config, set_ or ())
    bucket = Bucket.open(url)
    outcome = None if always else _standing(bucket, written)
    if outcome is None:
        from assay.cli.orchestrate import train

        outcome = train(str(config), url, tuple(set_ or ()), always)
    page = _write_page(bucket, outcome, reports)
    if as_json:
        print_json(_summary(outcome, page))
    else:
        _tell(outcome, bucket, page)
    raise typer.Exit(_CODES[outcome.outcome])


def _standing(bucket: Bucket, written: Any) -> Outcome | None:
    """What the memo says this very question came to, asked before Prefect is imported."""
    from assay import runs
    from assay.sources.fingerprint import fingerprint

    source = fingerprint(written.use_case.data)
    return runs.standing(bucket, runs.question_key(written, source)) if source else None


def _write_page(bucket: Bucket, outcome: Outcome, folder: Path) -> Path:
    """The page beside the user, under a name that a browser opens."""
    path = folder / f"{outcome.model or outcome.use_case + '-stopped'}.html"
    folder.mkdir(parents=True, exist_ok=True)
    path.write_bytes(bucket.get(outcome.page))
    return path


def _summary(outcome: Outcome, page: Path) -> dict[str, Any]:
    return {
        "run": str(outcome.run),
        "outcome": outcome.outcome,
        "model": outcome.model,
        "digest": outcome.digest and str(outcome.digest),
        "champion": outcome.champion,
        "gates": outcome.gates,
        "reasons": outcome.reasons,
        "judged": [judged.model_dump() for judged in outcome.judged],
        "steps": [step.model_dump() for step in outcome.steps],
        "report": str(page),
    }


def _tell(outcome: Outcome, bucket: Bucket, page: Path) -> None:
    from assay.evidence.report import get_report
    from assay.render.terminal import verdicts

    out = console()
    out.print()
    verdicts([get_report(bucket, artifact) for artifact in outcome.reports.values()], out)
    for judged in outcome.judged:
        if judged.status == "rejected":
            _print(f"\n{judged.model} rejected: {judged.candidate}")
            for reason in judged.reasons:
                _print(f"  {reason}")
    if outcome.outcome == "stopped":
        _print(f"\n{outcome.use_case} stopped:")
    else:
        _print(f"\n{outcome.model} {outcome.outcome}" + ", champion" * outcome.champion)
    if outcome.outcome == "stopped" or outcome.judged[-1].status != "rejected":
        for reason in outcome.reasons:
            _print(f"  {reason}")
    cached = sum(step.cached for step in outcome.steps)
    facts = {
        "steps": f"{len(outcome.steps)}, of which {cached} found in the memo",
        "run": str(outcome.run),
        "report": str(page),
        "next": f"assay show {outcome.model}" if outcome.model else f"assay log {outcome.use_case}",
    }
    out.print()
    print_facts(facts)


def _print(text: str) -> None:
    console().print(text, markup=False, highlight=False, soft_wrap=True)
