"""What ingestion did to values and rows that it read, for validation to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class ReadingNotes:
    """`infinite`: by column, how many values were infinite and became missing. Of `rows` that
    could be read, `filtered` were left out by data.where, and `unlabelled` for want of an outcome.
    """

    rows: int = 0
    filtered: int = 0
    unlabelled: int = 0
    infinite: Mapping[str, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.filtered or self.unlabelled or self.infinite)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)
