"""The three ways of `assay score`: files that are there, new files as they arrive, a stream."""

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
from assay.registry.open import open_bucket
from assay.registry.recorded_people import people_in_force
from assay.util import clock
from assay.util.wording import format_count

if TYPE_CHECKING:
    from assay.config.data import FileFormat
    from assay.production.scoring.incoming_batch import IncomingBatch

_FILES_PER_RUN = 20  # files per flow run, so that a watch ends soon after a signal


@dataclass(frozen=True)
class ScoreJob:
    """The command's options. `on_outcome` is called with the outcome of every flow run."""

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
    live: bool = True
    """Whether a terminal shows a live view. A watch and a stream write lines."""

    def score_present(self) -> dict[str, Any]:
        """Score the files that are there. If none is new, no model is loaded."""
        written = self._load_use_case()
        bucket = open_bucket(self.store).require_existing()
        from assay.production.scoring.incoming_batch import check_files_exist, list_batches

        check_files_exist(written, self.files, self.form)
        found = self._known_outcome(bucket, written, list_batches(written, self.files, self.form))
        outcome = found or self._run_flow(self.files)
        self.on_outcome(outcome)
        return self._result_json([outcome])

    def watch_files(self, seconds: float) -> dict[str, Any]:
        """Score new files until a signal, and finish the run that is under way then."""
        from assay.production.scoring.folder_watch import FolderWatch
        from assay.production.scoring.incoming_batch import list_marked_files

        written, bucket = self._load_use_case(), open_bucket(self.store).require_existing()
        source = written.use_case.score.source
        if not self.files and source is not None and source.sql is not None:
            raise typer.BadParameter("--watch reads files, not a query: schedule that instead")
        watch = FolderWatch(lambda: list_marked_files(written, self.files, self.form))
        outcomes: list[ScoringOutcome] = []
        with watch_signals() as ended:
            print_stderr(
                f"watching {', '.join(self.files) or (source and source.path)}; stop with ^C"
            )
            while not ended.is_set():
                ready = watch.poll()
                while ready and not ended.is_set():
                    now, ready = ready[:_FILES_PER_RUN], ready[_FILES_PER_RUN:]
                    for outcome in self._score_new(bucket, written, now):
                        outcomes.append(outcome)
                        watch.give_back(batch.name for batch in outcome.with_fate("failed"))
                ended.wait(seconds)
        return self._result_json(outcomes)

    def score_stream(self, rows: int, seconds: float) -> dict[str, Any]:
        """Score standard input in batches of `rows`, or of what arrives within `seconds`."""
        from assay.production.scoring.stream import Stream

        form = self.form or "jsonl"
        if form not in {"jsonl", "csv"}:
            raise typer.BadParameter(f"- is JSON Lines or CSV; {form} is no stream of lines")
        self._load_use_case()
        open_bucket(self.store).require_existing()
        outcomes: list[ScoringOutcome] = []
        waiting: dict[str, Path] = {}
        with watch_signals() as ended, _stream_folder() as folder:
            for stretch in Stream(sys.stdin.fileno(), form, rows, seconds, ended):
                file = folder / f"{stretch.name.replace(' ', '-')}.{form}"
                file.write_bytes(stretch.content)
                waiting[stretch.name] = file
                outcomes.append(self._run_flow((str(file),), stream=stretch.name, form=form))
                self.on_outcome(outcomes[-1])
                # A run also finishes earlier batches, by their claims.
                for batch in outcomes[-1].with_fate("scored", "known"):
                    if scored_file := waiting.pop(batch.name, None):
                        scored_file.unlink()
        return self._result_json(outcomes)

    def _result_json(self, outcomes: list[ScoringOutcome]) -> dict[str, Any]:
        """The object that --json prints, with the people whose signatures counted."""
        people = people_in_force(open_bucket(self.store))
        return {**outcomes_json(outcomes), "people": people.as_json()}

    def _score_new(
        self, bucket: Bucket, loaded_use_case: LoadedUseCase, batches: list[IncomingBatch]
    ) -> list[ScoringOutcome]:
        if self._known_outcome(bucket, loaded_use_case, batches):
            return []
        outcome = self._run_flow(tuple(str(batch.source.path) for batch in batches))
        self.on_outcome(outcome)
        return [outcome]

    def _load_use_case(self) -> LoadedUseCase:
        return load_use_case(self.config, self.overrides)

    def _known_outcome(
        self, bucket: Bucket, loaded_use_case: LoadedUseCase, batches: list[IncomingBatch]
    ) -> ScoringOutcome | None:
        """The outcome if all of these were scored before; else None."""
        from assay.errors import SourceError
        from assay.production.scoring.loaded_version import PriorScores, resolve_reference
        from assay.registry.registry import Registry

        version = Registry(bucket).find_version(
            resolve_reference(bucket, loaded_use_case.use_case.name, self.model)
        )
        before = PriorScores.from_ledger(bucket, version, for_named_version=self.model is not None)
        try:
            known = all(before.has_source(batch.fingerprint(loaded_use_case)) for batch in batches)
        except SourceError:  # the flow reports which cannot be read, and why
            known = False
        if not known or before.open_claims or self.to is not None:
            return None
        return ScoringOutcome(
            use_case=loaded_use_case.use_case.name,
            model=version.name,
            digest=version.digest,
            as_of=clock.format_timestamp(clock.parse_timestamp(self.as_of)),
            batches=tuple(BatchOutcome(name=batch.name, fate="known") for batch in batches),
        )

    def _run_flow(
        self,
        files: tuple[str, ...],
        *,
        stream: str | None = None,
        form: FileFormat | None = None,
    ) -> ScoringOutcome:
        from assay.cli.flow_runner import run_named_flow

        outcome: ScoringOutcome = run_named_flow(
            "score",
            live=self.live,
            config=self.config,
            store=self.store,
            as_of=self.as_of,
            files=files,
            model=self.model,
            to=self.to,
            form=form or self.form,
            stream=stream,
            then_monitor=self.then_monitor,
            overrides=self.overrides,
        )
        return outcome


