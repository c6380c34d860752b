"""Search one candidate's hyperparameters by cross-validation on the training rows."""

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, progress_bar, stage


@stage(name="search", task_run_name="search {candidate}")
def search_hyperparameters(run: Run, table: Artifact, membership: Artifact, candidate: str) -> Step:
    """Yield `tried` (the settings) and `scores` (out-of-fold).

    Candidates that differ only in their mitigation share one search.
    """
    use_case, problem = run.loaded.use_case, run.problem
    chosen = use_case.find_candidate(candidate)

    def work() -> dict[str, Artifact]:
        from assay.tables.table import Table
        from assay.tables.table_writer import write_frame

        bucket, rows = run.bucket, Table.read(run.bucket, table)
        test = Table.read(bucket, membership).to_pandas()["test"].to_numpy()
        with progress_bar(f"{run.name}: {candidate}") as say:
            found = problem.search_candidate(
                rows, test, chosen, use_case, say=say, locate=run.loaded.text.locate
            )
        return {
            "tried": bucket.put_json(found.as_json(), JSON, "tried"),
            "scores": write_frame(bucket, found.frame(), "out-of-fold scores"),
        }

    return perform_stage(
        run,
        "search",
        core=problem.code["search"],
        asked=modules_asked(problem),
        also=(problem.code["train"], *chosen.code_roots()),
        settings={
            "candidate": chosen.model_dump(mode="json", exclude={"name", "mitigate"}),
            # The number of processes changes the time, not the result.
            "search": use_case.search.model_dump(mode="json", exclude={"jobs"}),
            "split": use_case.split.model_dump(mode="json", include={"by", "column"}),
            "choose_by": use_case.performance.choose_by,
            **use_case.performance.decision_settings(),
            "meaning": use_case.data.column_meaning(),
        },
        inputs={"table": table, "membership": membership},
        work=work,
        label=f"search {candidate}",
    )
