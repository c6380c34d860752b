"""What became of the batches that one run of the score flow was about."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from assay.artifacts import Artifact
from assay.bucket import Bucket
from assay.digest import Digest
from assay.errors import AssayError
from assay.evidence.amounts import some
from assay.steps import Step

Fate = Literal["scored", "known", "refused", "failed"]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Served(_Frozen):
    """One batch. `known`: it was scored before, so nothing was done. `refused`: it cannot be
    scored, and the ledger says so. `failed`: something else stood in the way, such as a sink that
    cannot be written; running again does it. `seconds` are what reading and scoring took when
    they were done; `extra` columns of the source that were not read; `shadow` the challenger that
    scored it as well.
    """

    name: str
    fate: Fate
    rows: int = 0
    unfit_rows: int = 0
    seconds: float = 0.0
    table: Artifact | None = None
    predictions: Artifact | None = None
    unfit: Artifact | None = None
    extra: tuple[str, ...] = ()
    to: str | None = None
    shadow: str | None = None
    why: str | None = None
    remedy: str | None = None

    @classmethod
    def of(
        cls,
        bucket: Bucket,
        name: str,
        arrived: Step,
        predicted: Step,
        *,
        to: str | None,
        fate: Fate = "scored",
        shadow: str | None = None,
    ) -> Served:
        """A batch that has its answers. The steps are those that read and scored it."""
        first, then = (bucket.get_json(step["about"]) for step in (arrived, predicted))
        return cls(
            name=name,
            fate=fate,
            rows=then["rows"],
            unfit_rows=then["unfit_rows"],
            seconds=arrived.seconds + predicted.seconds,
            table=predicted["table"],
            predictions=predicted["predictions"],
            unfit=predicted.outputs.get("unfit"),
            extra=tuple(first["extra"]),
            to=to,
            shadow=shadow,
        )

    @classmethod
    def without(cls, name: str, fate: Fate, error: AssayError) -> Served:
        """A batch that is refused, or failed."""
        where = "" if error.where in {None, name} else f" ({error.where})"
        return cls(name=name, fate=fate, why=f"{error.what}{where}", remedy=error.remedy)


class Scoring(_Frozen):
    """A run of the score flow: by which version, about which moment, and what became of each."""

    use_case: str
    model: str
    digest: Digest
    as_of: str
    batches: tuple[Served, ...] = ()
    monitored: str | None = None  # how a look at once at what came ended, if one was asked for

    def of(self, *fates: Fate) -> tuple[Served, ...]:
        return tuple(batch for batch in self.batches if batch.fate in fates)

    @property
    def rows(self) -> int:
        """Rows that were scored now."""
        return sum(batch.rows for batch in self.of("scored"))

    @property
    def sentence(self) -> str:
        """What happened, in a line."""
        scored, wrong = self.of("scored"), self.of("refused", "failed")
        said = f"{some(len(scored), 'batch')} scored by {self.model}"
        said = f"{said}, {self.rows:,} rows" if scored else f"nothing new for {self.model}"
        for batch in wrong:
            said += f"; {batch.name} {batch.fate}: {batch.why}"
        return said