@contextmanager
def _stream_folder() -> Iterator[Path]:
    """A folder for batches of a stream. Unscored ones exist nowhere else, so they are kept."""
    folder = Path(tempfile.mkdtemp(prefix="assay-"))
    try:
        yield folder
    finally:
        for file in sorted(folder.iterdir()):
            print_stderr(f"not scored, but kept: {file}")
        with suppress(OSError):
            folder.rmdir()


def ignore_outcome(_: ScoringOutcome) -> None:
    """Print nothing: --json prints everything at the end."""


def print_outcome(outcome: ScoringOutcome, store: str) -> None:
    """Print a line for each batch, and one for all. `store` is the bucket's URL."""
    for batch in outcome.batches:
        print_text(_batch_line(batch, outcome.model))
        for more in _batch_details(batch, store):
            print_text(f"  {more}")
    if not outcome.batches:
        print_text("there is no batch to score")
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
    from assay.util.printable_text import printable_text

    if batch.unfit_rows and batch.unfit:
        from assay.production.scoring.incoming_batch import QUERY
        from assay.sources.quarantine import QuarantineSummary

        source = None if batch.name == QUERY else batch.name
        aside = QuarantineSummary.from_table(open_bucket(store), batch.unfit, source)
        rows, reasons = format_count(aside.rows, "row"), printable_text(aside.reasons)
        yield f"{rows} could not be scored: {reasons}"
        yield next_command(f"assay show {aside.table}", store)
    for finding in batch.outside:
        yield f"far outside what training held: {printable_text(finding)}"
    if batch.extra:
        yield f"columns that were not read: {', '.join(batch.extra)}"
    if batch.shadow:
        yield f"{batch.shadow} scored it in shadow"
    if batch.to:
        yield f"written: {batch.to}"
    if batch.remedy:
        yield batch.remedy


def outcomes_json(outcomes: list[ScoringOutcome]) -> dict[str, Any]:
    """Every batch with the version that scored it."""
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
