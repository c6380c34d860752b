"""From a table to a registered model, or to the reason why there is none: every gate in turn."""

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.bucket.artifacts import Artifact
from assay.runs.outcome import RunOutcome
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.conclusion import record_candidates, record_stop
from assay.tasks.evaluate import run_performance_gate
from assay.tasks.fairness import run_fairness_gate
from assay.tasks.feasibility import run_feasibility_gate
from assay.tasks.rank import candidates_in_order, rank_candidates
from assay.tasks.search import search_hyperparameters
from assay.tasks.split import split_table
from assay.tasks.stage import publish_history, publish_page
from assay.tasks.technical import run_technical_gate
from assay.tasks.train import train_candidate as fit
from assay.tasks.validate import run_validation_gate
from assay.tasks.weigh import measure_feasibility


def run_training_pipeline(
    run: Run,
    prior_steps: list[Step],
    table: Artifact,
    quarantine: Artifact | None = None,
    as_text: Artifact | None = None,
    notes: Artifact | None = None,
    row_origins: Artifact | None = None,
) -> State:
    """Ask the run's question of `table`, which the steps in `prior_steps` yielded.

    `quarantine`: rows that had to be set aside; `as_text`: columns that had to be read as text;
    `notes`: what else ingestion did to rows and values.
    `row_origins`: which of the rows came since, where a model is trained anew; on the newest of them
    it is held against the champion.
    """
    validated = run_validation_gate(run, table, quarantine, as_text, notes)
    if validated.verdict == "fail":
        return _final_state("Invalid", run, record_stop(run, [*prior_steps, validated]))

    weighed = measure_feasibility(run, table)
    feasible = run_feasibility_gate(run, table, weighed)
    if feasible.verdict == "fail":
        return _final_state(
            "Infeasible", run, record_stop(run, [*prior_steps, validated, weighed, feasible])
        )

    parted = split_table(run, table)
    test = parted["membership"]
    searched = {
        name: search_hyperparameters(run, table, test, name)
        for name in dict.fromkeys(run.searched_as)
    }
    fitted = {
        name: fit(run, table, test, searched[alike], name)
        for name, alike in zip(run.candidates, run.searched_as, strict=True)
    }
    ranked = rank_candidates(run, fitted)

    judged, held = [], False
    for trained, foreseen in candidates_in_order(run, ranked, fitted):
        if held and foreseen != "pass":
            break  # one awaits a person already, and no other is likely to need none
        evaluated = run_performance_gate(run, table, trained, row_origins)
        audited = run_fairness_gate(run, table, trained, row_origins)
        timed = run_technical_gate(run, trained)
        judged.append((trained, evaluated, audited, timed))
        if "fail" not in {evaluated.verdict, audited.verdict, timed.verdict}:
            held = audited.verdict == "unknown"
            if not held:
                break

    groundwork = [*prior_steps, validated, weighed, feasible, parted]
    groundwork += [*searched.values(), *fitted.values(), ranked]
    return _final_state("Rejected", run, record_candidates(run, groundwork, judged))


def _final_state(refusal: str, run: Run, outcome: RunOutcome) -> State:
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
