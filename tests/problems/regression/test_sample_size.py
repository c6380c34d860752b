"""Riley's criteria for continuous outcomes."""

import math

import pytest

from assay.problems.regression.sample_size import riley_continuous


@pytest.mark.parametrize(
    ("parameters", "r2", "wanted"),
    [
        (10, 0.25, (243, 151, 244, 244)),
        (10, 0.10, (664, 181, 244, 244)),
        (30, 0.25, (868, 451, 264, 264)),
        (10, 0.50, (101, 101, 244, 244)),
    ],
)
def test_the_rows_of_each_criterion(parameters: int, r2: float, wanted: tuple[int, ...]) -> None:
    assert tuple(riley_continuous(parameters, r2, 18.4, 10.1).values()) == wanted


def test_the_unit_changes_nothing_and_a_mean_of_nothing_asks_nothing() -> None:
    assert riley_continuous(10, 0.2, 184, 101) == riley_continuous(10, 0.2, 18.4, 10.1)
    assert len(riley_continuous(10, 0.2, 0.0, 10.1)) == 3
    assert riley_continuous(10, 0.2, 3.0, 10.1)["the mean is known to a tenth"] > 3000


def test_nothing_explained_asks_for_more_rows_than_there_are() -> None:
    assert max(riley_continuous(10, -0.1, 18.4, 10.1).values()) == math.inf
