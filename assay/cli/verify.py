"""`assay verify`: check every object and every journal of the bucket."""

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
from assay.cli.signals import TOLD

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.upkeep.problems import BucketFindings
    from assay.upkeep.verification import HashingProgress


def command(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="[MODEL]",
            help="A model (income) or one version (income@3). Default: the whole bucket.",
        ),
    ] = None,
    repair: Annotated[
        bool,
        typer.Option("--repair", help="Move bad objects aside; recompute or copy lost ones."),
    ] = False,
    other: Annotated[
        str | None,
        typer.Option("--from", metavar="URL", help="With --repair: copy from this bucket."),
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Continue a verification that was interrupted within 24 hours.",
        ),
    ] = False,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hash every object again, follow every journal, and list every problem."""
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.upkeep.verification import verify_bucket
    from assay.upkeep.verified_objects import VerifiedObjects

    bucket = open_existing_bucket(store)
    if other is not None and not repair:
        raise typer.BadParameter("--from names the bucket that --repair copies from: add --repair")
    source = open_existing_bucket(other) if other else None
    with VerifiedObjects.begin(f"{bucket.root} {reference or ''}", resume=resume) as verified:
        if resume and not verified.is_resumed:
            print_stderr("no verification was interrupted within 24 hours; this one starts over")
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
    """Rerun the use cases that made lost objects, if they would ask the same question."""
    from assay.errors import AssayError
    from assay.upkeep.recomputation import mark_recomputed, rerunnable_use_cases

    for words in rerunnable_use_cases(bucket, findings):
        from assay.cli.flow_runner import run_named_flow

        print_stderr(f"rerunning {Path(words['file']).stem}, which made some of the lost objects")
        with TemporaryDirectory(prefix="assay-verify-") as folder:
            config = Path(folder, Path(words["file"]).name)
            config.write_text(words["text"], encoding="utf-8")
            try:
                run_named_flow(
                    "train", config=str(config), store=bucket.root, overrides=tuple(words["set"])
                )
            except AssayError as error:
                print_stderr(f"it cannot be rerun: {error}")
    return mark_recomputed(bucket, findings)


@contextmanager
def _explain_interruption() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as interrupt:
        print_stderr("interrupted; with --resume it continues where it stopped")
        interrupt.add_note(TOLD)
        raise


@contextmanager
def _progress_reporter() -> Iterator[Callable[[HashingProgress], None]]:
    """On stderr: a bar on a terminal, else a line for every tenth of a large bucket."""
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
            count = f"{hashed.objects:,} of {hashed.of_objects:,} objects"
            shown.update(task, completed=hashed.size, total=hashed.of_size, objects=count)

        yield progress


_MANY_BYTES, _MANY_OBJECTS = 10**9, 10_000  # bytes, objects


def _progress_lines() -> Callable[[HashingProgress], None]:
    last_tenth = 0

    def progress(hashed: HashingProgress) -> None:
        nonlocal last_tenth
        if hashed.of_size < _MANY_BYTES and hashed.of_objects < _MANY_OBJECTS:
            return
        if (tenth := 10 * hashed.size // max(hashed.of_size, 1)) > last_tenth:
            last_tenth = tenth
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
