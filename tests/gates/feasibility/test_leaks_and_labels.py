"""Checks 7 and 9: columns known too late, and labels that look wrong."""

import numpy as np
import pandas as pd
import pytest

from assay.gates.feasibility.after_outcome import check_after_outcome
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.label_noise import check_label_noise
from assay.gates.feasibility.leakage import check_leakage
from assay.gates.report import Verdict

pytestmark = pytest.mark.slow  # dozens of rows-and-columns worlds, each judged whole


def checks_of(frame, case):
    checks, _, _ = check_leakage(FeasibilityData.from_rows(frame, case, 0))
    return {check.name: check for check in checks}


def noisy_copy(frame, apart):
    yes = (frame["outcome"] == "yes").to_numpy()
    return yes * apart + np.random.default_rng(9).normal(size=len(frame))


def test_a_noisy_copy_of_the_target_is_named_and_what_is_left_is_told(people, use_case):
    frame = people(1500)
    found = checks_of(frame.assign(planted=noisy_copy(frame, 2.66)), use_case())  # AUC .97
    assert found["leakage"].verdict is Verdict.FAIL
    assert found["leakage"].remedy.endswith(": planted.")
    assert "without planted 0." in found["drop_one"].why


def test_an_answer_that_hangs_on_one_suspicious_column_is_a_caution(people, use_case):
    frame = people(1500)
    frame["planted"] = noisy_copy(frame, 1.8)  # AUC .90: no leak by itself
    case = use_case(data={"exclude": ["pull", "push", "kind"]})
    found = checks_of(frame, case)
    assert found["leakage"].verdict is Verdict.PASS
    assert (found["drop_one"].verdict, found["drop_one"].hard) == (Verdict.CAUTION, False)


def test_without_a_suspicious_column_nothing_is_dropped(people, use_case):
    assert "drop_one" not in checks_of(people(), use_case())


def test_a_feature_that_restates_a_column_of_after_the_outcome_fails(people, use_case):
    frame = people(300)
    frame["letter"] = np.where(np.arange(300) % 3 == 0, "sent", None)
    frame["flag"] = (np.arange(300) % 3 == 0) * 7
    check = check_after_outcome(
        FeasibilityData.from_rows(frame, use_case(data={"after_outcome": ["letter"]}), 0)
    )
    assert check.verdict is Verdict.FAIL
    assert "flag restates letter" in check.why


def test_columns_that_name_rows_do_not_restate_each_other(people, use_case):
    frame = people(300).assign(closed=[f"c{i}" for i in range(300)], ticket=np.arange(300))
    check = check_after_outcome(
        FeasibilityData.from_rows(frame, use_case(data={"after_outcome": ["closed"]}), 0)
    )
    assert check.verdict is Verdict.PASS


@pytest.mark.parametrize(("days", "verdict"), [(-3, Verdict.PASS), (30, Verdict.CAUTION)])
def test_a_date_after_the_row_s_own_is_a_caution(people, use_case, days, verdict):
    frame = people(300).assign(when=pd.Timestamp("2024-01-01"))
    frame["paid"] = frame["when"] + pd.Timedelta(days=days)
    check = check_after_outcome(
        FeasibilityData.from_rows(frame, use_case(data={"time": "when"}), 0)
    )
    assert check.verdict is verdict
    assert ("paid" in check.why) == (verdict is Verdict.CAUTION)


def test_flipped_labels_of_an_otherwise_plain_question_fail_softly(people, use_case):
    frame = people(2000)
    rng = np.random.default_rng(0)
    frame["outcome"] = np.where((frame["pull"] > 0) ^ (rng.random(2000) < 0.2), "yes", "no")
    check, _ = check_label_noise(
        FeasibilityData.from_rows(frame, use_case(feasibility={"noise": 0.05}), 0)
    )
    assert (check.verdict, check.hard) == (Verdict.FAIL, False)
    assert check.interval.low < 0.2 < check.interval.high + 0.03


def test_outcomes_that_the_features_do_not_determine_are_unknown_not_noise(people, use_case):
    material = FeasibilityData.from_rows(people(2000), use_case(feasibility={"noise": 0.05}), 0)
    check, sheet = check_label_noise(material)
    assert check.verdict is Verdict.UNKNOWN
    assert "do not determine" in check.why
    assert len(sheet.rows) == 10


@pytest.mark.parametrize(("flipped", "verdict"), [(0.1, Verdict.FAIL), (0.0, Verdict.UNKNOWN)])
def test_an_edge_that_is_open_hides_no_wrong_labels_and_is_none(people, use_case, flipped, verdict):
    """One row in 25 lies so near the edge that its outcome is open, or one in six and no flips."""
    frame = people(4000)
    rng = np.random.default_rng(1)
    steep = 12 if flipped else 2
    yes = rng.random(4000) < 1 / (1 + np.exp(-steep * (frame["pull"] - frame["push"])))
    frame["outcome"] = np.where(yes ^ (rng.random(4000) < flipped), "yes", "no")
    check, _ = check_label_noise(
        FeasibilityData.from_rows(frame, use_case(feasibility={"noise": 0.05}), 0)
    )
    assert check.interval.low > 0.05
    assert check.verdict is verdict


def test_the_accuracy_that_is_asked_for_says_what_is_allowed(people, use_case):
    case = use_case(feasibility={"reach": {"accuracy": 0.9}})
    check, _ = check_label_noise(FeasibilityData.from_rows(people(), case, 0))
    assert check.threshold == pytest.approx(0.1)


def test_nothing_allowed_or_forbidden_is_no_check(people, use_case):
    assert check_label_noise(FeasibilityData.from_rows(people(), use_case(), 0))[0] is None
