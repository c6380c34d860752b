"""How well columns tell a sensitive group: planted proxies are found, and nothing else."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.explanation.explained_rows import arrange_rows
from assay.gates.explanation.proxies import find_proxies
from tests.gates.explanation.models import amounts, numbers, with_truth


def people(rows=600, agree=0.95, **more):
    draw = np.random.default_rng(8)
    sex = draw.choice(["f", "m"], rows, p=[0.4, 0.6])
    same = draw.random(rows) < agree
    title = np.where(same, sex, np.where(sex == "f", "m", "f"))
    frame = numbers(rows).assign(title=pd.Series(title, dtype="str"), **more)
    predictions = with_truth(frame["a"].to_numpy(), sex=sex)
    model = amounts(lambda f: f["a"], frame, list(frame))
    return arrange_rows(frame, predictions, [model])


def test_a_planted_proxy_is_named_and_its_strength_is_known():
    (found,) = find_proxies(people(), ["sex"])
    assert list(found.columns) == ["title"]
    assert found.columns["title"].value == pytest.approx(0.95, abs=0.03)
    assert found.best.group == "f"  # who tells one of two tells the other
    assert found.best.area.value > 0.9


def test_columns_that_know_nothing_tell_nothing():
    (found,) = find_proxies(people(agree=0.5), ["sex"])
    assert found.columns == {}
    assert found.best.area.interval.low < 0.5 < found.best.area.interval.high


def test_the_sensitive_column_itself_is_not_asked():
    rows = people(agree=0.5)
    seen = rows.features.assign(sex=rows.predictions["sex"])
    model = amounts(lambda f: f["a"], seen, list(seen))
    (found,) = find_proxies(arrange_rows(seen, rows.predictions, [model]), ["sex"])
    assert "sex" not in found.columns
    assert found.best.area.value < 0.6


def test_of_several_groups_each_large_one_is_told_against_the_rest():
    rows = people()
    origin = np.where(np.arange(len(rows)) < 5, "rare", np.where(rows.features["b"] > 0, "x", "y"))
    rows.predictions["origin"] = origin
    (found,) = find_proxies(rows, ["origin"])
    assert {one.group for one in found.told} == {"x", "y"}
    assert next(iter(found.columns)) == "b"


def test_groups_that_are_too_small_are_not_told():
    rows = people(rows=60)
    rows.predictions["sex"] = np.where(np.arange(60) < 5, "f", "m")
    (found,) = find_proxies(rows, ["sex"])
    assert (found.told, found.best) == ((), None)


def test_the_same_rows_give_the_same_numbers_whatever_their_names():
    first, second = people(), people()
    renamed = second.features.rename(columns={"title": "anrede"})
    model = amounts(lambda f: f["a"], renamed, list(renamed))
    (one,) = find_proxies(first, ["sex"])
    (two,) = find_proxies(arrange_rows(renamed, second.predictions, [model]), ["sex"])
    assert [e.value for e in one.columns.values()] == [e.value for e in two.columns.values()]
    assert one.told == two.told
