"""What ingestion did to values and rows that it read, for validation to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReadingNotes:
    """`infinite`: by column, how many values were infinite and became missing. Of `rows` that
    could be read, `filtered` were left out by data.where, `unlabelled` for want of an outcome, and
    `weightless` because their weight is 0.
    """

    rows: int = 0
    filtered: int = 0
    unlabelled: int = 0
    infinite: Mapping[str, int] = field(default_factory=dict)
    weightless: int = 0

    def __bool__(self) -> bool:
        return bool(self.left_out or self.infinite)

    @property
    def left_out(self) -> int:
        """Rows that could be read and were left out."""
        return self.filtered + self.unlabelled + self.weightless

    def as_json(self) -> dict[str, Any]:
        found = asdict(self)
        if not self.weightless:  # most tables have no weights
            del found["weightless"]
        return found
