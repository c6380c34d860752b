from __future__ import annotations

from typing import Any

import pytest

from assay.steps.key_differences import compare_components

BEFORE: dict[str, Any] = {
    "stage": "fairness",
    "code": {"assay.a": "sha256:1", "assay.b": "sha256:2"},
    "distributions": {"numpy": "2.1"},
    "settings": {"fairness": [{"tolerance": 0.1, "by": ["sex"]}], "candidate": "x"},
    "exact": "e",
    "inputs": {"predictions": "sha256:3"},
    "seed": 7,
}


def changed(**parts: Any) -> list[str]:
    return [str(found) for found in compare_components(BEFORE, BEFORE | parts)]


def test_nothing_differs_from_itself() -> None:
    assert changed() == []


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"code": {"assay.a": "sha256:9", "assay.b": "sha256:2"}}, "assay.a changed"),
        ({"code": {"assay.a": "sha256:1"}}, "assay.b is gone"),
        ({"code": BEFORE["code"] | {"mine": "sha256:5"}}, "mine is new"),
        ({"distributions": {"numpy": "2.2"}}, "numpy: 2.1 -> 2.2"),
        ({"inputs": {"predictions": "sha256:4"}}, "its input predictions changed"),
        ({"seed": 8}, "seed: 7 -> 8"),
        (
            {"settings": {"fairness": [{"tolerance": 0.05, "by": ["sex"]}], "candidate": "x"}},
            "fairness.0.tolerance: 0.1 -> 0.05",
        ),
        (
            {"settings": {"fairness": [], "candidate": "x"}},
            "fairness: [{'tolerance': 0.1, 'by': ['sex']}] -> []",
        ),
        ({"settings": BEFORE["settings"] | {"new": 1}}, "new: nothing -> 1"),
    ],
)
def test_each_component_that_differs_is_named_with_old_and_new(
    parts: dict[str, Any], said: str
) -> None:
    assert changed(**parts) == [said]


def test_what_canonical_json_writes_alike_is_told_apart() -> None:
    assert changed(exact="f") == ["the order of keys, or 1 beside 1.0: as it was -> other"]
