"""Ask what one candidate does to each group of people."""

from typing import Any

from assay.artifacts import Artifact
from assay.living.newest import learnt_up_to, newest
from assay.registry import Registry
from assay.runs import Run
from assay.steps import Step
from assay.tasks.stage import perform, stage


@stage
def fairness(run: Run, trained: Step, arrived: Artifact | None = None) -> Step:
    """Yields `report`. Given what `arrived` when, the newest rows are also judged alone."""
    use_case, predictions = run.written.use_case, trained["predictions"]
    candidate = trained.components["settings"]["title"]
    since = _learnt(run, trained) if arrived else None

    def work() -> dict[str, Artifact]:
        from assay.evidence import fairness as gate
        from assay.evidence.report import put_report
        from assay.tables.read import Table

        def audit(rows: Any) -> Any:
            rules, groups = use_case.fairness, use_case.data.sensitive
            return gate.audit(rows, rules, groups, subject=candidate, seed=use_case.seed)

        frame = Table.read(run.bucket, predictions).pandas()
        report = audit(frame)
        if arrived and since is not None and use_case.fairness:
            lately = newest(run.bucket, arrived, frame["row"].tolist(), since)
            if lately is not None:
                report = gate.lately(report, audit(frame[lately]), int(lately.sum()))
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
            **({} if since is None else {"since": since}),
        },
        inputs={"predictions": predictions, **({"arrived": arrived} if arrived else {})},
        work=work,
        label=f"fairness {candidate}",
    )


def _learnt(run: Run, trained: Step) -> int | None:
    """Up to which entry of the ledger the champion has learnt; None where there is none."""
    question = run.question(trained.inputs["table"])
    champion = Registry(run.bucket).history(run.name).rival(question)
    return learnt_up_to(champion) if champion else None
