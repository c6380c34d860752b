"""Score the rows of a batch with one version."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.production.scoring.incoming_batch import IncomingBatch
from assay.production.scoring.loaded_version import LoadedVersion
from assay.runs.lineage import candidate_code_roots
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.reasons import explanation_code, explanation_settings, load_explanations
from assay.tasks.stage import perform_stage, stage


@stage(name="predict", task_run_name="predict {batch.name}")
def predict_batch(
    run: Run,
    batch: IncomingBatch,
    read_step: Step,
    scorer: LoadedVersion,
    usual: Artifact | None = None,
) -> Step:
    """Yield `table`, `lines` and `predictions` of the scored rows, and `about` them.

    Also `unfit` if some rows could not be scored. `usual`: the rows that answers are explained
    against, where something is to be told beside them.
    """
    version, model = scorer.version, scorer.model
    use_case, log = run.loaded.use_case, get_run_logger()
    unfit = read_step.outputs.get("unfit")

    def work() -> dict[str, Artifact]:
        from assay.production.scoring.predictions import score_table

        found = score_table(
            run.bucket,
            model,
            version.digest,
            read_step["table"],
            use_case,
            lines=read_step["lines"],
            unfit=unfit,
            explanations=load_explanations(run, scorer, usual) if usual else (),
            say=log.info,
        )
        for finding in found.outside:
            log.warning(f"{batch.name}: {finding}")
        about = {
            "rows": found.rows,
            "unfit_rows": found.unfit_rows,
            "outside": list(found.outside),
        }
        outputs = {
            "table": found.table,
            "predictions": found.predictions,
            "lines": found.lines,
            "about": run.bucket.put_json(about, JSON, f"about the predictions of {batch.name}"),
        }
        return outputs | ({"unfit": found.unfit} if found.unfit else {})

    return perform_stage(
        run,
        "predict",
        core="assay.production.scoring.predictions",
        also=(
            *candidate_code_roots(run.bucket, version),
            *(explanation_code(run) if usual else ()),
        ),
        settings={
            "identity": list(use_case.data.identity),
            **use_case.data.weight_setting(),
            "target": use_case.data.target.column,
            "outside": use_case.score.outside,
            **(explanation_settings(run) if usual else {}),
        },
        inputs={
            "table": read_step["table"],
            "lines": read_step["lines"],
            "model": version.artifact("model"),
            "signature": version.artifact("signature"),
            **({"unfit": unfit} if unfit else {}),
            **({"usual": usual} if usual else {}),
        },
        work=work,
        label=f"predict {batch.name} by {version.name}",
    )
