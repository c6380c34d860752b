"""What `assay score` does: what is there once, what comes as it comes, or a stream."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from assay.bucket.bucket import Bucket
from assay.cli.console import next_command, print_stderr, print_text
from assay.cli.signals import watch_signals
from assay.config.loaded_use_case import LoadedUseCase, load_use_case
from assay.production.scoring.outcome import BatchOutcome, ScoringOutcome
from assay.util import clock
from assay.util.wording import format_count

if TYPE_CHECKING:
    from assay.config.data import FileFormat
    from assay.production.scoring.incoming_batch import IncomingBatch

_FILES_PER_RUN = 20  # files a run of the flow, so that who watches need not wait long for an end


@dataclass(frozen=True)
class ScoreJob:
    """The command's words. `on_outcome` hears of every run of the flow."""

    config: str
    store: str
    overrides: tuple[str, ...]
    files: tuple[str, ...]
    model: str | None
    to: str | None
    form: FileFormat | None
    then_monitor: bool
    as_of: str | None
    on_outcome: Callable[[ScoringOutcome], None]

    def score_present(self) -> dict[str, Any]:
        """Score what is there. Where nothing is new, nothing is loaded."""
        written = self._load_use_case()
        bucket = Bucket.open(self.store).require_existing()
        from assay.production.scoring.incoming_batch import check_files_exist, list_batches

        check_files_exist(written, self.files, self.form)
        found = self._known_outcome(bucket, written, list_batches(written, self.files, self.form))
        outcome = found or self._run_flow(self.files)
        self.on_outcome(outcome)
        return outcomes_json([outcome])

    def watch_files(self, seconds: float) -> dict[str, Any]:
        """Score what comes, until a signal ends it. What is being scored then is finished."""
        from assay.production.scoring.folder_watch import FolderWatch
        from assay.production.scoring.incoming_batch import list_marked_files

        written, bucket = self._load_use_case(), Bucket.open(self.store).require_existing()
        source = written.use_case.score.source
        if not self.files and source is not None and source.sql is not None:
            raise typer.BadParameter("--watch looks at files; a query is asked by a schedule")
        watch = FolderWatch(lambda: list_marked_files(written, self.files, self.form))
        outcomes: list[ScoringOutcome] = []
        with watch_signals() as ended:
            print_stderr(
                f"watching {', '.join(self.files) or (source and source.path)}; ^C ends it"
            )
            while not ended.is_set():
                ready = watch.poll()
                while ready and not ended.is_set():
                    now, ready = ready[:_FILES_PER_RUN], ready[_FILES_PER_RUN:]
                    for outcome in self._score_new(bucket, written, now):
                        outcomes.append(outcome)
                        watch.give_back(batch.name for batch in outcome.with_fate("failed"))
                ended.wait(seconds)
        return outcomes_json(outcomes)

    def score_stream(self, rows: int, seconds: float) -> dict[str, Any]:
        """Score standard input, so many rows at a time, or whatever came in so many seconds."""
        from assay.production.scoring.stream import Stream

        form = self.form or "jsonl"
        if form not in {"jsonl", "csv"}:
            raise typer.BadParameter(f"- is JSON Lines or CSV; {form} is no stream of lines")
        self._load_use_case()
        Bucket.open(self.store).require_existing()
        outcomes: list[ScoringOutcome] = []
        waiting: dict[str, Path] = {}
        with watch_signals() as ended, _stream_folder() as folder:
            for stretch in Stream(sys.stdin.fileno(), form, rows, seconds, ended):
                file = folder / f"{stretch.name.replace(' ', '-')}.{form}"
                file.write_bytes(stretch.content)
                waiting[stretch.name] = file
                outcomes.append(self._run_flow((str(file),), stream=stretch.name, form=form))
                self.on_outcome(outcomes[-1])
                for batch in outcomes[-1].with_fate(
                    "scored", "known"
                ):  # an earlier one too, by its claim
                    if answered := waiting.pop(batch.name, None):
                        answered.unlink()
        return outcomes_json(outcomes)

    def _score_new(
        self, bucket: Bucket, written: LoadedUseCase, batches: list[IncomingBatch]
    ) -> list[ScoringOutcome]:
        if self._known_outcome(bucket, written, batches):
            return []
        outcome = self._run_flow(tuple(str(batch.source.path) for batch in batches))
        self.on_outcome(outcome)
        return [outcome]

    def _load_use_case(self) -> LoadedUseCase:
        return load_use_case(self.config, self.overrides)

    def _known_outcome(
        self, bucket: Bucket, written: LoadedUseCase, batches: list[IncomingBatch]
    ) -> ScoringOutcome | None:
        """What there is to say if all of these were scored before, else None."""
        from assay.errors import SourceError
        from assay.production.scoring.loaded_version import PriorScores, resolve_reference
        from assay.registry.registry import Registry

        version = Registry(bucket).find_version(
            resolve_reference(bucket, written.use_case.name, self.model)
        )
        before = PriorScores.from_ledger(bucket, version, for_named_version=self.model is not None)
        try:
            known = all(before.has_source(batch.fingerprint(written)) for batch in batches)
        except SourceError:  # one that cannot be read: the flow says which, and why
            known = False
        if not known or before.open_claims or self.to is not None:
            return None
        return ScoringOutcome(
            use_case=written.use_case.name,
            model=version.name,
            digest=version.digest,
            as_of=clock.format_timestamp(clock.parse_timestamp(self.as_of)),
            batches=tuple(BatchOutcome(name=batch.name, fate="known") for batch in batches),
        )

    def _run_flow(self, files: tuple[str, ...], **more: Any) -> ScoringOutcome:
        from assay.cli.flow_runner import run_named_flow

        asked = {
            "config": self.config,
            "store": self.store,
            "as_of": self.as_of,
            "files": files,
            "model": self.model,
            "to": self.to,
            "form": self.form,
            "then_monitor": self.then_monitor,
            "overrides": self.overrides,
        }
        outcome: ScoringOutcome = run_named_flow("score", **(asked | more))
        return outcome


