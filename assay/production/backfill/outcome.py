"""What a backfill came to. Imports nothing heavy, for plans that have nothing to do."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, ConfigDict

from assay.production.scoring.outcome import BatchOutcome
from assay.util.wording import format_count


class LookBack(BaseModel):
    """A look at a past moment. `verdict` is None where nothing was counted: `why` says so."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: str
    look: int | None = None
    verdict: str | None = None
    why: str = ""


class BackfillOutcome(BaseModel):
    """What was done for past days, batch by batch and look by look. `left`: batches that a further
    call does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    use_case: str
    first: str
    last: str
    batches: tuple[BatchOutcome, ...] = ()
    looks: tuple[LookBack, ...] = ()
    left: int = 0

    def with_batches(self, batches: Iterable[BatchOutcome]) -> BackfillOutcome:
        """With these too, each batch once: a later run may finish what an earlier one began."""
        by_name = {batch.name: batch for batch in (*self.batches, *batches)}
        return self.model_copy(update={"batches": tuple(by_name.values())})

    @property
    def failed(self) -> tuple[BatchOutcome, ...]:
        """The batches that were not scored."""
        return tuple(batch for batch in self.batches if batch.fate in {"refused", "failed"})

    @property
    def sentence(self) -> str:
        """What came of it, in a sentence."""
        scored = [batch for batch in self.batches if batch.fate == "scored"]
        rows = format_count(sum(batch.rows for batch in scored), "row")
        said = f"{format_count(len(scored), 'batch')} scored, {rows}"
        if self.failed:
            first = self.failed[0]
            said += f"; {len(self.failed):,} not scored, the first {first.name}: {first.why}"
        verdicts = [look.verdict for look in self.looks if look.verdict]
        if verdicts:
            counts = {v: verdicts.count(v) for v in dict.fromkeys(verdicts)}
            told = ", ".join(f"{count} {verdict}" for verdict, count in counts.items())
            said += f"; {format_count(len(verdicts), 'look')}: {told}"
        if self.left:
            said += f"; {format_count(self.left, 'batch')} left for another call"
        return said
