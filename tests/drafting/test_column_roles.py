"""What columns are for: each trap by its name, and plain features left alone."""

import numpy as np
import pandas as pd
import pytest

from assay.drafting.column_roles import find_roles

ROWS = 240
RNG = np.random.default_rng(3)


def roles(**columns):
    frame = pd.DataFrame({"y": RNG.integers(0, 2, ROWS), **columns})
    return {one.name: one.role for one in find_roles(frame, "y")}


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("rownames", np.arange(1, ROWS + 1), "exclude"),
        ("loan_id", RNG.permutation(ROWS) * 7 + 1000, "identity"),
        ("uuid", [f"k{i:05d}" for i in range(ROWS)], "identity"),
        ("version", ["1.2"] * ROWS, "exclude"),
        ("nothing", [None] * ROWS, "exclude"),
        ("survey_wt", RNG.exponential(size=ROWS), "weight"),
        ("year", RNG.integers(1990, 2020, ROWS), "time"),
        ("when", pd.date_range("2026-01-01", periods=ROWS, freq="D"), "time"),
        ("remark", [f"the customer called about bill {i}" for i in range(ROWS)], "exclude"),
        ("gender", RNG.choice(["f", "m"], ROWS), "sensitive"),
        ("email", [f"p{i}@example.org" for i in range(ROWS)], "never_store"),
    ],
)
def test_a_trap_has_its_role(name, values, role):
    assert roles(**{name: values}) == {name: role}


def test_features_have_none():
    plain = {
        "wage": RNG.normal(size=ROWS),
        "amount": RNG.permutation(ROWS) * 3 + 1,  # differs in each row, as amounts do
        "weight_class": RNG.choice(["light", "heavy"], ROWS),
        "colour": RNG.choice(list("abc"), ROWS),
    }
    assert roles(**plain) == {}


def test_a_panel_is_told_by_what_stays_the_same():
    person = np.repeat(np.arange(30), 8)
    found = find_roles(
        pd.DataFrame(
            {
                "y": RNG.normal(size=ROWS),
                "nr": person,
                "school": RNG.integers(8, 16, 30)[person],
                "hours": RNG.normal(size=ROWS),
            }
        ),
        "y",
    )
    (group,) = found
    assert (group.name, group.role) == ("nr", "group")
    assert "30 values repeat, 8 times each, and school stay the same" in group.reason


def test_the_order_of_rows_changes_nothing():
    frame = pd.DataFrame(
        {
            "y": RNG.integers(0, 2, ROWS),
            "id": RNG.permutation(ROWS) * 7,
            "firm": np.repeat([f"f{i}" for i in range(40)], 6),
            "size": np.repeat(RNG.normal(size=40), 6),
        }
    )
    assert find_roles(frame, "y") == find_roles(frame.sample(frac=1, random_state=1), "y")
