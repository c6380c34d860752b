"""What a look is told, beside the rows: batches, labels, earlier looks, what steps took."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BatchFacts(_Fact):
    """A batch that was answered. `labelled`: rows with a label now; None if not counted."""

    name: str
    as_of: str
    rows: int
    unfit_rows: int
    seconds: float
    labelled: int | None = None


class BatchRefusal(_Fact):
    """A batch that could not be answered. `mended`: it came again since, and could."""

    name: str
    why: str
    remedy: str | None
    mended: bool


class LabelDelays(_Fact):
    """Seconds from a row's batch to its label: of half, of nine in ten, of the last."""

    median: float
    most: float
    longest: float


class LabelFacts(_Fact):
    """`new`: labels of rows that the champion answered, new since they were last judged. `known`:
    rows with any label. `no_row`: labels of rows that nobody has scored. `unfit`: rows of labels
    files that came since the last look and were no labels.
    """

    new: int = 0
    known: int = 0
    no_row: int = 0
    unfit: int = 0
    delays: LabelDelays | None = None


class Lack(_Fact):
    """How far realised performance lay below what was expected of the same rows, at one look."""

    value: float
    variance: float


class LookSummary(_Fact):
    """A look before this one. `lacks`: by the name of the realised check."""

    look: int
    as_of: str
    verdict: str
    figures: dict[str, float]
    lacks: dict[str, Lack] = {}


class StepCost(_Fact):
    """What one step took each time it was done, the last one last. In `unit`."""

    step: str
    unit: str
    values: tuple[float, ...]


class MonitoringFacts(_Fact):
    """All that a report needs to know beside rows. Moments are RFC 3339.

    `level`: the false alarms that this look may spend; None where it judges no predictions.
    `evidence_level`: the false alarms that evidence over all looks together may spend.
    `arrived` are the batches since the last look, `before` those before, `served` all that the
    champion answered. `since`: when the last batch came; `missed`: how many should have come
    since. `waiting`: rows that are too few to be judged yet. `unfair`: fairness checks that the
    champion failed already when it was registered.
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
