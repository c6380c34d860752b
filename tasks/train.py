"""Fit one candidate to all training rows: calibrated, its threshold set, mitigated where asked."""

from assay.artifacts import JSON, MODEL, Artifact
from assay.runs import Run
from assay.steps import Step
from tasks.stage import perform, stage


@stage(task_run_name="train {candidate}")
def train(run: Run, table: Artifact, membership: Artifact, searched: Step, candidate: str) -> Step:
    """Yields `model`, its `signature`, `predictions` for the test rows, and more `about` it."""
    use_case = run.written.use_case
    chosen = use_case.candidates[run.candidates.index(candidate)]

    def work() -> dict[str, Artifact]:
        from assay.learning.search import Found
        from assay.learning.train import train as fit
        from assay.tables import Table, write

        bucket, rows = run.bucket, Table.read(run.bucket, table)
        test = Table.read(bucket, membership).pandas()["test"].to_numpy()
        scores = Table.read(bucket, searched["scores"]).pandas()
        found = Found.restore(bucket.get_json(searched["tried"]), scores, chosen, use_case)
        fitted = fit(rows, test, chosen, use_case, found, locate=run.written.text.where)
        answers = fitted.predictions
        about = {"prevalence": fitted.prevalence, "technical": fitted.technical, **fitted.about}
        return {
            "model": bucket.put(fitted.model, MODEL, candidate),
            "signature": bucket.put_json(fitted.signature, JSON, "signature"),
            "predictions": write(bucket, answers.to_batches(), answers.schema, "predictions"),
            "about": bucket.put_json(about, JSON, "about the model"),
        }

    return perform(
        run,
        "train",
        core="assay.learning.train",
        also=chosen.modules(),
        settings={
            "title": candidate,
            "candidate": chosen.model_dump(mode="json"),
            "search": use_case.search.model_dump(mode="json", exclude={"jobs"}),
            "choose_by": use_case.performance.choose_by,
            "cost": use_case.performance.cost.model_dump(mode="json"),
            "split": use_case.split.model_dump(mode="json", include={"by", "column"}),
            "meaning": use_case.data.meaning(),
        },
        inputs={
            "table": table,
            "membership": membership,
            "tried": searched["tried"],
            "scores": searched["scores"],
        },
        work=work,
        label=f"train {candidate}",
    )
