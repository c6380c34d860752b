"""`assay verify`: is everything in the bucket what its name and its history say?"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_json, print_rows, print_stderr
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.upkeep.problems import BucketFindings
    from assay.upkeep.verification import HashingProgress


def command(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="A model (income) or one version of it (income@3); the whole bucket if left out.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Move bad objects aside, and make or copy what is lost."),
    ] = False,
    other: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="With --repair: copy from this bucket."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Do not read again what a verification found sound that was interrupted within "
            "24 hours.",
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Re-hash every object, follow every journal, and name whatever does not fit."""
    from assay.bucket.open import open_bucket
    from assay.store.open import default_store_url
    from assay.upkeep.verification import verify_bucket
    from assay.upkeep.verified_objects import VerifiedObjects

    bucket = open_bucket(store or default_store_url()).require_existing()
    if other is not None and not repair:
        raise typer.BadParameter("--from says where --repair is to copy from: add --repair")
    source = open_bucket(other).require_existing() if other else None
    with VerifiedObjects.begin(f"{bucket.root} {reference or ''}", resume=resume) as verified:
        if resume and not verified.is_resumed:
            print_stderr("no verification of this was interrupted within 24 hours; it starts anew")
        with _progress_reporter() as progress, _explain_interruption():
            findings = verify_bucket(
                bucket,
                model=reference,
                repair=repair,
                other=source,
                verified=verified,
                progress=progress,
            )
    if repair and not findings.intact:
        findings = _rerun_lost_work(bucket, findings)
    if as_json:
        print_json(findings.as_json())
    else:
        _print_findings(findings)
    raise typer.Exit(0 if findings.intact else 4)


def _rerun_lost_work(bucket: Bucket, findings: BucketFindings) -> BucketFindings:
    """Run the use cases again that made what is lost, if they would ask the same question."""
    from assay.errors import AssayError
    from assay.upkeep.recomputation import mark_recomputed, rerunnable_use_cases

    for words in rerunnable_use_cases(bucket, findings):
        from assay.cli.flow_runner import run_named_flow

        print_stderr(f"running {Path(words['file']).stem} again, which made some of what is lost")
        with TemporaryDirectory(prefix="assay-verify-") as folder:
            config = Path(folder, Path(words["file"]).name)
            config.write_text(words["text"], encoding="utf-8")
            try:
                run_named_flow(
                    "train", config=str(config), store=bucket.root, overrides=tuple(words["set"])
                )
            except AssayError as error:
                print_stderr(f"it cannot be run: {error}")
    return mark_recomputed(bucket, findings)


@contextmanager
def _explain_interruption() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        print_stderr("interrupted; with --resume it continues where it stopped")
        raise


@contextmanager
def _progress_reporter() -> Iterator[Callable[[HashingProgress], None]]:
    """A bar on a terminal; elsewhere a line for every tenth, if it is much. Both on stderr."""
    if not sys.stderr.isatty():
        yield _progress_lines()
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("verifying"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
        rich.TextColumn("{task.fields[objects]}"),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None, objects="")

        def progress(hashed: HashingProgress) -> None:
            said = f"{hashed.objects:,} of {hashed.of_objects:,} objects"
            shown.update(task, completed=hashed.size, total=hashed.of_size, objects=said)

        yield progress


_MANY_BYTES, _MANY_OBJECTS = 10**9, 10_000  # bytes, objects


def _progress_lines() -> Callable[[HashingProgress], None]:
    told = 0

    def progress(hashed: HashingProgress) -> None:
        nonlocal told
        if hashed.of_size < _MANY_BYTES and hashed.of_objects < _MANY_OBJECTS:
            return
        if (tenth := 10 * hashed.size // max(hashed.of_size, 1)) > told:
            told = tenth
            size = f"{hashed.size / 1e9:.1f} of {hashed.of_size / 1e9:.1f} GB"
            print_stderr(f"{hashed.objects:,} of {hashed.of_objects:,} objects verified, {size}")

    return progress


def _print_findings(findings: BucketFindings) -> None:
    rows = [(problem.kind, problem.key, problem.what) for problem in findings.problems]
    if rows:
        print_rows(("problem", "key", "what"), rows)
    before = [("read before", f"{findings.resumed:,} of the objects, since {findings.since}")]
    print_rows(
        ("what", "how many"),
        [
            ("objects", f"{findings.objects:,}, {findings.size / 1e6:,.1f} MB"),
            *(before if findings.resumed else []),
            ("journals", f"{findings.journals:,}, {findings.entries:,} entries"),
            ("references", f"{findings.references:,}"),
            ("moved aside", f"{findings.repaired:,}"),
            ("result", "intact" if findings.intact else "not intact"),
        ],
    )
