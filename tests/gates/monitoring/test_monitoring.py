"""The report: every check from facts alone, and a verdict that only sure harm turns to retrain."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.config.data import Sensitive
from assay.config.gates import DriftSettings, FairnessRule
from assay.config.production import MonitoringSettings
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.monitoring import arrivals, column_contents, labels, step_costs
from assay.gates.monitoring.durations import format_duration
from assay.gates.monitoring.facts import (
    BatchFacts,
    BatchRefusal,
    LabelFacts,
    Lack,
    LookSummary,
    MonitoringFacts,
    StepCost,
)
from assay.gates.monitoring.fairness import RealisedFairnessRules
from assay.gates.monitoring.gate import MonitoringRequest, judge_monitoring
from assay.gates.monitoring.group_comparison import DecisionComparison
from assay.gates.monitoring.predictions import LookTables
from assay.gates.report import Verdict
from assay.tables.profiled_table import profile_and_sample
from assay.util.wording import format_count
from tests.gates.drift.trials import stored

RULE = FairnessRule(metric="true_positive_rate", by=("sex",), tolerance=0.1, because="a test")


def facts(**more):
    least = {"look": 1, "level": 0.025, "as_of": "2016-02-01T00:00:00+00:00"}
    return MonitoringFacts(**(least | {"since": "2016-01-31T00:00:00+00:00"} | more))


def batch(rows=100, day=1, **more):
    least = {"name": f"day {day}", "as_of": f"2016-01-{day:02d}T00:00:00+00:00"}
    return BatchFacts(**(least | {"rows": rows, "unfit_rows": 0, "seconds": 1.0} | more))


def one(checks, name):
    return next(check for check in checks if check.name == name)


# --- arrivals ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("rows", "verdict"), [(150, "pass"), (301, "caution"), (33, "caution")])
def test_a_batch_is_held_against_the_usual_size(rows, verdict):
    told = facts(before=[batch()] * 3, arrived=[batch(rows)])
    check = one(arrivals.check_arrivals(told, MonitoringSettings()), "volume")
    assert check.verdict == verdict
    assert "100 are usual" in check.why


def test_a_first_batch_does_not_tell_what_is_usual():
    check = one(arrivals.check_arrivals(facts(arrived=[batch(5)]), MonitoringSettings()), "volume")
    assert (check.verdict, check.why) == ("pass", "1 batch cannot tell yet what is usual")


def test_unfit_rows_and_refused_batches_are_told_with_what_to_do():
    refusals = [
        BatchRefusal(name="a.csv", why="no column 'age'", remedy="Add it.", mended=False),
        BatchRefusal(name="b.csv", why="empty", remedy=None, mended=True),
    ]
    told = facts(arrived=[batch(98, unfit_rows=2)], refused=refusals)
    checks = arrivals.check_arrivals(told, MonitoringSettings())
    assert one(checks, "unfit").verdict == "caution"
    assert one(checks, "unfit").estimate == pytest.approx(0.02)
    refused = one(checks, "refused")
    assert (refused.verdict, refused.estimate, refused.remedy) == ("caution", 1, "Add it.")
    mended = facts(refused=[refusals[1]])
    assert one(arrivals.check_arrivals(mended, MonitoringSettings()), "refused").verdict == "pass"


def test_silence_is_a_caution():
    check = one(
        arrivals.check_arrivals(facts(missed=2), MonitoringSettings(due=86400.0)), "freshness"
    )
    assert check.verdict == "caution"
    assert "2 batches should have come since" in check.why


# --- labels -----------------------------------------------------------------------------------


def test_rows_whose_labels_are_late_count_against_coverage():
    served = [batch(100, 1, labelled=30), batch(100, 30, labelled=0)]
    ask = MonitoringSettings(delay=10 * 86400.0, coverage=0.5)
    (check,) = labels.check_label_coverage(facts(served=served), ask)
    assert (check.verdict, check.estimate, check.rows) == ("caution", 0.3, 100)
    assert labels.check_label_coverage(facts(served=served), MonitoringSettings()) == []
    assert labels.check_label_coverage(facts(served=served[1:]), ask) == []  # none is due


# --- costs ------------------------------------------------------------------------------------


def test_a_step_that_grows_out_of_line_is_told_and_a_steady_one_is_not():
    steady = StepCost(step="train", unit="seconds", values=(10, 11, 9, 10, 12, 10, 11))
    grown = StepCost(step="look", unit="seconds", values=(10, 11, 9, 10, 12, 10, 30))
    few = StepCost(step="new", unit="seconds", values=(1, 1, 1, 100))
    tiny = StepCost(step="split", unit="seconds", values=(0.01,) * 6 + (0.5,))
    (check,) = step_costs.check_step_costs([steady, grown, few, tiny])
    assert (check.name, check.verdict) == ("cost[look, seconds]", "caution")
    assert check.why == "look took 30 seconds; 10 were usual in the 6 looks before"
    assert [c.verdict for c in step_costs.check_step_costs([steady, tiny])] == ["pass"]
    assert step_costs.check_step_costs([few]) == []


# --- contents ---------------------------------------------------------------------------------


def observed(**columns):
    return profile_and_sample(stored(pa.table(columns), "rows"))


def test_missing_and_new_values_are_named():
    old = observed(
        a=[1.0] * 1000, town=["A"] * 500 + ["B"] * 500, free=[f"{i}" for i in range(1000)]
    )
    new = observed(
        a=[1.0] * 900 + [None] * 100,
        town=["A"] * 900 + ["C"] * 100,
        free=[f"{i}" for i in range(1000, 2000)],
    )
    checks = column_contents.check_contents(old, new, ["a", "town", "free"], DriftSettings())
    odd = {check.name: check.why for check in checks if check.verdict is not Verdict.PASS}
    assert odd == {
        "missing[a]": "a is missing in 10.0% of rows; in 0.0% before",
        "new values[town]": "town holds new values in 100 of 1,000 rows: C",
    }
    assert [
        c.verdict for c in column_contents.check_contents(old, old, ["a", "town"], DriftSettings())
    ] == [
        "pass",
        "pass",
    ]


# --- the whole --------------------------------------------------------------------------------


def people(rows, seed=0, *, kind=0.5, wrong=0.0, hard=0.2):
    """Rows of two kinds, the second harder to tell; of so many women labels are `wrong`."""
    rng = np.random.default_rng(seed)
    second = rng.random(rows) < kind
    signal = rng.normal(size=rows)
    logit = np.where(second, hard, 3.0) * signal
    probability = 1 / (1 + np.exp(-logit))
    truth = rng.random(rows) < probability
    sex = rng.choice(["F", "M"], rows)
    flipped = (sex == "F") & (rng.random(rows) < wrong)
    return pd.DataFrame(
        {
            "signal": signal,
            "second": second.astype(float),
            "third": second * 2.0 + rng.normal(size=rows) / 10,
            "sex": sex,
            "probability": probability,
            "decision": probability > 0.5,
            "truth": truth ^ flipped,
        }
    )


def table(frame):
    return stored(pa.Table.from_pandas(frame, preserve_index=False), "rows")


def looked(current, labelled=None, *, rules=(RULE,), reference=None, sensitive=("sex",), **more):
    current = table(current)
    rows = LookTables(
        table(people(8000, 99) if reference is None else reference),
        current,
        current if labelled is None else table(labelled),
    )
    roles = ColumnRoles(
        probability="probability",
        prediction="decision",
        truth="truth",
        by=sensitive,
        sensitive=dict.fromkeys(sensitive, Sensitive()),
    )
    compare = DecisionComparison("truth", "decision", "probability")
    held = RealisedFairnessRules(rules, roles.sensitive, compare) if rules else None
    asked = MonitoringRequest(
        MonitoringSettings(), DriftSettings(), held, roles, ["signal", "second", "third"]
    )
    return judge_monitoring(facts(labels=LabelFacts(new=1), **more), rows, asked, subject="loans@1")


def test_rows_like_the_reference_are_healthy():
    found = looked(people(4000))
    assert (found.verdict, found.reasons, found.report.verdict) == ("healthy", [], "pass")
    assert found.figures["expected ROC AUC"] == pytest.approx(
        found.figures["realised ROC AUC"], abs=0.03
    )


def test_wrong_labels_of_one_group_call_for_retraining_and_name_the_group():
    found = looked(people(6000, wrong=0.5))
    assert found.verdict == "retrain"
    failed = [check.name for check in found.report.checks if check.verdict is Verdict.FAIL]
    assert "realised[roc_auc, sex=F]" in failed
    assert "true_positive_rate[sex=F]" in failed
    assert not any("sex=M" in name and "realised" in name for name in failed)
    assert found.report.checks[0].verdict is Verdict.FAIL


def test_a_mix_of_harder_rows_is_watched_and_calls_for_nothing():
    found = looked(people(6000, kind=0.95))
    assert found.verdict == "watch"
    drop = one(found.report.checks, "expected[roc_auc]")
    assert drop.verdict is Verdict.CAUTION
    assert drop.estimate > 0.05


def test_labels_of_older_rows_are_judged_beside_the_new_rows():
    found = looked(people(4000).drop(columns="truth"), people(4000, 3, wrong=0.6))
    assert found.verdict == "retrain"
    assert one(found.report.checks, "expected[roc_auc]").verdict is Verdict.PASS
    assert one(found.report.checks, "realised[roc_auc]").verdict is Verdict.FAIL


def unequal(rows, seed, share):
    """Women among rows of the second kind are mostly overlooked, and always were."""
    frame = people(rows, seed, kind=share, hard=3.0)
    overlooked = (frame["sex"] == "F") & (frame["second"] > 0)
    return frame.assign(decision=frame["decision"] & ~(overlooked & (frame["probability"] < 0.9)))


def test_a_gap_that_other_rows_bring_is_no_reason_to_train_anew():
    few, many = unequal(8000, 1, 0.05), unequal(6000, 2, 0.9)
    found = looked(many, reference=few)
    gap = one(found.report.checks, "true_positive_rate[sex=F]")
    assert gap.verdict is Verdict.CAUTION
    assert "comes of the mix of" in gap.why
    same = unequal(6000, 2, 0.05)
    harmed = same.assign(decision=same["decision"] & (same["sex"] != "F"))
    gap = one(looked(harmed, reference=few).report.checks, "true_positive_rate[sex=F]")
    assert gap.verdict is Verdict.FAIL


def test_a_gap_that_was_there_when_the_model_was_registered_is_no_news():
    worse = people(6000)
    worse = worse.assign(decision=worse["decision"] & (worse["sex"] != "F"))
    rest = {"reference": worse.assign(), "unfair": ("true_positive_rate[sex=F]",)}
    found = looked(worse, **rest)
    gap = one(found.report.checks, "true_positive_rate[sex=F]")
    assert gap.verdict is Verdict.CAUTION
    assert gap.why.endswith("it was so when the model was registered")


@pytest.mark.parametrize("late", [False, True])
def test_a_column_that_came_empty_leaves_its_own_rules_unknown_and_no_others(late):
    """Whether labels come with the rows, or late."""
    rows = people(6000, wrong=0.5).assign(town=pd.Series([None] * 6000, dtype="str"))
    known = people(8000, 99).assign(town=np.resize(["a", "b"], 8000))
    both = [RULE, RULE.model_copy(update={"by": ("town",)})]
    fresh = people(6000, 4).assign(town=np.resize(["a", "b"], 6000)).drop(columns="truth")
    tables = (fresh, rows) if late else (rows,)
    found = looked(*tables, rules=both, reference=known, sensitive=("sex", "town"))
    assert found.verdict == "retrain"
    assert one(found.report.checks, "true_positive_rate[sex=F]").verdict is Verdict.FAIL
    lacking = one(found.report.checks, "realised fairness")
    assert lacking.why == "The batches lack town, so nobody's group is known"
    why = one(found.report.checks, "groups[town]").why
    assert why.startswith("town has no value in the current batch")


def test_what_a_look_may_spend_is_divided_between_performance_and_fairness():
    found = looked(people(8000), level=0.002)
    interval = one(found.report.checks, "true_positive_rate[sex=F]").interval
    assert interval.level == pytest.approx(1 - 2 * 0.001)
    assert any("with a chance of 0.20%" in note for note in found.report.notes)


def test_without_rows_a_look_is_about_batches_alone():
    asked = MonitoringRequest(
        MonitoringSettings(),
        DriftSettings(),
        None,
        ColumnRoles(),
        [],
    )
    rows = LookTables(table(people(200)), None, None)
    found = judge_monitoring(facts(level=None, missed=1), rows, asked, subject="loans@1")
    assert found.verdict == "watch"
    assert found.report.summary.startswith("Watch. No predictions were judged.")


def test_figures_are_told_over_all_looks():
    earlier = LookSummary(
        look=1, as_of="2016-01-01T00:00:00+00:00", verdict="healthy",
        figures={"expected ROC AUC": 0.8, "rows": 5.0},
    )  # fmt: skip
    found = looked(people(2000), look=2, earlier=[earlier])
    sheet = found.report.sheets[0]
    assert sheet.title == "Looks so far"
    assert [row[0] for row in sheet.rows] == ["1", "2"]
    (curve,) = [f for f in found.report.figures if f.kind == "curve"]
    assert [point.x for point in curve.series[0].points] == [1, 2]


def test_the_same_facts_give_the_same_report():
    first, second = (looked(people(2000)).report.model_dump_json() for _ in range(2))
    assert first == second


def test_amounts_are_said_as_people_say_them():
    said = [format_duration(s) for s in (0.5, 90, 7200 * 18, 86400 * 31, 86400 * 3865)]
    assert said == ["0.5 seconds", "90 seconds", "36 hours", "31 days", "3,865 days"]
    assert [format_count(1, "batch"), format_count(3, "batch"), format_count(2, "label")] == [
        "1 batch",
        "3 batches",
        "2 labels",
    ]


def test_harm_too_small_for_one_look_is_found_over_several():
    """Alone, this look cannot tell whether its drop of .07 is more than the .05 accepted."""
    name, labelled = "realised[roc_auc]", people(2500, 102, wrong=0.3)
    more = {"rules": (), "sensitive": (), "look": 7, "level": 0.05 / 56}
    alone = looked(labelled, evidence_level=0.025, **more)
    assert alone.verdict == "watch"
    assert one(alone.report.checks, name).verdict is Verdict.UNKNOWN
    earlier = tuple(
        LookSummary(look=look, as_of="", verdict="watch", figures={}, lacks={name: lack})
        for look, lack in enumerate([Lack(value=0.085, variance=1e-4)] * 6, 1)
    )
    found = looked(labelled, evidence_level=0.025, earlier=earlier, **more)
    assert found.verdict == "retrain"
    told = one(found.report.checks, name)
    assert told.threshold < told.interval.low < 0.085
    assert "over 7 looks together" in told.why


def test_looks_that_left_no_evidence_are_read_and_judged_as_ever():
    past = LookSummary(look=1, as_of="", verdict="healthy", figures={})
    found = looked(people(4000), look=2, earlier=(past,), evidence_level=0.0125)
    assert found.verdict == "healthy"
    assert set(found.lacks) >= {"realised[roc_auc]", "realised[accuracy]"}
