"""`assay why`: what would run, and what differs since the last time?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.cli.console import print_json, print_text
from assay.cli.options import AsJson, Config, Set, Store

if TYPE_CHECKING:
    from assay.plan import Planned


def command(config: Config, store: Store = None, set_: Set = None, as_json: AsJson = False) -> None:
    """Tell for each step whether it would run, and which of the things it depends on differ."""
    from assay.bucket import Bucket
    from assay.config.read import read
    from assay.standing import answer
    from assay.store import default_url

    url = store or default_url()
    bucket = Bucket.open(url).existing()
    written = read(config, set_ or ())
    if standing := answer(bucket, written):
        _tell_standing(standing, as_json=as_json)
        return
    from assay.cli.orchestrate import planned

    plan = planned(str(config), url, tuple(set_ or ()))
    if as_json:
        steps = [step.as_json() for step in plan.steps]
        print_json({"steps": steps, "unforeseen": plan.unforeseen()})
        return
    for step in plan.steps:
        _tell(step)
    for name in plan.unforeseen():
        print_text(f"{name}: depends on what these come to")


def _tell_standing(standing: Any, *, as_json: bool) -> None:
    if as_json:
        steps = [{"step": step.name, "would_run": False} for step in standing.steps]
        print_json({"steps": steps, "unforeseen": []})
    else:
        model = standing.model or standing.use_case
        print_text(f"nothing would run: {model} stands {standing.outcome}")


def _tell(step: Planned) -> None:
    if not step.runs:
        print_text(f"{step.name}: from the memo")
        return
    print_text(f"{step.name}: would run" + ("" if step.known else ", it never has"))
    for difference in step.differs:
        print_text(f"  {difference}")
    for name in step.after:
        print_text(f"  {name} comes before it and would run")
