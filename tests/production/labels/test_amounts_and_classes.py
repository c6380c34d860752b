"""Labels that are amounts or classes: read, listed where unfit, corrected, joined to their rows."""

import numpy as np
import pandas as pd
import pytest

from assay.production.labels.known_labels import KnownLabels, row_labels
from assay.production.labels.label_counts import count_labels
from assay.production.labels.label_import import import_labels
from assay.tables.table import Table
from tests.production.made import Living, day, written

AMOUNTS = {"column": "pay", "unit": "dollars an hour"}
CLASSES = {"column": "harm", "classes": ["none", "minor", "killed"], "ordered": True}
CODES = {"column": "harm", "classes": [0, 1, 2]}


def people(numbers, column, values):
    count = len(numbers)
    return pd.DataFrame(
        {
            "person": list(numbers),
            "age": np.arange(count, dtype=float),
            column: np.resize(np.array(values), count),
            "said_probability": np.linspace(0.1, 0.9, count),
            "said_decision": np.linspace(0.1, 0.9, count) > 0.5,
        }
    )


def begun(target, values, **sections):
    data = {"target": target, "identity": ["person"]}
    rows = people(range(20), target["column"], values)
    return Living.begin(written("people", data, **sections), rows, np.ones(20, bool))


def amounts(**target):
    return begun(AMOUNTS | target, [9.5, 12.25, 20.0])


def classes(target=CLASSES, values=("none", "minor", "killed")):
    return begun(target, values)


def read(living, folder, text, when=1, name="labels.csv"):
    (folder / name).write_text(text)
    return import_labels(living.bucket, living.written, day(when), [str(folder / name)])


def known(living):
    return KnownLabels.from_batches(living.bucket, living.ledger.read(), living.case)


def said(living, *numbers):
    column = living.case.data.target.column
    served = living.serve(people(numbers, column, [0]), 99, name=f"asked {numbers}")
    return row_labels(living.bucket, served, known(living), living.case).truth


def unfit_reasons(living, entry):
    return Table.read(living.bucket, entry.unfit).to_pandas()["reason"].tolist()


def test_amounts_are_held_to_the_last_digit(tmp_path):
    living = amounts()
    read(living, tmp_path, "person,pay\n100,12.1\n101,-0.3\n102,0\n")
    assert said(living, 100, 101, 102, 103).tolist()[:3] == [12.1, -0.3, 0.0]
    assert np.isnan(said(living, 103)).all()
    assert known(living).labels.dtype == np.float64


def test_what_is_no_amount_is_listed_with_its_line_and_an_empty_one_waits(tmp_path):
    living = amounts()
    text = "person,pay\n100,12.5\n101,much\n102,\n103,1e40\n104,7\n105,8\n"
    (entry,) = read(living, tmp_path, text).new
    assert (entry.rows, entry.unfit_rows) == (3, 2)
    assert unfit_reasons(living, entry) == [
        "pay 'much' is not a number",
        "pay 1e+40 is no finite number up to 1e+30",
    ]
    assert np.isnan(said(living, 101, 102, 103)).all()


def test_under_log_an_amount_of_nothing_is_no_label(tmp_path):
    living = amounts(log=True)
    (entry,) = read(living, tmp_path, "person,pay\n100,12.5\n101,0\n102,3\n").new
    assert unfit_reasons(living, entry) == [
        "pay 0.0 is not above 0, and the target says `log: true`"
    ]
    (entry,) = read(amounts(), tmp_path, "person,pay\n100,12.5\n101,0\n102,3\n").new
    assert entry.unfit_rows == 0


def test_a_corrected_amount_replaces_the_earlier_one_by_the_moment_it_was_known(tmp_path):
    living = begun(AMOUNTS, [9.5, 12.25, 20.0], labels={"known": "on"})
    read(living, tmp_path, "person,pay,on\n100,12.5,2016-02-02\n101,3,2016-02-02\n")
    read(living, tmp_path, "person,pay,on\n100,11.5,2016-02-01\n101,4,2016-02-03\n", 2, "b.csv")
    assert said(living, 100, 101).tolist() == [12.5, 4.0]


def test_the_same_amount_told_again_is_no_news(tmp_path):
    living = amounts()
    read(living, tmp_path, "person,pay\n100,12.5\n101,3\n")
    first = known(living)
    read(living, tmp_path, "person,pay\n100,12.5\n101,4\n", 2, "b.csv")
    again = known(living)
    assert first.entries.tolist() == [1, 1]
    entry = dict(zip(again.labels.tolist(), again.entries.tolist(), strict=True))
    assert entry == {12.5: 1, 4.0: 2}


