"""Assay's drift gate on the fourteen columns, against a reference whose profile is stored."""

from __future__ import annotations

import shutil
from pathlib import Path

from assay.config.gates import DriftSettings
from assay.gates.drift.gate import judge_drift
from assay.gates.report import Verdict
from assay.tables.profiled_table import profile_and_sample
from assay.tables.table import Table
from benchmarks.gates.data import table
from benchmarks.gates.drift.columns import NUMBERS, TEXTS, reference


def prepare(folder: Path) -> Table:
    """The reference, profiled; and nothing known of the other table, which is new each time."""
    shutil.rmtree(folder / "bucket" / "memo", ignore_errors=True)
    known = table(reference(folder), "rows")
    profile_and_sample(known)
    return known


def work(folder: Path, known: Table) -> str:
    """Read the table and compare."""
    current = table(folder, "rows")
    report = judge_drift(known, current, DriftSettings(), columns=NUMBERS + TEXTS, subject="rows")
    moved = [c for c in report.checks_with(Verdict.FAIL) if c.name.startswith("shift[")]
    return f"{len(moved)} of {len(NUMBERS + TEXTS)} columns shifted"
