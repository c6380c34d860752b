"""Fit one candidate to all training rows; calibrate it, mitigate it, and set its threshold."""

from contextlib import nullcontext

from assay.bucket.artifacts import JSON, MODEL, Artifact
from assay.problems.lookup import modules_asked
from assay.problems.problem_type import StoredSearch
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, progress_bar, stage


@stage(name="train", task_run_name="train {candidate}")
def train_candidate(
    run: Run, table: Artifact, membership: Artifact, search_step: Step, candidate: str
) -> Step:
    """Yield `model`, `signature`, `predictions` (test rows) and `held_out` (out-of-fold).

    Also `about` the model, and `timing`, which is an input of the technical gate alone.
    """
    use_case, problem = run.loaded.use_case, run.problem
    chosen = use_case.find_candidate(candidate)

    def work() -> dict[str, Artifact]:
        from assay.learning.train import no_progress
        from assay.tables.table import Table
        from assay.tables.table_writer import write_table

        bucket, rows = run.bucket, Table.read(run.bucket, table)
        test = Table.read(bucket, membership).to_pandas()["test"].to_numpy()
        scores = Table.read(bucket, search_step["scores"]).to_pandas()
        search = StoredSearch(bucket.get_json(search_step["tried"]), scores)
        takes_long = chosen.mitigate is not None and chosen.mitigate.trains_on_weights
        with (
            progress_bar(f"{run.name}: {candidate}")
            if takes_long
            else nullcontext(no_progress) as say
        ):
            locate = run.loaded.text.locate
            fitted = problem.train_candidate(
                rows, test, chosen, use_case, search, say=say, locate=locate
            )
        answers, held_out = fitted.predictions, fitted.held_out
        about = {
            **fitted.outcomes,
            "tested": len(answers),
            "technical": fitted.technical,
            **fitted.metadata,
        }
        return {
            "model": bucket.put(fitted.model, MODEL, candidate),
            "signature": bucket.put_json(fitted.signature, JSON, "signature"),
            "predictions": write_table(bucket, answers.to_batches(), answers.schema, "predictions"),
            "held_out": write_table(
                bucket, held_out.to_batches(), held_out.schema, "held-out answers"
            ),
            "about": bucket.put_json(about, JSON, "about the model"),
            "timing": bucket.put_json(fitted.timing, JSON, "timing"),
        }

    return perform_stage(
        run,
        "train",
        core=problem.code["train"],
        asked=modules_asked(problem),
        also=chosen.code_roots(),
        settings={
            "title": candidate,
            "candidate": chosen.model_dump(mode="json"),
            "search": use_case.search.model_dump(mode="json", exclude={"jobs"}),
            "choose_by": use_case.performance.choose_by,
            **use_case.performance.decision_settings(),
            "split": use_case.split.model_dump(mode="json", include={"by", "column"}),
            "meaning": use_case.data.column_meaning(),
        },
        inputs={
            "table": table,
            "membership": membership,
            "tried": search_step["tried"],
            "scores": search_step["scores"],
        },
        work=work,
        label=f"train {candidate}",
    )
