"""What would tell what labels cannot tell yet: a number of them, a larger reference, or nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bucket.bucket import Bucket
from assay.config.data import Sensitive
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.monitoring.required_rows import add_required_rows, required_rows
from assay.gates.report import Check, Interval, Verdict
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame


def check(estimate, half, rows=5844, group=None, verdict=Verdict.UNKNOWN):
    interval = Interval(low=estimate - half, high=estimate + half)
    return Check(
        name="realised[roc_auc]", claim="c", verdict=verdict, estimate=estimate, interval=interval,
        threshold=0.05, remedy="More labels would tell.", rows=rows, group=group,
    )  # fmt: skip


def reference(rows, groups=("f", "m")):
    bucket = Bucket.from_store(MemoryStore()).prepare()
    frame = pd.DataFrame({"sex": np.resize(list(groups), rows)})
    return Table.read(bucket, write_frame(bucket, frame, "reference"))


ROLES = ColumnRoles(probability="p", by=["sex"], sensitive={"sex": Sensitive()})


def remedy(one, rows):
    return add_required_rows([one], reference(rows), ROLES)[0].remedy


def test_where_labels_are_few_so_many_would_tell():
    told = remedy(check(0.01, 0.06, rows=400), 20_000)
    assert told.startswith(
        "About 930 labelled rows judged together would tell: those of 3 such looks"
    )


def test_where_the_reference_is_small_no_labels_would_and_it_is_said_what_would():
    told = remedy(check(0.0044, 0.0509), 1160)  # the employment example, retrained on one month
    assert told.startswith("No number of labels would tell: it was tested on 1,160 such rows.")
    assert "About 1,600 test rows would" in told
    assert "retrain.window" in told


def test_a_group_is_held_against_its_own_rows():
    told = remedy(check(0.0044, 0.0509, group="sex=f"), 2320)
    assert "it was tested on 1,160 such rows" in told


def test_at_the_margin_nothing_is_promised():
    assert "too near the margin" in remedy(check(0.0499, 0.05), 1160)


def test_what_is_told_or_has_no_interval_is_left_as_it_was():
    passed = check(0.0, 0.01, verdict=Verdict.PASS)
    blind = check(0.0, 0.1).model_copy(update={"interval": None})
    held = add_required_rows([passed, blind, check(0.0, 0.1)], reference(2000), ROLES)
    assert held[:2] == [passed, blind]
    assert held[2].remedy != blind.remedy


@given(
    st.floats(-0.04, 0.04), st.floats(0.02, 0.3), st.integers(50, 10_000), st.integers(50, 10_000)
)
def test_so_many_rows_make_the_interval_as_narrow_as_it_must_be(estimate, half, rows, held):
    found = required_rows(check(estimate, half, rows=rows), held)
    for n, m in ((found.labels, held), (rows, found.reference)):
        if n is not None and m is not None:
            narrow = half * np.sqrt((1 / n + 1 / m) / (1 / rows + 1 / held))
            assert narrow == pytest.approx(0.05 - estimate)
