"""The input of a look apart from its rows: batches, labels, earlier looks, costs of steps."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchFacts(_Fact):
    """A scored batch. `labelled`: rows that have a label now; None if not counted."""

    name: str
    as_of: str
    rows: int
    unfit_rows: int
    seconds: float
    labelled: int | None = None


class BatchRefusal(_Fact):
    """A batch that could not be scored. `mended`: it arrived again later and was scored."""

    name: str
    why: str
    remedy: str | None
    mended: bool


class LabelDelays(_Fact):
    """Seconds from a row's batch to its label: the median, the 90 % quantile, the maximum."""

    median: float
    most: float
    longest: float


class LabelFacts(_Fact):
    """Counts of labels.

    `new`: labels of rows that the champion scored, not yet judged. `known`: rows with any label.
    `no_row`: labels of rows that were never scored. `unfit`: rows of label files since the last
    look that hold no usable label.
    """

    new: int = 0
    known: int = 0
    no_row: int = 0
    unfit: int = 0
    delays: LabelDelays | None = None


class Lack(_Fact):
    """How far realised performance was below what was expected of the same rows, at one look."""

    value: float
    variance: float


class LookSummary(_Fact):
    """A look before this one. `lacks` is by the name of the realised check."""

    look: int
    as_of: str
    verdict: str
    figures: dict[str, float]
    lacks: dict[str, Lack] = {}


class StepCost(_Fact):
    """What one step took each time it was done, in `unit`, oldest first."""

    step: str
    unit: str
    values: tuple[float, ...]


class MonitoringFacts(_Fact):
    """Everything that a monitoring report needs besides rows. Moments are in RFC 3339.

    `level`: the false alarm rate that this look may spend; None if it judges no predictions.
    `evidence_level`: the false alarm rate that evidence over all looks together may spend.
    `arrived`: batches since the last look; `before`: earlier batches; `served`: all batches that
    the champion scored. `since`: when the last batch arrived; `missed`: batches that were due
    since then and did not arrive. `waiting`: rows that are too few to be judged yet. `unfair`:
    fairness checks that the champion already failed when it was registered.
    """

    look: int
    level: float | None
    evidence_level: float | None = None
    as_of: str
    since: str
    missed: int = 0
    arrived: tuple[BatchFacts, ...] = ()
    before: tuple[BatchFacts, ...] = ()
    served: tuple[BatchFacts, ...] = ()
    refused: tuple[BatchRefusal, ...] = ()
    waiting: int = 0
    labels: LabelFacts = LabelFacts()
    earlier: tuple[LookSummary, ...] = ()
    costs: tuple[StepCost, ...] = ()
    unfair: tuple[str, ...] = ()
