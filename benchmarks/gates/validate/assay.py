"""Assay's validation gate, on a table in a bucket."""

from __future__ import annotations

from pathlib import Path

from assay.config.gates import Expectation
from assay.gates.report import Verdict
from assay.gates.validation.gate import validate_table
from benchmarks.gates.data import table
from benchmarks.gates.validate.rules import expectations

RULES = [Expectation(type=kind, kwargs=kwargs) for kind, kwargs in expectations()]


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Judge the table where it lies."""
    report = validate_table(table(folder, "rows"), RULES, subject="rows").report
    kept = [c for c in report.checks if c.name.startswith("expect_") and c.verdict is Verdict.PASS]
    return f"{len(kept)} of {len(RULES)} rules hold"
