"""From raw rows to a registered model, or to the reason why there is none."""

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from tasks.evaluate import evaluate
from tasks.fairness import fairness
from tasks.feasibility import feasibility
from tasks.ingest import ingest
from tasks.rank import rank
from tasks.read import read
from tasks.register import register
from tasks.search import search
from tasks.split import split
from tasks.stop import stop
from tasks.train import train as fit
from tasks.validate import validate


@flow(name="train", flow_run_name="train {config}")
def train(config: str, store: str, overrides: tuple[str, ...] = (), always: bool = False) -> State:
    """Take the question in `config` through every gate. Stops early, and says why."""
    run = read(config, store, overrides, always)

    ingested = ingest(run)
    table = ingested["table"]

    validated = validate(run, table)
    if validated.verdict == "fail":
        return _ended("Invalid", stop(run, [ingested, validated]))

    weighed = feasibility(run, table)
    if weighed.verdict == "fail":
        return _ended("Infeasible", stop(run, [ingested, validated, weighed]))

    parted = split(run, table)
    test = parted["membership"]
    searched = [search(run, table, test, name) for name in run.candidates]
    pairs = zip(run.candidates, searched, strict=True)
    fitted = [fit(run, table, test, found, name) for name, found in pairs]

    judged = []
    for trained in rank(run, fitted):
        evaluated = evaluate(run, table, trained)
        audited = fairness(run, trained)
        judged.append((trained, evaluated, audited))
        if "fail" not in {evaluated.verdict, audited.verdict}:
            break

    outcome = register(run, [ingested, validated, weighed, parted, *searched, *fitted], judged)
    return _ended("Rejected", outcome)


def _ended(refusal: str, outcome) -> State:
    """The flow's last state: a gate's no is a failure with its reasons, not a crash."""
    if outcome.outcome == "registered":
        return Completed(name="Registered", message=f"{outcome.model}", data=outcome)
    return Failed(name=refusal, message="; ".join(outcome.reasons), data=outcome)
