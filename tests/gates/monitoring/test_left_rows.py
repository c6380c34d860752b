"""What a look says of the rows that a champion leaves to a person."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.monitoring.left_rows import count_left_rows, judge_left_rows
from assay.gates.monitoring.predictions import LookTables
from assay.gates.report import Verdict
from assay.learning.abstention import AbstainRule
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame

ROLES = ColumnRoles(probability="probability", prediction="decision", truth="truth")
RULE = AbstainRule(yes_from=0.4, no_to=0.6, coverage=0.9)


def make_table(rows=2000, low=0.0, wrong=0.0, seed=1):
    source = np.random.default_rng(seed)
    probability = source.uniform(low, 1, rows)
    truth = (source.random(rows) < probability) ^ (source.random(rows) < wrong)
    frame = pd.DataFrame(
        {"probability": probability, "decision": probability >= 0.5, "truth": truth}
    )
    bucket = Bucket.from_store(MemoryStore())
    return Table.read(bucket, write_frame(bucket, frame, "rows"))


def judge(current=None, labelled=None):
    found = judge_left_rows(LookTables(make_table(), current, labelled), RULE, ROLES, 0.05)
    return {check.name: check for check in found.checks}, found


def test_rows_are_counted_as_the_model_answers_them():
    table = make_table()
    frame = table.to_pandas()
    between = frame["probability"].between(0.4, 0.6)
    counts = count_left_rows(table, RULE, ROLES)
    assert counts.left == between.sum()
    own = frame["truth"]
    assert counts.labelled == ((~own).sum(), own.sum())
    assert counts.held[1] == (own & (between | frame["decision"])).sum()


def test_a_share_that_stays_passes_and_one_that_moves_is_a_caution():
    same, found = judge(current=make_table(seed=2))
    assert same["left_to_a_person"].verdict is Verdict.PASS
    assert dict(found.figures)["left to a person"] == pytest.approx(0.2, abs=0.03)
    more, _ = judge(current=make_table(low=0.36, seed=2))
    assert more["left_to_a_person"].verdict is Verdict.FAIL
    assert not more["left_to_a_person"].hard
    fewer, _ = judge(current=make_table(low=0.59, seed=2))
    assert fewer["left_to_a_person"].verdict is Verdict.FAIL


def test_labels_tell_whether_what_was_promised_is_held():
    good, _ = judge(labelled=make_table(seed=3))
    assert set(good) == {"held_outcomes_yes", "held_outcomes_no"}
    assert {one.verdict for one in good.values()} == {Verdict.PASS}
    bad, _ = judge(labelled=make_table(wrong=0.3, seed=3))
    assert {one.verdict for one in bad.values()} == {Verdict.FAIL}


def test_few_rows_and_none_are_not_judged():
    few, _ = judge(current=make_table(rows=20), labelled=make_table(rows=20))
    assert {one.verdict for one in few.values()} == {Verdict.UNKNOWN}
    assert judge()[1].checks == ()
    assert judge()[1].sheets == ()
