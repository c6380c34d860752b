"""Which column says how much each row counts, and in what sense."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, field_validator

from assay.config.section import ColumnName, Section


def coerce_weight(value: Any) -> Any:
    """Wrap a column's name in a mapping; keep a mapping as it is. Raises ValueError."""
    if isinstance(value, str):
        return {"column": value}
    if value is None or isinstance(value, dict | BaseModel):
        return value
    raise ValueError("write a column's name, or {column: weight, kind: sampling}")


class RowWeight(Section):
    """The column of the rows' weights."""

    column: ColumnName
    kind: Literal["sampling", "frequency", "exposure"] = "sampling"
    """`sampling`: how many members of the population a drawn row stands for; only ratios matter,
    and unequal weights make intervals wider. `frequency`: how many observed rows were merged into
    this one; a row of 3 is three rows. An `exposure`, the time or amount over which an outcome was
    counted, is no weight and is refused.
    """

    @field_validator("kind")
    @classmethod
    def _no_exposure(cls, kind: str) -> str:
        if kind == "exposure":
            raise ValueError(
                "an exposure (the time or amount over which an outcome was counted) is no weight: "
                "make the target a rate, the outcome divided by the exposure; or write "
                "`kind: frequency` if it counts merged rows, `kind: sampling` if it says how many "
                "members of the population a row stands for"
            )
        return kind
