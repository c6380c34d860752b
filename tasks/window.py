"""Build the window of a look: its rows, and those with labels."""

from assay.bucket.artifacts import JSON, Artifact
from assay.problems.lookup import modules_asked
from assay.production.monitoring.look import Look
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="window")
def build_window(run: Run, look: Look, reference: Artifact) -> Step:
    """Yield `counted` (numbers of labels); if there are enough, also `current` and `labelled`."""
    use_case = run.loaded.use_case

    def work() -> dict[str, Artifact]:
        from assay.production.monitoring import windows

        found = windows.build_window(run.bucket, look, use_case, reference)
        tables = {"current": found.current, "labelled": found.labelled}
        counted = run.bucket.put_json(
            found.label_counts | {"same": found.same_rows}, JSON, "labels counted"
        )
        return {"counted": counted, **{name: table for name, table in tables.items() if table}}

    return perform_stage(
        run,
        "window",
        core="assay.production.monitoring.windows",
        also=(run.problem.code["labels"],),
        asked=modules_asked(run.problem),
        settings={
            "version": look.version.number,
            "judged": look.judged_up_to.model_dump(),
            "rows": use_case.monitor.rows,
            "known": use_case.labels.known,
            "meaning": use_case.data.column_meaning(),
            # The moments of entries matter too, for delays and for labels without a date.
            "came": {
                str(e.number): e.as_of
                for e in (*look.batches.scored_batches, *look.batches.received_labels)
            },
        },
        inputs={"reference": reference, **_batch_inputs(look)},
        work=work,
    )


def _batch_inputs(look: Look) -> dict[str, Artifact]:
    found: dict[str, Artifact] = {}
    for scored in look.batches.scored_batches:
        found[f"batch {scored.number}"] = scored.table
        found[f"predictions {scored.number}"] = scored.predictions
    return found | {f"labels {e.number}": e.table for e in look.batches.received_labels}