@contextmanager
def _stream_folder() -> Iterator[Path]:
    """A folder for stretches of a stream. Those that lie there in the end are nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="assay-"))
    try:
        yield folder
    finally:
        for file in sorted(folder.iterdir()):
            print_stderr(f"not scored, and kept: {file}")
        with suppress(OSError):
            folder.rmdir()


def ignore_outcome(_: ScoringOutcome) -> None:
    """For --json, which says all at the end."""


def print_outcome(outcome: ScoringOutcome, store: str) -> None:
    """A line a batch, and one about all. `store`: the bucket's URL."""
    for batch in outcome.batches:
        print_text(_batch_line(batch, outcome.model))
        for more in _batch_details(batch, store):
            print_text(f"  {more}")
    if not outcome.batches:
        print_text("no batch is there to be scored")
    elif not outcome.with_fate("scored", "refused", "failed"):
        print_text(f"nothing new: all {len(outcome.batches):,} batches were scored before")
    if outcome.monitored:
        print_text(f"monitored: {outcome.monitored}")


def _batch_line(batch: BatchOutcome, model: str) -> str:
    if batch.fate != "scored":
        return f"{batch.name}: " + (f"{batch.fate}: {batch.why}" if batch.why else "scored before")
    speed = f" ({batch.rows / batch.seconds:,.0f} rows a second)" if batch.seconds else ""
    return f"{batch.name}: {batch.rows:,} rows scored by {batch.model or model}{speed}"


def _batch_details(batch: BatchOutcome, store: str) -> Iterator[str]:
    if batch.unfit_rows and batch.unfit:
        from assay.production.scoring.incoming_batch import QUERY
        from assay.render.report_text import printable_text
        from assay.sources.quarantine import QuarantineSummary

        source = None if batch.name == QUERY else batch.name
        aside = QuarantineSummary.from_table(Bucket.open(store), batch.unfit, source)
        yield f"{format_count(aside.rows, 'row')} could not be scored: {printable_text(aside.reasons)}"
        yield next_command(f"assay show {aside.table}", store)
    if batch.extra:
        yield f"columns that were not read: {', '.join(batch.extra)}"
    if batch.shadow:
        yield f"scored by {batch.shadow} too, unseen"
    if batch.to:
        yield f"written: {batch.to}"
    if batch.remedy:
        yield batch.remedy


def outcomes_json(outcomes: list[ScoringOutcome]) -> dict[str, Any]:
    """What --json prints: every batch, and by which version."""
    batches = [
        {"model": outcome.model, "digest": str(outcome.digest), "as_of": outcome.as_of}
        | batch.model_dump(mode="json", exclude={"model", "digest"})
        | ({"model": batch.model, "digest": str(batch.digest)} if batch.model else {})
        for outcome in outcomes
        for batch in outcome.batches
    ]
    return {
        "batches": batches,
        "rows": sum(outcome.rows for outcome in outcomes),
        "monitored": outcomes[-1].monitored if outcomes else None,
    }
