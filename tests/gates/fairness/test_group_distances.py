import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.fairness.checks import is_difference
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.group_distances import farthest_groups
from assay.gates.report import Check, Interval, Verdict


def checked(estimate, low, high, *, over=False, threshold=0.1, rows=1000, group="sex=Female"):
    return Check(
        name=f"selection_rate[{group}]",
        claim="?",
        verdict=Verdict.UNKNOWN,
        statistic=f"selection_rate, group {'over' if over else 'minus'} reference",
        estimate=estimate,
        interval=Interval(low=low, high=high),
        threshold=threshold,
        rows=rows,
        group=group,
    )


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        (checked(-0.2, -0.3, -0.1), (0.2, 0.1, 0.3, 0.1)),
        (checked(0.2, 0.1, 0.3), (0.2, 0.1, 0.3, 0.1)),
        (checked(0.02, -0.05, 0.03), (0.02, 0.0, 0.05, 0.1)),
        (checked(0.5, 0.4, 0.8, over=True, threshold=0.8), (0.5, 0.2, 0.6, 0.2)),
        (checked(2.0, 1.25, 4.0, over=True, threshold=1.25), (0.5, 0.2, 0.75, 0.2)),
        (checked(1.0, 0.5, 1.25, over=True, threshold=0.8), (0.0, 0.0, 0.5, 0.2)),
    ],
)
def test_a_distance_is_that_from_alike_with_the_interval_on_the_same_scale(check, expected):
    (found,) = farthest_groups([check]).values()
    shown = (found.value, found.interval.low, found.interval.high, found.limit)
    assert shown == pytest.approx(expected)


def test_a_side_that_is_open_stays_open():
    (found,) = farthest_groups([checked(-0.2, None, -0.1)]).values()
    assert (found.interval.low, found.interval.high) == (0.1, None)


def test_the_farthest_group_speaks_for_a_rule_unless_it_is_too_small_to_judge():
    near, far = checked(0.1, 0.0, 0.2, group="race=A"), checked(-0.3, -0.4, -0.2, group="race=B")
    tiny = checked(0.9, 0.1, 1.0, group="race=C", rows=9)
    assert farthest_groups([near, far, tiny])["selection_rate by race"].group == "race=B"
    assert farthest_groups([tiny]) == {}


@pytest.mark.parametrize(
    ("limit", "difference", "size"), [({"tolerance": 0.1}, True, 0.2), ({"ratio": 0.8}, False, 0.5)]
)
def test_the_gate_s_own_checks_say_of_what_kind_they_are(limit, difference, size):
    rows = [("M", i < 40) for i in range(100)] + [("F", i < 20) for i in range(100)]
    frame = pd.DataFrame(rows, columns=["sex", "decision"]).assign(truth=[True, False] * 100)
    rule = FairnessRule(metric="selection_rate", by=("sex",), because="agreed", **limit)
    checks = audit_fairness(frame, [rule], {"sex": Sensitive(reference="M")}, subject="made").checks
    assert [is_difference(check) for check in checks] == [difference]
    (found,) = farthest_groups(checks).values()
    assert found.value == pytest.approx(size)
