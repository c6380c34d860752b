"""A panel of the dashboard, and its Prometheus queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What is chosen at the top of the dashboard. Runs are also the bucket's own, and those of people.
USE_CASE_FILTER = 'use_case=~"$use_case"'
RUN_FILTER = 'use_case=~"$use_case|bucket|other"'


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """A PromQL query. `unit` is Grafana's name of the unit, for a table's column."""

    promql: str
    legend: str = ""
    unit: str = "none"


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel. Values from `red_from` on are bad; those from `green_from` on are good."""

    title: str
    queries: tuple[PanelQuery, ...]
    description: str = ""
    kind: Literal["stat", "timeseries", "table"] = "timeseries"
    unit: str = "short"
    width: int = 8
    height: int = 8
    red_from: float | None = None
    green_from: float | None = None
    stacked: bool = False


def ratio_query(part: str, whole: str) -> str:
    """One query divided by another; no value if the divisor is zero."""
    return f"{part} / ({whole} > 0)"
