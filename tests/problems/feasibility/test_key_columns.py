"""Keys of several parts that repeat."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.report import Verdict
from assay.problems.feasibility.key_columns import check_key_columns
from assay.problems.regression.amount_rows import AMOUNTS, AmountRows
from tests.problems.feasibility.made import amount_use_case


def keyed(name: str, values: list[object], **data: object) -> list:
    frame = pd.DataFrame({name: values, "year": np.arange(len(values)) % 3})
    frame["pay"] = np.arange(len(values), dtype=float)
    rows = AmountRows.from_rows(frame, amount_use_case(data={"time": "year", **data}), 0, AMOUNTS)
    return check_key_columns(rows)


KEYS = [f"{unit}:{case}:{car}" for unit in range(10) for case in range(30) for car in (1, 2)] * 2


def test_keys_of_several_parts_are_named_with_the_time_by_which_they_repeat() -> None:
    [check] = keyed("caseid", list(np.repeat(KEYS[:600], 2)))
    assert check.name == "identifiers[caseid]"
    assert check.verdict is Verdict.CAUTION
    assert (
        "keys of 3 parts parted by ':': 600 different ones in 1,200 rows, 300 without" in check.why
    )
    assert "stand at several year" in check.why
    assert "and year, by which they repeat," in check.remedy
    assert "data.exclude: [caseid]" in check.remedy


def test_keys_of_one_moment_each_do_not_speak_of_time() -> None:
    frame_keys = [f"a-{i // 6}-{i % 3}" for i in range(900)]
    [check] = keyed("key", frame_keys)
    assert "several year" not in check.why


@pytest.mark.parametrize(
    "values",
    [
        [f"{i % 20}:{i % 3}" for i in range(600)],  # few: categories
        [f"1:{i}" for i in range(600)],  # none repeats
        [f"name {i // 2}" for i in range(600)],  # no parts
        [f"{i // 2}{':-'[i // 2 % 2]}1" for i in range(600)],  # separators differ
        [i // 2 for i in range(600)],
    ],
)
def test_other_columns_are_no_keys(values: list[object]) -> None:
    assert keyed("thing", values) == []


def test_what_the_split_goes_by_is_known() -> None:
    assert keyed("caseid", KEYS, identity=["caseid"]) == []
