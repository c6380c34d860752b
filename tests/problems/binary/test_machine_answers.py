from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from assay.config.gates import Abstain
from assay.gates.report import Verdict
from assay.gates.statistics.cluster_errors import cluster_rows
from assay.learning.abstention import AbstainRule
from assay.problems.binary.machine_answers import (
    MachineAnswers,
    check_machine_answers,
    check_waiting,
    describe_waiting,
    group_sheet,
    machine_sheet,
)


def make_answers(rows=2000, wrong=0.05, waits=(0.2, 0.2), seed=0):
    """Answers of which the machine gets a share wrong; of each sex a share waits."""
    source = np.random.default_rng(seed)
    sex, truth = source.choice(["Female", "Male"], rows), source.random(rows) < 0.4
    decision = truth ^ (source.random(rows) < wrong)
    person = source.random(rows) < np.where(sex == "Female", *waits)
    answer = np.where(person, "person", np.where(decision, "yes", "no"))
    return pd.DataFrame({"truth": truth, "decision": decision, "answer": answer, "sex": sex})


def read(frame):
    return MachineAnswers.of(frame, ["sex"])


ASKED = Abstain(coverage=0.95)


def test_what_is_held_and_what_waits_are_counted_by_hand():
    frame = pd.DataFrame(
        {
            "truth": [True, True, False, False],
            "decision": [True, False, True, False],
            "answer": ["yes", "no", "person", "no"],
            "sex": ["Male", "Male", "Female", "Female"],
        }
    )
    sheet = machine_sheet(read(frame), AbstainRule(0.3, 0.6, 0.9))
    shown = {row[0]: row[1:4] for row in sheet.rows}
    assert shown["all rows"] == (4, 0.25, 0.75)
    assert shown["outcome yes"] == (2, 0.0, 0.5)
    assert shown["sex=Female"] == (2, 0.5, 1.0)
    told = describe_waiting(read(frame))
    assert told.startswith("25.0% of the rows are left to a person")
    assert "66.7% rightly" in told
    by_group = {row[0]: row for row in group_sheet(read(frame)).rows}
    assert by_group["sex=Male"][5:] == (0.5, 0.5, 0.5, None)  # no row of the outcome no is left


@pytest.mark.parametrize(("wrong", "verdict"), [(0.02, Verdict.PASS), (0.3, Verdict.FAIL)])
def test_too_many_wrong_answers_of_the_machine_fail(wrong, verdict):
    checks = check_machine_answers(read(make_answers(wrong=wrong)), ASKED, 0.05)
    assert [one.name for one in checks] == [
        "held_outcomes_yes",
        "held_outcomes_no",
        "held_outcomes_by_group",
    ]
    assert {one.verdict for one in checks} == {verdict}


def test_a_group_that_the_machine_gets_wrong_is_named():
    frame = make_answers(wrong=0.0)
    few = (frame["sex"] == "Female") & frame["truth"] & (np.arange(len(frame)) % 2 == 0)
    frame.loc[few, ["decision", "answer"]] = [False, "no"]
    worst = check_machine_answers(read(frame), ASKED, 0.05)[-1]
    assert worst.verdict is Verdict.FAIL
    assert worst.group == "sex=Female"
    assert "sex=Female, outcome yes" in worst.why
    assert not worst.hard


def test_a_group_that_waits_more_than_is_allowed_is_named():
    uneven = check_waiting(read(make_answers(waits=(0.5, 0.1))), ASKED)
    assert (uneven.verdict, uneven.group) == (Verdict.FAIL, "sex=Female")
    assert check_waiting(read(make_answers()), ASKED).verdict is Verdict.PASS
    allowed = Abstain(coverage=0.95, gap=0.3)
    assert check_waiting(read(make_answers(waits=(0.5, 0.1))), allowed).verdict is Verdict.PASS


def test_few_rows_are_unknown_and_a_band_of_people_promises_nothing():
    few = read(make_answers(rows=25))
    assert {one.verdict for one in check_machine_answers(few, ASKED, 0.05)} == {Verdict.UNKNOWN}
    assert check_waiting(few, ASKED).verdict is Verdict.UNKNOWN
    assert check_machine_answers(few, Abstain(no_below=0.2, yes_above=0.7), 0.05) == []


def test_weights_count_in_every_share():
    frame = make_answers()
    weights = np.where(frame["sex"] == "Female", 3.0, 1.0)
    machine, clusters = read(frame), cluster_rows(None, weights)
    shares = {row[0]: row[2] for row in machine_sheet(machine, AbstainRule(0, 1), clusters).rows}
    expected = np.average(frame["answer"] == "person", weights=weights)
    assert shares["all rows"] == pytest.approx(expected)


def test_every_row_left_to_a_person_is_said_so():
    frame = make_answers().assign(answer="person")
    assert describe_waiting(read(frame)) == "Every row is left to a person."
    assert check_machine_answers(read(frame), ASKED, 0.05)[0].verdict is Verdict.PASS
