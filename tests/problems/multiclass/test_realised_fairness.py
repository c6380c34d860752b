"""Groups in a look at a model of several classes."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.config.data import Sensitive, Target
from assay.config.gates import FairnessRule
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness.metric_rules import judge_rules
from assay.gates.monitoring.fairness import RealisedFairnessRules, judge_realised_fairness
from assay.problems.multiclass.realised_fairness import ClassComparison
from tests.gates.drift.trials import stored

CLASSES = ("none", "minor", "serious")
TARGET = Target(column="severity", classes=CLASSES)
COLUMNS = {name: name for name in ("truth", "decision")}
COMPARE = ClassComparison(COLUMNS, TARGET)
SENSITIVE = {"sex": Sensitive(reference="m"), "region": Sensitive()}


def rule(metric, by=("sex",)):
    return FairnessRule(metric=metric, by=by, tolerance=0.1, because="a test")


def answers(rows=3000, seed=0, missed=0.0):
    """A share `missed` of women whose injury is serious is decided `minor`."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(CLASSES, rows, p=[0.5, 0.3, 0.2])
    right = rng.random(rows) < 0.85
    decision = np.where(right, truth, rng.choice(CLASSES, rows))
    sex = rng.choice(["f", "m"], rows)
    turned = (sex == "f") & (truth == "serious") & (rng.random(rows) < missed)
    decision = np.where(turned, "minor", decision)
    region = rng.choice(["east", "west"], rows)
    return pd.DataFrame({"truth": truth, "decision": decision, "sex": sex, "region": region})


def look(frame, *rules, level=0.01):
    table = pa.Table.from_pandas(frame, preserve_index=False)
    asked = RealisedFairnessRules(rules, SENSITIVE, COMPARE)
    return judge_realised_fairness(stored(table, "labelled"), table, None, asked, level)


def test_the_class_and_the_group_that_are_harmed_are_named_and_no_others():
    found = look(answers(missed=0.5), rule("true_positive_rate"))
    failed = [check.name for check in found.checks if check.verdict == "fail"]
    assert failed == ["true_positive_rate[sex=f,class=serious]"]
    assert "serious" in found.worst
    assert "sex=f" in found.worst


def test_groups_treated_alike_raise_no_alarm():
    found = look(answers(seed=1), rule("true_positive_rate"), rule("accuracy_score"))
    assert not [check for check in found.checks if check.verdict == "fail"]


def test_counted_cells_say_what_the_rows_say():
    frame, asked = answers(missed=0.3), [rule("true_positive_rate", by=("sex", "region"))]
    counted = COMPARE.reduce_rows(frame, asked, ["sex", "region"])
    halves = [
        COMPARE.reduce_rows(part, asked, ["sex", "region"]) for part in (frame[:1000], frame[1000:])
    ]
    again = COMPARE.reduce_rows(pd.concat(halves), asked, ["sex", "region"])
    assert counted[ROWS_COLUMN].sum() == len(frame)
    pd.testing.assert_frame_equal(counted, again)
    gaps = [
        [pair.gap for limit in judge_rules(COMPARE.expand_rules(f, asked, SENSITIVE), 0.01)
         for pair in limit.pairs]
        for f in (frame, counted)
    ]  # fmt: skip
    assert gaps[0] == pytest.approx(gaps[1])


def test_renamed_classes_change_no_verdict():
    frame = answers(missed=0.4)
    new = dict(zip(CLASSES, ("c", "a", "b"), strict=True))
    renamed = frame.replace({"truth": new, "decision": new})
    other = ClassComparison(COLUMNS, Target(column="s", classes=tuple(new.values())))
    verdicts = []
    for compare, rows in ((COMPARE, frame), (other, renamed)):
        limits = judge_rules(
            compare.expand_rules(rows, [rule("true_positive_rate")], SENSITIVE), 0.01
        )
        verdicts.append([v.verdict for limit in limits for v in limit.verdicts])
    assert verdicts[0] == verdicts[1]


def test_a_class_that_was_never_declared_is_unknown_and_named():
    frame = answers()
    frame.loc[:39, "truth"] = "killed"
    (check,) = look(frame, rule("true_positive_rate")).checks
    assert check.verdict == "unknown"
    assert "40 rows hold the truth 'killed'" in check.why


@pytest.mark.parametrize("rows", ["one class only", "two women"])
def test_too_little_to_compare_alarms_nobody(rows):
    frame = answers(missed=0.9)
    if rows == "one class only":
        frame = frame[frame["truth"] == "none"].reset_index(drop=True)
    else:
        women = frame.index[frame["sex"] == "f"][2:]
        frame = frame.drop(women).reset_index(drop=True)
    found = look(frame, rule("true_positive_rate"))
    assert not [check for check in found.checks if check.verdict == "fail"]


def test_answers_without_sets_say_that_these_are_not_judged():
    checks = look(answers(), rule("interval_coverage")).checks
    assert [check.verdict for check in checks] == ["unknown"]
    assert "The answers hold no sets of classes" in checks[0].why
