"""A panel of the dashboard, and what it asks Prometheus."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# What is chosen at the top of the dashboard. Runs are also the bucket's own, and those of people.
USE_CASE_FILTER = 'use_case=~"$use_case"'
RUN_FILTER = 'use_case=~"$use_case|bucket|other"'


@dataclass(frozen=True, slots=True)
class PanelQuery:
    """`promql`: PromQL. `unit`: Grafana's name of it, of a column of a table."""

    promql: str
    legend: str = ""
    unit: str = "none"


@dataclass(frozen=True, slots=True)
class Panel:
    """`red_from`: from where on a figure is bad; `green_from`: from where on it is good."""

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
    """One over the other; nothing where there is nothing of the whole."""
    return f"{part} / ({whole} > 0)"
