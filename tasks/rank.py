"""Rank the candidates: the order in which they are tried on the test rows."""

from prefect.logging import get_run_logger

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.problems.problem_type import HeldOutAnswers
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="rank")
def rank_candidates(run: Run, train_steps: dict[str, Step]) -> Step:
    """Yield `report` and `order` with reasons. The test rows play no part."""
    use_case, problem = run.loaded.use_case, run.problem

    def work() -> dict[str, Artifact]:
        from assay.gates.report import put_report
        from assay.tables.table import Table

        answers = []
        for title, step in train_steps.items():
            held_out = Table.read(run.bucket, step["held_out"]).to_pandas()
            about = run.bucket.get_json(step["about"])
            answers.append(HeldOutAnswers(title, held_out, about))
        found = problem.rank_candidates(answers, use_case)
        order = run.bucket.put_json(found.order, JSON, "order of the candidates")
        return {"report": put_report(run.bucket, found.report), "order": order}

    kept = ("held_out", "about")
    return perform_stage(
        run,
        "rank",
        core=problem.code["rank"],
        also=("assay.problems.weighted_rows",),
        asked=modules_asked(problem),
        settings={
            "subject": run.name,
            "performance": use_case.performance.model_dump(
                mode="json", include={"choose_by", "cost", "cost_matrix", "unit_cost"}
            ),
            "fairness": [rule.model_dump(mode="json") for rule in use_case.fairness],
            "sensitive": use_case.data.column_meaning()["sensitive"],
            "candidates": list(train_steps),
            **use_case.data.weight_setting(),
        },
        inputs={
            f"{title}: {name}": train_steps[title][name] for title in train_steps for name in kept
        },
        work=work,
    )


def candidates_in_order(
    run: Run, rank_step: Step, train_steps: dict[str, Step]
) -> list[tuple[Step, str]]:
    """The trained candidates in the order to try them, each with its expected verdict."""
    order = run.bucket.get_json(rank_step["order"])
    for one in order:
        get_run_logger().debug(f"{one['title']}: {one['because']}")
    return [(train_steps[one["title"]], one["likely"]) for one in order]
