from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from assay.config.data import Target
from assay.errors import DataError
from assay.learning.split import mark_test_rows
from assay.problems.regression.outcomes import read_outcomes, split_rows
from tests.problems.learning_examples import make_people, pay_case, store_rows

PAY = Target(column="pay", unit="dollars an hour")


def read(values, target=PAY):
    return read_outcomes(pa.chunked_array([pa.array(values)]), target)


def test_amounts_are_floats_in_the_targets_unit():
    found = read([1, 2, 40])
    assert found.dtype == np.float64
    assert found.tolist() == [1.0, 2.0, 40.0]


@pytest.mark.parametrize(
    ("values", "what", "remedy"),
    [
        ([1.0, None, 3.0], "1 of 3 rows have no 'pay'", "unlabelled: leave_out"),
        ([1.0, float("inf"), 3.0, float("nan")], "2 of 4 rows have no finite", "data.where"),
        ([1.0, 2.0, 1e200], "1 of 3 rows have a number beyond 1e\\+30", "Mend"),
        ([5.0, 5.0], "every row has 5 in 'pay'", "other amounts"),
        ([0, 1, 1], "two values, 0 and 1", "target: {column: pay, positive: 1}"),
        (["b", "a", "c"], "holds no numbers", "target: {column: pay, classes: [a, b, c]}"),
        (["no", "yes"], "holds no numbers", 'positive: "yes"}'),
        ([True, False, True], "holds no numbers", "positive: false}"),
        ([f"{i} EUR" for i in range(20)], "holds no numbers", "data.types: {pay: number}"),
        (["1,234.50", "12,000.00", "900"], "holds no numbers", 'write thousands: ","'),
        (["1.234,5", "2.000", "3.100,25"], "holds no numbers", 'write thousands: "."'),
        (["1,234", "2 000", *"abcdefghi"], "holds no numbers", "source.thousands"),
        ([1e-300, 2e-300, 3e-300], "lie within 2e-300 dollars an hour", "smaller unit"),
        ([1e20, 1e20 + 2**15, 1e20 + 2**16], "lost in rounding", "how far they lie"),
        ([], "no rows", None),
    ],
)
def test_what_is_no_amount_is_refused_with_what_to_write(values, what, remedy):
    with pytest.raises(DataError, match=what) as refused:
        read(values)
    assert remedy is None or remedy in str(refused.value.remedy)


def test_a_logarithm_needs_amounts_above_nothing():
    log = PAY.model_copy(update={"log": True})
    assert len(read([0.5, 1.0, 2.0], log)) == 3
    with pytest.raises(DataError, match=r"2 of 4 rows .*at 0 or below \(the least is -3\)") as e:
        read([0.0, -3.0, 1.0, 2.0], log)
    assert "pay > 0" in str(e.value.remedy)


def test_rows_are_divided_as_for_every_question():
    rows = store_rows(make_people())
    made = split_rows(rows, pay_case())
    as_yes_or_no = pay_case(target={"unit": None, "above": 20.0})
    assert (made.test == mark_test_rows(rows, as_yes_or_no)).all()
    pay = make_people()["pay"].to_numpy()
    assert made.sides["test"]["rows"] == made.test.sum()
    assert made.sides["test"]["mean"] == pytest.approx(pay[made.test].mean())
    assert made.sides["training"]["mean"] == pytest.approx(pay[~made.test].mean())
    assert "dollars an hour" in made.lines[0]


def test_a_side_without_rows_is_refused():
    case = pay_case(split={"by": "time", "column": "since", "after": "2040-01-01"})
    with pytest.raises(DataError, match="the test side of the split has no rows"):
        split_rows(store_rows(make_people()), case)


def test_training_rows_of_one_amount_are_refused():
    people = make_people()
    people["pay"] = np.where(people["since"] < "2022-01-01", 5.0, people["pay"])
    case = pay_case(split={"by": "time", "column": "since", "after": "2022-01-01"})
    with pytest.raises(DataError, match="training rows have the same amount"):
        split_rows(store_rows(people), case)
