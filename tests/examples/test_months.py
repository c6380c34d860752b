"""The months of each example: nobody comes twice, and harm changes what it says it does."""

import itertools
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from examples.living.example import EXAMPLES, HARMS, load_example
from examples.wages.months import DATA, GROWTH


@pytest.fixture(scope="module")
def wages():
    return list(load_example("wages").months())


def test_each_person_of_the_wages_is_learnt_from_or_comes_in_one_month(wages):
    example = load_example("wages")
    told = [example.training(), *(month.rows for month in wages)]
    people = list(itertools.chain(*(rows["person"].to_pylist() for rows in told)))
    assert sorted(people) == pq.read_table(DATA)["person"].to_pylist()


def test_pay_grows_with_the_months_and_nothing_else_does(wages):
    file = pq.read_table(DATA).to_pandas().set_index("person")
    for number, month in enumerate(wages, 1):
        rows = month.rows.to_pandas().set_index("person")
        before = file.loc[rows.index]
        pd.testing.assert_frame_equal(
            rows.drop(columns="earnings"), before.drop(columns="earnings")
        )
        np.testing.assert_allclose(
            rows["earnings"] / before["earnings"], (1 + GROWTH) ** (number / 12)
        )


def test_women_are_paid_a_third_less_from_the_month_of_the_harm_on(wages):
    example = load_example("wages")
    before, since = wages[3], wages[4]
    assert example.add_harm(before, "labels", str(since)) is before.rows
    told, true = (
        rows.to_pandas() for rows in (example.add_harm(since, "labels", str(since)), since.rows)
    )
    share = np.where(true["gender"] == "female", 2 / 3, 1.0)
    np.testing.assert_allclose(told["earnings"], true["earnings"] * share)


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_batch_comes_without_its_outcomes_and_these_come_as_labels(name, tmp_path):
    example = replace(load_example(name), folder=tmp_path)
    month = next(example.months())
    month = replace(month, rows=month.rows.slice(0, 50))
    for harm in HARMS:
        assert example.add_harm(month, harm, str(month)).schema.names == month.rows.schema.names
    example.deliver_batch(month, month.rows)
    example.deliver_labels(month, month.rows, month.end)
    (batch,), (labels,) = (list((tmp_path / f).iterdir()) for f in ("arrivals", "labels"))
    assert example.target not in pq.read_table(batch).column_names
    told = pd.read_csv(labels)
    assert told["person"].tolist() == month.rows["person"].to_pylist()
    np.testing.assert_allclose(told[example.target], month.rows[example.target].to_pylist())
    assert pd.to_datetime(told["known"]).iloc[0] == month.end.replace(tzinfo=None)


def test_what_another_example_played_is_not_forgotten(tmp_path):
    outer = replace(load_example("employment"), folder=tmp_path)
    inner = replace(load_example("wages"), folder=tmp_path / "wages")
    for example in (outer, inner):
        (example.folder / "bucket" / "objects").mkdir(parents=True)
    outer.forget()
    assert not (tmp_path / "bucket").exists()
    assert (inner.folder / "bucket" / "objects").exists()
