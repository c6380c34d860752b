"""Rows that a column holds together, and a split by rows tears apart."""

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.gate import assess_feasibility
from assay.gates.feasibility.grouped_rows import check_grouped_rows, residual_likeness
from assay.gates.report import Verdict
from tests.gates.feasibility.made import made_use_case


def yearly_rows(effect, ids=400, years=6, seed=0):
    """People asked every year: two numbers that hardly change in a person, and the person's own
    leaning, of a standard deviation of `effect` on the log odds."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(ids), years)
    own = rng.normal(size=(2, ids))[:, person]
    leaning = effect * rng.normal(size=ids)[person]
    one, other = own + 0.05 * rng.normal(size=own.shape)
    odds = one - 0.3 + leaning
    return pd.DataFrame(
        {
            "person": 1000 + 7 * person,
            "one": one,
            "other": other,
            "noise": rng.normal(size=len(person)),
            "outcome": np.where(rng.random(len(person)) < 1 / (1 + np.exp(-odds)), "yes", "no"),
        }
    )


def case(*, identity=(), exclude=(), split=None):
    data = {"identity": list(identity), "exclude": list(exclude), "sensitive": {}}
    return made_use_case(data=data, **({"split": split} if split else {}))


def judged(frame, use_case):
    with threadpool_limits(limits=1):
        return check_grouped_rows(FeasibilityData.from_rows(frame, use_case, 0))


@pytest.mark.parametrize("exclude", [[], ["person"]])
def test_the_column_that_holds_rows_together_is_named_with_the_drop_and_the_line(exclude):
    check, sheet = judged(yearly_rows(2.0), case(exclude=exclude))
    assert check.verdict is Verdict.CAUTION
    assert "person groups the rows: 400 values in 2,400 rows" in check.why
    assert "split: {by: group, column: person}" in check.remedy
    assert ("exclude: [person]" in check.remedy) == (not exclude)
    assert check.interval.low > 0
    assert sheet.rows[0][0] == "person"
    assert check.estimate == pytest.approx(sheet.rows[0][2] - sheet.rows[0][3])
    assert check.estimate > 0.03


@pytest.mark.parametrize("how", ["identity", "group"])
def test_a_split_that_keeps_the_rows_together_passes(how):
    group = {"by": "group", "column": "person"}
    use_case = case(identity=["person"]) if how == "identity" else case(split=group)
    assert judged(yearly_rows(2.0), use_case)[0].verdict is Verdict.PASS


def test_a_coarser_column_is_named_though_the_split_keeps_a_finer_one_whole():
    frame = yearly_rows(2.0)
    frame["visit"] = np.arange(len(frame)) // 2
    check, _ = judged(frame, case(identity=["visit"], exclude=["visit"]))
    assert "column: person" in check.remedy


def test_an_identity_of_several_columns_does_not_hide_one_of_them():
    frame = yearly_rows(2.0)
    frame["year"] = np.arange(len(frame)) % 6
    check, _ = judged(frame, case(identity=["person", "year"]))
    assert "column: person" in check.remedy


@pytest.mark.parametrize("seed", range(2))
def test_ids_that_say_nothing_are_not_named(seed):
    frame = yearly_rows(0.0, seed=seed)
    ids = np.random.default_rng(seed).permutation(len(frame)) // 4
    alone = frame.groupby("person").head(1).reset_index(drop=True)
    for made in (alone, pd.concat([alone] * 4, ignore_index=True).assign(noise=ids[:1600] * 0.1)):
        batch = np.random.default_rng(seed).integers(0, len(made) // 4, len(made))
        rows = made.assign(batch=batch).drop(columns="person")
        check, _ = judged(rows, case(identity=["one"]))
        assert check.verdict is Verdict.PASS, check.why


def test_text_ids_and_missing_ones_count_and_measurements_do_not():
    frame = yearly_rows(2.0)
    frame["person"] = frame["person"].map("p{}".format).where(np.arange(len(frame)) % 10 > 0)
    frame["one"] = frame["one"].round(1) + 0.05
    check, sheet = judged(frame, case(exclude=["person"]))
    assert "column: person" in check.remedy
    assert [row[0] for row in sheet.rows] == ["person"]


def test_a_split_by_time_says_why_it_is_not_judged():
    frame = yearly_rows(2.0)
    frame["year"] = np.arange(len(frame)) % 6
    report = assess_feasibility(frame, case(split={"by": "time", "column": "year"}))
    assert not [c for c in report.checks if c.name == "grouped_rows"]
    [reasons] = [row[-1] for row in report.sheets[0].rows if "entities" in row[1]]
    assert "grouped rows: the split goes by time" in reasons


def test_no_identity_is_not_said_to_keep_entities_on_one_side():
    report = assess_feasibility(yearly_rows(2.0), case(exclude=["person"]))
    [reasons] = [row[-1] for row in report.sheets[0].rows if "entities" in row[1]]
    assert "names no identity" in reasons
    assert "one side" not in reasons


def test_likeness_is_that_of_pairs_against_shuffled_groups():
    rng = np.random.default_rng(0)
    codes = np.arange(1000) // 4
    assert abs(residual_likeness(rng.normal(size=1000), codes, 0)) < 3
    assert residual_likeness(rng.normal(size=250)[codes], codes, 0) > 20
