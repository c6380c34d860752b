"""Assay's fairness gate: every metric held to a tolerance by sex, by race and by both."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.fairness.external_predictions import predictions_from_frame
from assay.gates.fairness.gate import audit_fairness
from benchmarks.gates.audit.fairlearn_alone import METRICS

SENSITIVE = {"sex": Sensitive(reference="Male"), "race": Sensitive(reference="White")}
RULES = [
    FairnessRule(
        metric=name, by=("sex", "race", ("sex", "race")), tolerance=0.1, because="measured"
    )
    for name in METRICS
]


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Read the file and judge it."""
    rows = pd.read_parquet(folder / "decisions.parquet", columns=["truth", "decision", *SENSITIVE])
    made = predictions_from_frame(rows, truth="truth", prediction="decision", by=list(SENSITIVE))
    report = audit_fairness(made, RULES, SENSITIVE, subject="decisions")
    [gap] = [c for c in report.checks if c.name == "accuracy_score[sex=Female]"]
    return f"accuracy gap by sex {abs(gap.estimate):.4f}"