def test_classes_are_read_as_the_use_case_lists_them(tmp_path):
    living = classes()
    text = "person,harm\n100,killed\n101,none\n102,kiled\n103,\n104,minor\n"
    (entry,) = read(living, tmp_path, text).new
    assert (entry.rows, entry.unfit_rows) == (3, 1)
    (reason,) = unfit_reasons(living, entry)
    assert reason.startswith("harm 'kiled' is no class of the use case")
    assert "killed" in reason.removeprefix("harm 'kiled'")
    assert said(living, 100, 101, 102, 103, 104).tolist() == [2, 0, -1, -1, 1]
    labels = Table.read(living.bucket, entry.table).to_arrow()["label"].to_pylist()
    assert labels == ["killed", "none", "minor"]


def test_classes_of_numbers_are_known_by_their_numbers(tmp_path):
    living = classes(CODES, [0, 1, 2])
    (entry,) = read(living, tmp_path, "person,harm\n100,2\n101,0\n102,7\n103,1\n").new
    assert unfit_reasons(living, entry) == ["harm 7 is no class of the use case"]
    assert said(living, 100, 101, 102, 103).tolist() == [2, 0, -1, 1]


def test_labels_keep_their_class_where_the_classes_are_listed_otherwise(tmp_path):
    living = classes()
    read(living, tmp_path, "person,harm\n100,killed\n101,none\n102,minor\n")
    turned = CLASSES | {"classes": ["killed", "serious", "none"]}
    data = {"target": turned, "identity": ["person"]}
    living = Living(written("people", data), living.bucket)
    assert said(living, 100, 101, 102).tolist() == [0, 2, -1]  # minor is no outcome any more


@pytest.mark.parametrize(
    ("target", "values", "text"),
    [
        (AMOUNTS, [9.5, 12.25, 20.0], "person,pay\n100,1\n101,0\n"),
        (CLASSES, ["none", "minor", "killed"], "person,harm\n100,none\n101,minor\n"),
    ],
)
def test_labels_of_another_question_are_not_those_of_a_yes_or_no(tmp_path, target, values, text):
    living = begun(target, values)
    read(living, tmp_path, text)
    asked = {"column": target["column"], "positive": values[0]}
    other = Living(written("people", {"target": asked, "identity": ["person"]}), living.bucket)
    assert len(known(living)) == 2
    assert len(known(other)) == 0


@pytest.mark.parametrize("target", [AMOUNTS, CODES | {"column": "pay"}])
def test_a_yes_or_no_is_no_amount_of_one_and_no_class(target):
    living = begun({"column": "pay", "positive": 1}, [0, 1])
    living.label(people([100, 101], "pay", [0, 1]), 1)
    other = Living(written("people", {"target": target, "identity": ["person"]}), living.bucket)
    assert len(known(living)) == 2
    assert len(known(other)) == 0


@pytest.mark.parametrize(
    ("living", "values", "truth"),
    [
        (amounts, [1.5, np.nan, np.inf, -2.0], [1.5, np.nan, np.nan, -2.0]),
        (classes, ["minor", None, "odd", "killed"], [1, -1, -1, 2]),
    ],
)
def test_batches_that_hold_the_target_bring_their_labels(living, values, truth):
    living = living()
    rows = people(range(100, 104), living.case.data.target.column, [0])
    rows[living.case.data.target.column] = pd.Series(values)
    served = living.serve(rows, 1, with_labels=True)
    told = row_labels(living.bucket, served, known(living), living.case)
    np.testing.assert_array_equal(told.truth, truth)


@pytest.mark.parametrize(
    ("living", "column", "values"),
    [(amounts, "pay", [0.0, 1.5, -2.0, 7.0]), (classes, "harm", ["none", "killed"] * 2)],
)
def test_labels_are_counted_whatever_they_say(tmp_path, living, column, values):
    """An amount below 0 is as known as any."""
    living = living()
    living.serve(people(range(100, 106), column, [0]), 1)
    lines = [f"{100 + place},{value}" for place, value in enumerate([*values, values[0]])]
    read(living, tmp_path, "\n".join([f"person,{column}", *lines[:4], f"999,{values[0]}"]), 2)
    counted, new = count_labels(living.bucket, living.about(3), living.case)
    assert (counted["new"], counted["known"], counted["no_row"]) == (4, 5, 1)
    outcomes = living.case.data.target
    (truth,) = new.values()
    told = truth[:4] if column == "pay" else [outcomes.class_labels[code] for code in truth[:4]]
    assert list(told) == values
    assert (np.isnan(truth[4:]) | (truth[4:] == -1)).all()
