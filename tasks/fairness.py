"""Compare one candidate's decisions across groups of people."""

from typing import Any

from assay.bucket.artifacts import Artifact
from assay.production.retraining.newest_rows import mask_newest_rows, training_cutoff
from assay.registry.registry import Registry
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="fairness")
def run_fairness_gate(run: Run, train_step: Step, row_origins: Artifact | None = None) -> Step:
    """Yield `report`. With `row_origins`, the newest rows are also judged alone."""
    use_case, predictions = run.loaded.use_case, train_step["predictions"]
    candidate = train_step.components["settings"]["title"]
    since = _champion_learnt_up_to(run, train_step) if row_origins else None

    def work() -> dict[str, Artifact]:
        from assay.gates.fairness import gate
        from assay.gates.report import put_report
        from assay.tables.table import Table

        def audit(rows: Any) -> Any:
            rules, groups = use_case.fairness, use_case.data.sensitive
            return gate.audit_fairness(rows, rules, groups, subject=candidate, seed=use_case.seed)

        frame = Table.read(run.bucket, predictions).to_pandas()
        report = audit(frame)
        if row_origins and since is not None and use_case.fairness:
            newest = mask_newest_rows(run.bucket, row_origins, frame["row"].tolist(), since)
            if newest is not None:
                report = gate.join_newest_report(report, audit(frame[newest]), int(newest.sum()))
        return {"report": put_report(run.bucket, report)}

    sensitive = {n: s.model_dump(mode="json") for n, s in use_case.data.sensitive.items()}
    return perform_stage(
        run,
        "fairness",
        core="assay.gates.fairness.gate",
        settings={
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "sensitive": sensitive,
            "candidate": candidate,
            **({} if since is None else {"since": since}),
        },
        inputs={"predictions": predictions, **({"arrived": row_origins} if row_origins else {})},
        work=work,
        label=f"fairness {candidate}",
    )


def _champion_learnt_up_to(run: Run, train_step: Step) -> int | None:
    """The last ledger entry that the champion was trained on; None without a champion."""
    question = run.question(train_step.inputs["table"])
    champion = Registry(run.bucket).history(run.name).champion_to_beat(question)
    return training_cutoff(champion) if champion else None
