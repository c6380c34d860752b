"""Give back the space of what nothing refers to any more."""

from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

from assay.bucket import Bucket
from assay.tasks.stage import stage
from assay.upkeep.garbage import CollectionResult, GarbageCollector


@stage
def collect_garbage(store: str) -> CollectionResult:
    """What one pass did: see `assay.upkeep.garbage`."""
    done = GarbageCollector(Bucket.open(store).require_existing()).collect()
    said = f"{done.moved:,} objects moved to the trash, {done.deleted:,} deleted from it"
    get_run_logger().info(f"{said}; {done.kept:,} kept")
    rows = [{"objects": name, "how many": value} for name, value in done.as_json().items()]
    create_table_artifact(rows, "bucket-collected", said)
    return done
