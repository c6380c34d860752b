"""Measure one candidate on the locked test rows, beside a dummy and the champion."""

from prefect.logging import get_run_logger

from assay.artifacts import Artifact
from assay.registry import Registry
from assay.runs import Run
from assay.steps import Step
from tasks.stage import perform, stage


@stage
def evaluate(run: Run, table: Artifact, trained: Step) -> Step:
    """Yields `report`."""
    use_case, predictions = run.written.use_case, trained["predictions"]
    candidate = trained.components["settings"]["title"]
    champion = Registry(run.bucket).history(run.name).rival(run.question(table))
    against = champion.number if champion else None
    itself = champion is not None and champion.digest == trained["model"].digest
    if itself and "champion" not in use_case.performance.beat:
        champion = None  # nothing to learn from a comparison with itself
    inputs = {"predictions": predictions, "about": trained["about"]}
    if champion:
        inputs |= {
            "table": table,
            "champion": champion.artifact("model"),
            "champion_signature": champion.artifact("signature"),
        }

    def work() -> dict[str, Artifact]:
        from assay.evidence import performance as gate
        from assay.evidence.report import put_report
        from assay.tables import Table

        frame = Table.read(run.bucket, predictions).pandas()
        rival = None
        if champion:
            rival = Registry(run.bucket).predict_rows(champion, table, frame["row"].tolist())
            if rival is None:
                get_run_logger().warning(f"{champion.name} no longer fits the table")
        report = gate.evaluate(
            frame,
            use_case.performance,
            subject=candidate,
            prevalence=run.bucket.get_json(trained["about"])["prevalence"],
            champion=rival,
            seed=use_case.seed,
        )
        return {"report": put_report(run.bucket, report)}

    return perform(
        run,
        "evaluate",
        core="assay.evidence.performance",
        also=("assay.registry", "assay.learning.predict") if champion else (),
        settings={
            "performance": use_case.performance.model_dump(mode="json"),
            "candidate": candidate,
            "against": against,
        },
        inputs=inputs,
        work=work,
        label=f"evaluate {candidate}",
    )
