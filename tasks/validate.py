"""Check the table against the use case's expectations."""

from assay.bucket.artifacts import Artifact
from assay.config.loaded_use_case import check_columns
from assay.problems.lookup import modules_asked
from assay.runs.previous_table import previous_table
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage


@stage(name="validate")
def run_validation_gate(
    run: Run,
    table: Artifact,
    quarantine: Artifact | None,
    as_text: Artifact | None = None,
    notes: Artifact | None = None,
) -> Step:
    """Yield `report` and, if rows break a rule, `failing`: those rows with their rules.

    `quarantine`: the rows that ingestion set aside. `as_text`: the columns that it read as text.
    `notes`: what else it did to rows and values. The columns are compared with those of the use
    case's previous table.
    """
    written = run.loaded
    use_case = written.use_case
    # Also for a cached step: a column's name may be wrong although the rules are unchanged.
    check_columns(written, [column["name"] for column in run.bucket.get_json(table)["schema"]])

    before = previous_table(run.bucket, run.name, table)

    def work() -> dict[str, Artifact]:
        from assay.dataset.preconditions import check_preconditions
        from assay.dataset.row_source import open_rows
        from assay.gates.report import put_report
        from assay.gates.validation import gate
        from assay.sources.quarantine import QuarantineSummary
        from assay.sources.reading_notes import ReadingNotes
        from assay.tables.table import Table
        from assay.tables.table_writer import write_frame

        data = Table.read(run.bucket, table)
        aside = QuarantineSummary.from_table(run.bucket, quarantine) if quarantine else None
        with open_rows(data) as rows:  # each column's values are counted once for both
            check_preconditions(rows, written, run.problem.check_target)
            judged = gate.validate_table(
                rows,
                use_case.expectations,
                target=use_case.data.target,
                check_target=run.problem.check_outcomes,
                subject=run.name,
                malformed=aside,
                as_text=run.bucket.get_json(as_text) if as_text else (),
                notes=ReadingNotes(**run.bucket.get_json(notes)) if notes else None,
                weight=use_case.data.weight,
                previous=Table.read(run.bucket, before) if before else None,
                locate=written.text.locate,
            )
        outputs = {"report": put_report(run.bucket, judged.report)}
        if len(judged.failing_rows):
            outputs["failing"] = write_frame(run.bucket, judged.failing_rows, "failing rows")
        return outputs

    return perform_stage(
        run,
        "validate",
        core="assay.gates.validation.gate",
        also=("assay.dataset.preconditions", run.problem.code["target"]),
        asked=modules_asked(run.problem),
        settings={
            "subject": run.name,
            "expectations": [rule.model_dump(mode="json") for rule in use_case.expectations],
            "meaning": use_case.data.column_meaning(),
            "split": use_case.split.model_dump(mode="json", include={"column"}),
        },
        inputs={
            "table": table,
            **_without_none(quarantine=quarantine, as_text=as_text, notes=notes, previous=before),
        },
        work=work,
    )


def _without_none(**inputs: Artifact | None) -> dict[str, Artifact]:
    return {name: artifact for name, artifact in inputs.items() if artifact}
