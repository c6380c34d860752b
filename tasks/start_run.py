"""Read the use case and the state of its source."""

from assay.bucket.signing import Signer
from assay.config.loaded_use_case import load_use_case
from assay.problems.lookup import problem_type
from assay.registry.authority import authorize_training
from assay.registry.open import open_bucket
from assay.runs.run import Run
from assay.sources.fingerprint import fingerprint
from assay.steps import plan
from assay.store.open import default_store_url
from assay.tasks.stage import stage


@stage(name="read")
def start_run(
    config: str,
    store: str | None,
    overrides: tuple[str, ...],
    always: bool,
    trains: bool = True,
) -> Run:
    """Check the use case and its candidates first, then keep its text in the bucket.

    Without training, neither the candidates nor the source need exist any more.
    """
    from assay.problems.fit_to_question import check_fits_question

    written = load_use_case(config, overrides)
    Signer.from_environment()  # report an unusable key now, not after the work
    source = None
    if trains:
        if plan.current_plan() is None:
            authorize_training(open_bucket(store or default_store_url()))
        problem = problem_type(written.use_case.data.target)
        check_fits_question(problem, written.use_case, written.text.locate)
        problem.check_candidates(written.use_case, written.text.locate)
        source = fingerprint(written.use_case.data)
    return Run.begin(written, store or default_store_url(), source, always=always)
