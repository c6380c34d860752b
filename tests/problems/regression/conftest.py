from importlib import import_module

import pytest


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Fewer sizes and rounds, so that whole reports are quick."""
    # The package names a function like this module.
    monkeypatch.setattr(import_module("assay.gates.feasibility.learning_curve"), "SIZES", 4)
    monkeypatch.setattr("assay.problems.feasibility.question_rows.ROUNDS", 20)
    monkeypatch.setattr("assay.problems.feasibility.question_rows.LEARNING_RATE", 0.25)
