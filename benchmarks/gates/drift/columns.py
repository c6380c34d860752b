"""What is compared with what. Uses the standard library alone, because rivals import it too."""

from __future__ import annotations

from pathlib import Path

NUMBERS = ["age", "fnlwgt", "education_num", "capital_gain", "capital_loss", "hours_per_week"]
TEXTS = [
    "workclass",
    "education",
    "marital_status",
    "occupation",
    "relationship",
    "race",
    "sex",
    "native_country",
]


def reference(folder: Path) -> Path:
    """The folder of the reference's rows, beside every other."""
    return folder.parent / "reference"
