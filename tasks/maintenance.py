"""Verify a bucket, collect its garbage, and write it as a site."""

from pathlib import Path

from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.logging import get_run_logger

from assay.registry.open import open_bucket
from assay.site import site_writer
from assay.site.column_notes import DEFAULT_NOTES_FOLDER, read_notes
from assay.tasks.stage import progress_bar, stage
from assay.upkeep import verification
from assay.upkeep.garbage_collector import CollectionResult, GarbageCollector
from assay.upkeep.problems import BucketFindings
from assay.upkeep.verification import HashingProgress
from assay.util import clock


@stage(name="collect")
def collect_garbage(store: str) -> CollectionResult:
    """Collect garbage once: see `assay.upkeep.garbage_collector`."""
    done = GarbageCollector(open_bucket(store).require_existing()).collect()
    summary = f"{done.moved:,} objects moved to the trash, {done.deleted:,} deleted from it"
    get_run_logger().info(f"{summary}; {done.kept:,} kept")
    rows = [{"objects": name, "how many": value} for name, value in done.as_json().items()]
    create_table_artifact(rows, "bucket-collected", summary)
    return done


@stage(name="site")
def write_site(store: str, folder: str) -> site_writer.WrittenSite:
    """Write or renew the bucket's site, with the notes in configs/notes."""
    log, bucket = get_run_logger(), open_bucket(store).require_existing()
    notes = read_notes(DEFAULT_NOTES_FOLDER)
    done = site_writer.write_site(bucket, Path(folder), notes, clock.parse_timestamp(None))
    for problem in done.problems:
        log.warning(f"site: {problem}")
    log.info(f"{done.pages:,} pages in {folder}, {done.written:,} written")
    return done


@stage(name="verify")
def verify_bucket(store: str) -> BucketFindings:
    """Verify the bucket and repair nothing, which is a person's decision."""
    bucket, log = open_bucket(store).require_existing(), get_run_logger()
    with progress_bar("verify the bucket", "objects") as say:

        def show_progress(hashed: HashingProgress) -> None:
            say(hashed.objects, max(hashed.of_objects, 1), "")

        findings = verification.verify_bucket(bucket, progress=show_progress)
    for problem in findings.problems:
        level = log.info if problem.harmless else log.error
        level(f"{problem.kind}: {problem.key}: {problem.what}")
    result = "intact" if findings.intact else "damaged"
    log.info(f"{findings.objects:,} objects, {findings.size / 1e6:,.1f} MB: {result}")
    create_markdown_artifact(_findings_page(bucket.root, findings), "bucket-verified", result)
    # The same for programs: assay.deployments.metrics.collector reads it.
    figures = {"intact": findings.intact, "objects": findings.objects, "bytes": findings.size}
    create_table_artifact([figures], "bucket-figures", result)
    return findings


def _findings_page(root: str, findings: BucketFindings) -> str:
    rows = "\n".join(f"| {p.kind} | `{p.key}` | {p.what} |" for p in findings.problems[:100])
    table = f"\n\n| problem | key | what |\n|---|---|---|\n{rows}" if rows else ""
    more = len(findings.problems) - 100
    return (
        f"# {root}: {'intact' if findings.intact else '**damaged**'}\n\n"
        f"{findings.objects:,} objects ({findings.size / 1e6:,.1f} MB), {findings.journals:,} "
        f"journals with {findings.entries:,} entries, {findings.references:,} references."
        f"{table}" + (f"\n\nand {more:,} more: `assay verify`" if more > 0 else "")
    )
