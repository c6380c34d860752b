"""From a table through every gate to a registered model, or to the reason for having none."""

from dataclasses import replace

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from assay.bucket.artifacts import Artifact
from assay.runs.conclusion import CandidateSteps
from assay.runs.outcome import RunOutcome
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.conclusion import record_candidates, record_stop
from assay.tasks.evaluate import run_performance_gate
from assay.tasks.explain import run_explanation_gate
from assay.tasks.fairness import run_fairness_gate
from assay.tasks.feasibility import run_feasibility_gate
from assay.tasks.rank import candidates_in_order, rank_candidates
from assay.tasks.search import search_hyperparameters
from assay.tasks.split import split_table
from assay.tasks.stage import publish_history, publish_page
from assay.tasks.technical import run_technical_gate
from assay.tasks.train import train_candidate
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
    """Answer the run's question with `table`, which `prior_steps` yielded.

    `quarantine`: malformed rows that were set aside. `as_text`: columns that were read as text.
    `notes`: rows that were left out, and values that were changed.
    `row_origins`: the ledger entry that brought each row, for a retraining; the candidate is
    compared with the champion on the newest rows.
    """
    validation = run_validation_gate(run, table, quarantine, as_text, notes)
    shared = [*prior_steps, validation]
    if validation.verdict == "fail":
        return _final_state("Invalid", run, record_stop(run, table, prior_steps, validation))

    measurement = measure_feasibility(run, table)
    feasibility = run_feasibility_gate(run, table, measurement)
    if feasibility.verdict == "fail":
        outcome = record_stop(run, table, [*shared, measurement], feasibility)
        return _final_state("Infeasible", run, outcome)

    split = split_table(run, table)
    test = split["membership"]
    searches = {
        name: search_hyperparameters(run, table, test, name)
        for name in dict.fromkeys(run.searched_as)
    }
    trainings = {
        name: train_candidate(run, table, test, searches[searched_as], name)
        for name, searched_as in zip(run.candidates, run.searched_as, strict=True)
    }
    ranking = rank_candidates(run, trainings)

    candidates, awaits_person = [], False
    for training, expected_verdict in candidates_in_order(run, ranking, trainings):
        if awaits_person and expected_verdict != "pass":
            break  # no other candidate is likely to need no approval
        steps = CandidateSteps(
            training,
            run_performance_gate(run, table, training, row_origins),
            run_fairness_gate(run, table, training, row_origins),
            run_technical_gate(run, training),
        )
        if "explain" in run.problem.code and "fail" not in {gate.verdict for gate in steps.gates}:
            steps = replace(steps, explanation=run_explanation_gate(run, table, training))
        candidates.append(steps)
        if "fail" not in {gate.verdict for gate in steps.gates}:
            awaits_person = steps.fairness.verdict == "unknown"
            if not awaits_person:
                break

    shared += [measurement, feasibility, split]
    shared += [*searches.values(), *trainings.values(), ranking]
    outcome = record_candidates(run, table, shared, ranking, candidates)
    return _final_state("Rejected", run, outcome)


def _final_state(refusal: str, run: Run, outcome: RunOutcome) -> State:
    """Publish the outcome and return the flow's final state.

    A gate that fails gives a failed state with its reasons, not a crash. The flow itself, not a
    task, publishes the page, because the dashboard lists a flow's artifacts first.
    """
    publish_page(run, outcome)
    publish_history(run.bucket, run.name)
    if outcome.outcome == "registered":
        # A challenger waits for a person, or for batches in its champion's shadow.
        name = "Registered" if outcome.champion else "Challenger"
        return Completed(name=name, message=f"{outcome.model}", data=outcome)
    return Failed(name=refusal, message="; ".join(outcome.reasons), data=outcome)
