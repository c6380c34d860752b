"""Draw the rows that answers are explained against, once for each version."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from prefect.logging import get_run_logger

from assay.bucket.artifacts import Artifact
from assay.errors import AssayError, IntegrityError
from assay.production.monitoring.look import Look
from assay.production.monitoring.reason_rows import gather_first_reasons
from assay.production.scoring.loaded_version import LoadedVersion
from assay.runs.lineage import candidate_code_roots, find_training_table
from assay.runs.run import Run
from assay.steps.step import Step
from assay.tasks.stage import perform_stage, stage

if TYPE_CHECKING:
    from assay.learning.scoring_model import ScoringModel
    from assay.production.scoring.predictions import AnswerExplanation
    from assay.registry.history import Version


@stage(name="reasons")
def prepare_reasons(run: Run, version: Version, load: Callable[[], ScoringModel]) -> Step:
    """Yield `usual`, the rows that stand for what is usual, and `first`, their first reasons.

    `load` gives the version's model, where the step is not found in the cache.
    """
    bucket, case = run.bucket, run.loaded.use_case
    table, predictions = find_training_table(bucket, version), version.artifact("predictions")

    def work() -> dict[str, Artifact]:
        from assay.production.reasons.reference_rows import measure_first_reasons, sample_reference
        from assay.production.reasons.row_reasons import RowReasons
        from assay.tables.table import Table

        model = load()
        usual = sample_reference(bucket, table, predictions, model.columns, case.seed)
        get_run_logger().info(f"measuring the reasons of rows that {version.name} was tested on")
        reasons = RowReasons.prepare(
            model,
            run.problem.explained_answer(case.data.target),
            Table.read(bucket, usual).to_pandas(),
            count=1,
            seed=case.seed,
        )
        return {"usual": usual, "first": measure_first_reasons(bucket, reasons, usual)}

    return perform_stage(
        run,
        "reasons",
        core="assay.production.reasons.reference_rows",
        also=(*candidate_code_roots(bucket, version), run.problem.code["explained"]),
        settings={"target": case.data.target.model_dump(mode="json")},
        inputs={
            "table": table,
            "predictions": predictions,
            "model": version.artifact("model"),
            "signature": version.artifact("signature"),
        },
        work=work,
        label=f"reasons of {version.name}",
    )


def gather_reasons(run: Run, look: Look) -> dict[str, Artifact]:
    """The first reasons of the rows of a look, `first_reasons`, and those of the rows that the
    champion was tested on, `usual_reasons`; neither where too few answers were told with reasons.
    """
    from assay.registry.registry import Registry

    case, version = run.loaded.use_case, look.version
    found = gather_first_reasons(run.bucket, look.waiting_batches, case.monitor.rows)
    if found is None:
        return {}
    try:
        usual = prepare_reasons(run, version, lambda: Registry(run.bucket).load(version.name))
    except IntegrityError:
        raise
    except AssayError as error:  # reasons are the least that a look judges
        get_run_logger().warning(f"the reasons of {version.name} were not judged: {error.what}")
        return {}
    return {"first_reasons": found, "usual_reasons": usual["first"]}


def check_scorer_explanations(run: Run, scorer: LoadedVersion) -> None:
    """Raise ConfigError where this version cannot give the explanations that are asked for."""
    from assay.production.reasons import explanations

    case = run.loaded.use_case
    if case.score.explains:
        explained = run.problem.explained_answer(case.data.target)
        explanations.check_explanations(
            scorer.model.signature, explained, case, run.loaded.text.locate
        )


def load_explanations(run: Run, scorer: LoadedVersion, usual: Artifact) -> list[AnswerExplanation]:
    """The explanations of this version's answers. `usual`: what `prepare_reasons` yields."""
    from assay.learning.one_thread import one_thread
    from assay.production.reasons.explanations import prepare_explanations
    from assay.tables.table import Table

    case = run.loaded.use_case
    explained = run.problem.explained_answer(case.data.target)
    reference = Table.read(run.bucket, usual).to_pandas()
    with one_thread():
        return [*prepare_explanations(scorer.model, explained, case, reference)]


def explanation_settings(run: Run) -> dict[str, Any]:
    """The settings that explanations depend on."""
    case = run.loaded.use_case
    return {
        "reasons": case.score.reasons,
        "would_be": case.score.would_be,
        "actionable": [one.model_dump(mode="json") for one in case.data.actionable],
        "question": case.data.target.model_dump(mode="json"),
    }


def explanation_code(run: Run) -> tuple[str, ...]:
    """The modules that explanations depend on."""
    return "assay.production.reasons.explanations", run.problem.code["explained"]
