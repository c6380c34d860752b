"""What a comparison in shadow is told beside the rows: the batches, and what each version took."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PairedBatch(_Fact):
    """A batch that both versions scored. `rows`: that the champion answered; `answered`: those of
    them that the challenger answered too. `seconds` and `unseen`: what the champion and the
    challenger took to read and score it.
    """

    name: str
    as_of: str
    rows: int
    answered: int
    seconds: float
    unseen: float


class ShadowFacts(_Fact):
    """All that a report needs to know beside rows. `asked`: how many batches the use case wants.
    `alone`: rows of batches that the champion answered since the first of the pairs, and the
    challenger, though it was to, not at all. `known`: whether labels of any of the rows have come.
    """

    champion: str
    challenger: str
    asked: int
    pairs: tuple[PairedBatch, ...]
    alone: int = 0
    known: bool = False

    @property
    def served(self) -> int:
        """Rows that the champion answered, in batches that were the challenger's to answer too."""
        return sum(pair.rows for pair in self.pairs) + self.alone

    @property
    def answered(self) -> int:
        return sum(pair.answered for pair in self.pairs)
