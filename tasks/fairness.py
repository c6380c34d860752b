"""Ask what one candidate does to each group of people."""

from assay.artifacts import Artifact
from assay.runs import Run
from assay.steps import Step
from tasks.stage import perform, stage


@stage
def fairness(run: Run, trained: Step) -> Step:
    """Yields `report`."""
    use_case, predictions = run.written.use_case, trained["predictions"]
    candidate = trained.components["settings"]["title"]

    def work() -> dict[str, Artifact]:
        from assay.evidence import fairness as gate
        from assay.evidence.report import put_report
        from assay.tables import Table

        report = gate.audit(
            Table.read(run.bucket, predictions).pandas(),
            use_case.fairness,
            use_case.data.sensitive,
            subject=candidate,
            seed=use_case.seed,
        )
        return {"report": put_report(run.bucket, report)}

    sensitive = {n: s.model_dump(mode="json") for n, s in use_case.data.sensitive.items()}
    return perform(
        run,
        "fairness",
        core="assay.evidence.fairness",
        settings={
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "sensitive": sensitive,
            "candidate": candidate,
        },
        inputs={"predictions": predictions},
        work=work,
        label=f"fairness {candidate}",
    )
