"""Who is measured against whom, and within what."""

from __future__ import annotations

from dataclasses import dataclass

from benchmarks.contest import Contender


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that Assay may take for so many rows."""

    rows: str
    cpu: float | None = None  # seconds
    wall: float | None = None  # seconds
    memory: float | None = None  # bytes, the peak beyond what the process held before


@dataclass(frozen=True, slots=True)
class Contest:
    """One gate: Assay first, then its rivals, the plain limit last."""

    gate: str
    about: str
    contenders: tuple[Contender, ...]
    budget: Budget
    sizes: tuple[str, ...] = ("49k", "490k", "4.9M")
