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

from assay import moments
from assay.bucket import Bucket
from assay.cli.console import print_text, say, typed
from assay.cli.signals import until_told
from assay.config.read import Written, read
from assay.evidence.amounts import some
from assay.living.outcomes import Scoring, Served

if TYPE_CHECKING:
    from assay.config.data import Format
    from assay.living.arrivals import Arrival

_TOGETHER = 20  # files a run of the flow, so that who watches need not wait long for an end


@dataclass(frozen=True)
class Asked:
    """The command's words. `tell` hears of every run of the flow."""

    config: str
    store: str
    overrides: tuple[str, ...]
    files: tuple[str, ...]
    model: str | None
    to: str | None
    form: Format | None
    then_monitor: bool
    as_of: str | None
    tell: Callable[[Scoring], None]

    def once(self) -> dict[str, Any]:
        """Score what is there. Where nothing is new, nothing is loaded."""
        written = self._written()
        bucket = Bucket.open(self.store).existing()
        from assay.living.arrivals import arrivals, check_there

        check_there(written, self.files, self.form)
        found = self._nothing_new(bucket, written, arrivals(written, self.files, self.form))
        outcome = found or self._run(self.files)
        self.tell(outcome)
        return summary([outcome])

    def as_it_comes(self, seconds: float) -> dict[str, Any]:
        """Score what comes, until a signal ends it. What is being scored then is finished."""
        from assay.living.arrivals import marked
        from assay.living.watching import Watch

        written, bucket = self._written(), Bucket.open(self.store).existing()
        source = written.use_case.score.source
        if not self.files and source is not None and source.sql is not None:
            raise typer.BadParameter("--watch looks at files; a query is asked by a schedule")
        watch = Watch(lambda: marked(written, self.files, self.form))
        outcomes: list[Scoring] = []
        with until_told() as ended:
            say(f"watching {', '.join(self.files) or (source and source.path)}; ^C ends it")
            while not ended.is_set():
                ready = watch.poll()
                while ready and not ended.is_set():
                    now, ready = ready[:_TOGETHER], ready[_TOGETHER:]
                    for outcome in self._take(bucket, written, now):
                        outcomes.append(outcome)
                        watch.give_back(batch.name for batch in outcome.of("failed"))
                ended.wait(seconds)
        return summary(outcomes)

    def from_stream(self, rows: int, seconds: float) -> dict[str, Any]:
        """Score standard input, so many rows at a time, or whatever came in so many seconds."""
        from assay.living.streams import Stream

        form = self.form or "jsonl"
        if form == "parquet":
            raise typer.BadParameter("- is JSON Lines or CSV; Parquet is read from its end")
        self._written()
        Bucket.open(self.store).existing()
        outcomes: list[Scoring] = []
        waiting: dict[str, Path] = {}
        with until_told() as ended, _kept_files() as folder:
            for stretch in Stream(sys.stdin.fileno(), form, rows, seconds, ended):
                file = folder / f"{stretch.name.replace(' ', '-')}.{form}"
                file.write_bytes(stretch.content)
                waiting[stretch.name] = file
                outcomes.append(self._run((str(file),), stream=stretch.name, form=form))
                self.tell(outcomes[-1])
                for batch in outcomes[-1].of("scored", "known"):  # an earlier one too, by its claim
                    if answered := waiting.pop(batch.name, None):
                        answered.unlink()
        return summary(outcomes)

    def _take(self, bucket: Bucket, written: Written, batches: list[Arrival]) -> list[Scoring]:
        if self._nothing_new(bucket, written, batches):
            return []
        outcome = self._run(tuple(str(batch.source.path) for batch in batches))
        self.tell(outcome)
        return [outcome]

    def _written(self) -> Written:
        return read(self.config, self.overrides)

    def _nothing_new(
        self, bucket: Bucket, written: Written, batches: list[Arrival]
    ) -> Scoring | None:
        """What there is to say if all of these were scored before, else None."""
        from assay.errors import SourceError
        from assay.living.serving import Before, wanted
        from assay.registry import Registry

        version = Registry(bucket).find(wanted(bucket, written.use_case.name, self.model))
        before = Before.of(bucket, version, again=self.model is not None)
        try:
            known = all(before.knows(batch.fingerprint(written)) for batch in batches)
        except SourceError:  # one that cannot be read: the flow says which, and why
            known = False
        if not known or before.open or self.to is not None:
            return None
        return Scoring(
            use_case=written.use_case.name,
            model=version.name,
            digest=version.digest,
            as_of=moments.written(moments.moment(self.as_of)),
            batches=tuple(Served(name=batch.name, fate="known") for batch in batches),
        )

    def _run(self, files: tuple[str, ...], **more: Any) -> Scoring:
        from assay.cli.orchestrate import flow_outcome

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
        outcome: Scoring = flow_outcome("score", **(asked | more))
        return outcome


@contextmanager
def _kept_files() -> Iterator[Path]:
    """A folder for stretches of a stream. Those that lie there in the end are nowhere else."""
    folder = Path(tempfile.mkdtemp(prefix="assay-"))
    try:
        yield folder
    finally:
        for file in sorted(folder.iterdir()):
            say(f"not scored, and kept: {file}")
        with suppress(OSError):
            folder.rmdir()


def told_nothing(_: Scoring) -> None:
    """For --json, which says all at the end."""


def told(outcome: Scoring, store: str) -> None:
    """A line a batch, and one about all. `store`: the bucket's URL."""
    for batch in outcome.batches:
        print_text(_line(batch, outcome.model))
        for more in _more(batch, store):
            print_text(f"  {more}")
    if not outcome.batches:
        print_text("no batch is there to be scored")
    elif not outcome.of("scored", "refused", "failed"):
        print_text(f"nothing new: all {len(outcome.batches):,} batches were scored before")
    if outcome.monitored:
        print_text(f"monitored: {outcome.monitored}")


def _line(batch: Served, model: str) -> str:
    if batch.fate != "scored":
        return f"{batch.name}: " + (f"{batch.fate}: {batch.why}" if batch.why else "scored before")
    speed = f" ({batch.rows / batch.seconds:,.0f} rows a second)" if batch.seconds else ""
    return f"{batch.name}: {batch.rows:,} rows scored by {batch.model or model}{speed}"


def _more(batch: Served, store: str) -> Iterator[str]:
    if batch.unfit_rows and batch.unfit:
        from assay.living.arrivals import QUERY
        from assay.render.words import printable
        from assay.sources.aside import SetAside

        source = None if batch.name == QUERY else batch.name
        aside = SetAside.of(Bucket.open(store), batch.unfit, source)
        yield f"{some(aside.rows, 'row')} could not be scored: {printable(aside.reasons)}"
        yield typed(f"assay show {aside.table}", store)
    if batch.extra:
        yield f"columns that were not read: {', '.join(batch.extra)}"
    if batch.shadow:
        yield f"scored by {batch.shadow} too, unseen"
    if batch.to:
        yield f"written: {batch.to}"
    if batch.remedy:
        yield batch.remedy


def summary(outcomes: list[Scoring]) -> dict[str, Any]:
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
