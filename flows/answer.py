"""From a table to a registered model, or to the reason why there is none: every gate in turn."""

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.artifacts import Artifact
from assay.runs import Outcome, Run
from assay.steps import Step
from assay.tasks.evaluate import evaluate
from assay.tasks.fairness import fairness
from assay.tasks.feasibility import feasibility
from assay.tasks.rank import in_order, rank
from assay.tasks.register import register
from assay.tasks.search import search
from assay.tasks.split import split
from assay.tasks.stage import publish_history, publish_page
from assay.tasks.stop import stop
from assay.tasks.technical import technical
from assay.tasks.train import train as fit
from assay.tasks.validate import validate
from assay.tasks.weigh import weigh


def answer(
    run: Run,
    made: list[Step],
    table: Artifact,
    quarantine: Artifact | None = None,
    as_text: Artifact | None = None,
    arrived: Artifact | None = None,
) -> State:
    """Ask the run's question of `table`, which the steps in `made` yielded.

    `quarantine`: rows that had to be set aside; `as_text`: columns that had to be read as text.
    `arrived`: which of the rows came since, where a model is trained anew; on the newest of them
    it is held against the champion.
    """
    validated = validate(run, table, quarantine, as_text)
    if validated.verdict == "fail":
        return _ended("Invalid", run, stop(run, [*made, validated]))

    weighed = weigh(run, table)
    feasible = feasibility(run, table, weighed)
    if feasible.verdict == "fail":
        return _ended("Infeasible", run, stop(run, [*made, validated, weighed, feasible]))

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
        evaluated = evaluate(run, table, trained, arrived)
        audited = fairness(run, trained, arrived)
        timed = technical(run, trained)
        judged.append((trained, evaluated, audited, timed))
        if "fail" not in {evaluated.verdict, audited.verdict, timed.verdict}:
            held = audited.verdict == "unknown"
            if not held:
                break

    groundwork = [*made, validated, weighed, feasible, parted]
    groundwork += [*searched.values(), *fitted.values(), ranked]
    return _ended("Rejected", run, register(run, groundwork, judged))


def _ended(refusal: str, run: Run, outcome: Outcome) -> State:
    """The flow's last state: a gate's no is a failure with its reasons, not a crash.

    What it came to is shown by the flow itself, not by a task: a dashboard lists that first.
    """
    publish_page(run, outcome)
    publish_history(run.bucket, run.name)
    if outcome.outcome == "registered":
        # A challenger waits for a person, or for batches in its champion's shadow.
        name = "Registered" if outcome.champion else "Challenger"
        return Completed(name=name, message=f"{outcome.model}", data=outcome)
    return Failed(name=refusal, message="; ".join(outcome.reasons), data=outcome)
