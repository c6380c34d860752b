from importlib import import_module

import pytest

from tests.gates.feasibility.made import made_people, made_use_case


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """Fewer sizes and rounds, so that whole reports are quick."""
    # The package names a function like this module.
    monkeypatch.setattr(import_module("assay.gates.feasibility.learning_curve"), "SIZES", 4)
    monkeypatch.setattr("assay.gates.feasibility.data.ROUNDS", 25)
    monkeypatch.setattr("assay.gates.feasibility.data.LEARNING_RATE", 0.2)


@pytest.fixture
def people():
    return made_people


@pytest.fixture
def use_case():
    return made_use_case


@pytest.fixture
def only():
    def of(report, name):
        [check] = [c for c in report.checks if c.name == name]
        return check

    return of
