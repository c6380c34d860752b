"""Gaps between groups where several rows are of one person."""

import numpy as np
import pandas as pd
import pytest

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.gates.fairness.divisions import divide_groups
from assay.gates.fairness.gate import audit_fairness
from assay.gates.fairness.metrics import MEASURES
from assay.gates.fairness.tally import tally_predictions
from assay.gates.report import Verdict
from assay.gates.statistics.cluster_errors import find_clusters

SEX = {"sex": Sensitive(reference="M")}


def people(count, rows, seed, *, of_one_sex, shift=0.3):
    rng = np.random.default_rng([3, count, seed])
    of = np.repeat(np.arange(count), rows)
    female = of % 2 == 0 if of_one_sex else np.arange(len(of)) % 2 == 0
    z = 1.5 * rng.normal(size=count)[of] + 0.6 * rng.normal(size=len(of)) + shift * female - 0.5
    p = 1 / (1 + np.exp(-0.9 * z - 0.8 * rng.normal(size=count)[of]))
    truth = rng.random(len(of)) < 1 / (1 + np.exp(-z))
    columns = {"truth": truth, "probability": p, "decision": p >= 0.5}
    return pd.DataFrame(columns).assign(sex=np.where(female, "F", "M")), pd.Series(of, name="id")


def divided(rows, of=None):
    clusters = None if of is None else find_clusters(of, "id")
    return divide_groups(tally_predictions(rows, ["sex"], clusters), ("sex",), SEX)


@pytest.mark.parametrize(("of_one_sex", "plain_hits"), [(True, 25), (False, 41)])
@pytest.mark.slow
def test_gaps_of_every_metric_cover_where_rows_belong_together(of_one_sex, plain_hits):
    truly = divided(people(20_000, 5, 0, of_one_sex=True)[0]).by_group
    true = truly.loc["F"] - truly.loc["M"]
    hits, plain = dict.fromkeys(MEASURES, 0), 0
    for seed in range(40):
        rows, of = people(50, 20, seed, of_one_sex=of_one_sex)
        found, alone = divided(rows, of), divided(rows)
        at = found.groups.index("F")
        for metric in MEASURES:
            low, high = found.gap_limits(metric, ratio=False)
            hits[metric] += low[at] <= true[metric] <= high[at]
        low, high = alone.gap_limits("selection_rate", ratio=False)
        plain += low[at] <= true["selection_rate"] <= high[at]
    assert min(hits.values()) >= 33  # of 40 at 95 %; below once in 1,000 times
    assert plain < plain_hits


def test_groups_within_people_are_compared_more_surely_than_groups_of_whole_people():
    widths = {}
    for of_one_sex in (True, False):
        found = divided(*people(50, 20, 1, of_one_sex=of_one_sex))
        low, high = found.gap_limits("selection_rate", ratio=False)
        widths[of_one_sex] = (high - low)[found.groups.index("F")]
    assert widths[False] < widths[True] / 2


def audited(rows, of, **rule):
    asked = FairnessRule(metric="selection_rate", by="sex", because="b", **rule)
    return audit_fairness(rows, [asked], SEX, subject="m", units=of)


@pytest.mark.parametrize("limit", [{"tolerance": 0.1}, {"ratio": 0.8}])
def test_a_gap_between_few_people_is_unknown_that_rows_alone_would_judge(limit):
    rows, of = people(40, 100, 0, of_one_sex=True, shift=1.2)
    assert audited(rows, None, **limit).checks[0].verdict is Verdict.FAIL
    found = audited(rows, of, **limit).checks[0]
    assert found.verdict is Verdict.UNKNOWN
    assert "of other values of id" in found.remedy or "No number" in found.remedy


def test_fewer_than_ten_people_in_a_group_are_not_judged():
    rows, of = people(18, 200, 0, of_one_sex=True, shift=5.0)
    report = audited(rows, of, tolerance=0.1)
    assert report.checks[0].verdict is Verdict.UNKNOWN
    assert "9.0 equally large values of id" in report.checks[0].why
    assert "more values of id in F" in report.checks[0].remedy
    assert "18 different values of id" in report.notes[1]


def test_people_without_a_second_row_leave_every_byte_as_it_is():
    rows, of = people(600, 1, 0, of_one_sex=True)
    for limit in ({"tolerance": 0.1}, {"ratio": 0.8}):
        assert audited(rows, of, **limit) == audited(rows, None, **limit)


def test_rows_that_stand_for_others_are_of_the_same_people():
    rows, of = people(60, 4, 0, of_one_sex=True)
    doubled = pd.concat([rows, rows], ignore_index=True)
    counted = audited(rows.assign(**{"(rows)": 2}), of, tolerance=0.1).checks[0]
    repeated = audited(doubled, pd.concat([of, of], ignore_index=True), tolerance=0.1).checks[0]
    assert counted.interval.low == pytest.approx(repeated.interval.low)
    assert counted.verdict is repeated.verdict
