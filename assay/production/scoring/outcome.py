"""The outcome of one run of the score flow, batch by batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict

from assay.bucket.artifacts import Artifact
from assay.bucket.digest import Digest
from assay.errors import AssayError
from assay.registry.batch_ledger import ScoredBatch
from assay.registry.history import Version
from assay.util.wording import format_count

BatchFate = Literal["scored", "known", "refused", "failed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchOutcome(_Frozen):
    """One batch. `known`: it was scored before, so nothing was done. `refused`: it cannot be
    scored, and the ledger says so. `failed`: something else failed, such as a sink that cannot be
    written; run again. `seconds`: the time that reading and scoring took. `extra`: columns of the
    source that were not read. `shadow`: the challenger that scored it as well. `model` and `digest`
    name the version that scored it where another run had begun it.
    """

    name: str
    fate: BatchFate = "scored"
    rows: int = 0
    unfit_rows: int = 0
    seconds: float = 0.0
    table: Artifact | None = None
    predictions: Artifact | None = None
    unfit: Artifact | None = None
    extra: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()  # findings on values far outside what training held
    to: str | None = None
    shadow: str | None = None
    model: str | None = None
    digest: Digest | None = None
    why: str | None = None
    remedy: str | None = None

    @classmethod
    def from_entry(
        cls,
        entry: ScoredBatch,
        run: Version,
        *,
        name: str | None = None,
        fate: BatchFate = "scored",
        extra: Sequence[str] = (),
        to: str | None = None,
        shadow: str | None = None,
        outside: Sequence[str] = (),
    ) -> Self:
        """A batch with predictions, in a run that scores with version `run`."""
        by_another = entry.version != run.number
        return cls(
            name=name or entry.name,
            fate=fate,
            rows=entry.rows,
            unfit_rows=entry.unfit_rows,
            seconds=entry.seconds,
            table=entry.table,
            predictions=entry.predictions,
            unfit=entry.unfit,
            extra=tuple(extra),
            to=to,
            shadow=shadow,
            outside=tuple(outside),
            model=f"{run.model}@{entry.version}" if by_another else None,
            digest=entry.model if by_another else None,
        )

    @classmethod
    def from_error(cls, name: str, fate: BatchFate, error: AssayError) -> BatchOutcome:
        """A batch that is refused, or failed."""
        where = "" if error.where in {None, name} else f" ({error.where})"
        return cls(name=name, fate=fate, why=f"{error.what}{where}", remedy=error.remedy)


class ScoringOutcome(_Frozen):
    """A run of the score flow: its version, its moment, and the outcome of each batch."""

    use_case: str
    model: str
    digest: Digest
    as_of: str
    batches: tuple[BatchOutcome, ...] = ()
    monitored: str | None = None  # how a look at once at what came ended, if one was asked for

    def with_fate(self, *fates: BatchFate) -> tuple[BatchOutcome, ...]:
        return tuple(batch for batch in self.batches if batch.fate in fates)

    @property
    def rows(self) -> int:
        """Rows that were scored now."""
        return sum(batch.rows for batch in self.with_fate("scored"))

    @property
    def sentence(self) -> str:
        """The outcome in a line."""
        wrong = self.with_fate("refused", "failed")
        scored = [batch for batch in self.with_fate("scored") if batch.model is None]
        rows = sum(batch.rows for batch in scored)
        said = f"{format_count(len(scored), 'batch')} scored by {self.model}, {rows:,} rows"
        said = said if scored else f"nothing new for {self.model}"
        for batch in self.with_fate("scored"):
            said += f"; {batch.name} by {batch.model}, which had begun it" if batch.model else ""
        for batch in wrong:
            said += f"; {batch.name} {batch.fate}: {batch.why}"
        return said
