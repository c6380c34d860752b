"""Read the use case and the state of its source: what this run is about."""

from assay.bucket.signing import Signer
from assay.config.loaded_use_case import load_use_case as read_file
from assay.runs.run import Run
from assay.sources.fingerprint import fingerprint
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
    """Check use case and candidates before anything is touched; keep the words in the bucket.

    Where nothing is trained, neither the candidates nor the source need be there any more.
    """
    from assay.learning.estimators import check_candidates

    written = read_file(config, overrides)
    Signer.from_environment()  # a key that cannot be used is better told of now than after training
    source = None
    if trains:
        check_candidates(written.use_case, written.text.locate)
        source = fingerprint(written.use_case.data)
    return Run.begin(written, store or default_store_url(), source, always=always)
