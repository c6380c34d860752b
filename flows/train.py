"""From raw rows to a registered model, or to the reason why there is none."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from tasks.evaluate import evaluate
from tasks.fairness import fairness
from tasks.feasibility import feasibility
from tasks.ingest import ingest
from tasks.rank import in_order, rank
from tasks.read import read
from tasks.register import register
from tasks.search import search
from tasks.split import split
from tasks.stop import stop
from tasks.technical import technical
from tasks.train import train as fit
from tasks.validate import validate


@flow(name="train", flow_run_name="train {config}")
def train(
    config: str,
    store: str | None = None,
    overrides: tuple[str, ...] = (),
    always: bool = False,
) -> State:
    """Take the question in `config` through every gate. Stops early, and says why.

    `store` is the bucket's URL, else ASSAY_STORE, else ./.assay; `overrides` are key=value over
    what the file says; `always` redoes steps that the memo knows.
    """
    run = read(config, store, overrides, always)

    ingested = ingest(run)
    table = ingested["table"]

    validated = validate(run, table, ingested.outputs.get("quarantine"))
    if validated.verdict == "fail":
        return _ended("Invalid", stop(run, [ingested, validated]))

    weighed = feasibility(run, table)
    if weighed.verdict == "fail":
        return _ended("Infeasible", stop(run, [ingested, validated, weighed]))

    parted = split(run, table)
    test = parted["membership"]
    searched = {name: search(run, table, test, name) for name in dict.fromkeys(run.searched_as)}
    fitted = {
        name: fit(run, table, test, searched[alike], name)
        for name, alike in zip(run.candidates, run.searched_as, strict=True)
    }
    ranked = rank(run, fitted)

    judged, held = [], False
    for trained, foreseen in in_order(run, ranked, fitted):
        if held and foreseen != "pass":
            break  # one awaits a person already, and no other is likely to need none
        evaluated = evaluate(run, table, trained)
        audited = fairness(run, trained)
        timed = technical(run, trained)
        judged.append((trained, evaluated, audited, timed))
        if "fail" not in {evaluated.verdict, audited.verdict, timed.verdict}:
            held = audited.verdict == "unknown"
            if not held:
                break

    groundwork = [ingested, validated, weighed, parted]
    groundwork += [*searched.values(), *fitted.values(), ranked]
    return _ended("Rejected", register(run, groundwork, judged))


def _ended(refusal: str, outcome: Any) -> State:
    """The flow's last state: a gate's no is a failure with its reasons, not a crash."""
    if outcome.outcome == "registered":
        return Completed(name="Registered", message=f"{outcome.model}", data=outcome)
    return Failed(name=refusal, message="; ".join(outcome.reasons), data=outcome)
