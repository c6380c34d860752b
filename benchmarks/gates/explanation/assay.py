"""Assay's explanation gate: importances of groups with intervals, curves, proxies, flips."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from assay.config.data import Sensitive
from assay.config.gates import FlipLimits, Performance
from assay.gates.explanation.gate import explain_model
from assay.learning.one_thread import one_thread
from assay.learning.scoring_model import ScoringModel
from assay.problems.binary.explanation import DecisionScale
from benchmarks.gates.explanation.fitted import SEED, FittedAdult, fit_adult


def prepare(folder: Path) -> FittedAdult:
    """The model."""
    return fit_adult(folder)


def work(_folder: Path, fitted: FittedAdult) -> str:
    """Explain it, as a run does for each candidate."""
    features = fitted.features
    kinds = {"f": "number"}
    inputs = [
        {"name": name, "type": kinds.get(features[name].dtype.kind, "text")} for name in features
    ]
    with one_thread():
        report = explain_model(
            ScoringModel(fitted.model, {"inputs": inputs, "groups": None}),
            features,
            fitted.groups.assign(truth=fitted.truth, row=np.arange(len(features))),
            DecisionScale(Performance()),
            sensitive={"sex": Sensitive(), "race": Sensitive()},
            limits=FlipLimits(),
            subject="m",
            seed=SEED,
        )
    chief = report.measurements_of("importance")[0]
    return f"{' and '.join(chief.columns)} {chief.value:.3f}"
