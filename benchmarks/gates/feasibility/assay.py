"""Assay's feasibility gate on the income use case, all of its checks."""

from __future__ import annotations

from pathlib import Path

from assay.config.loaded_use_case import load_use_case
from assay.config.use_case import UseCase
from assay.gates.feasibility.gate import assess_feasibility
from benchmarks.gates.data import table

CONFIG = Path(__file__).parents[3] / "configs" / "income.yaml"


def prepare(_folder: Path) -> UseCase:
    """The use case."""
    return load_use_case(CONFIG).use_case


def work(folder: Path, use_case: UseCase) -> str:
    """Read the table and judge it."""
    report = assess_feasibility(table(folder, "rows"), use_case)
    return f"{report.verdict}: {len(report.checks)} checks"
