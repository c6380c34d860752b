"""Riley's criteria for several classes."""

import math

import numpy as np
import pytest

from assay.problems.multiclass.sample_size import riley_multinomial

CRASHES = np.array([6479, 5595, 4242, 8495, 1118]) / 25929


def test_the_rows_of_each_criterion() -> None:
    found = tuple(riley_multinomial(11, 0.15, CRASHES).values())
    assert found[0] == pytest.approx(4711, rel=0.001)
    assert found[1:] == (838, 585)


def test_the_order_of_classes_changes_nothing() -> None:
    assert riley_multinomial(11, 0.15, CRASHES[::-1]) == riley_multinomial(11, 0.15, CRASHES)


def test_nothing_explained_asks_for_more_rows_than_there_are() -> None:
    assert max(riley_multinomial(11, 0.0, CRASHES).values()) == math.inf
