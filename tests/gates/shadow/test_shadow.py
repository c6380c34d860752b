"""A challenger beside the champion on the same rows: what fails it, and what is only told."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from assay.bucket.bucket import Bucket
from assay.config.data import Sensitive
from assay.config.gates import DriftSettings, FairnessRule, Performance
from assay.gates.report import Verdict
from assay.gates.shadow.facts import PairedBatch, ShadowFacts
from assay.gates.shadow.gate import ShadowRequest, compare_versions
from assay.gates.shadow.rows import (
    CHAMPION_DECISION,
    CHAMPION_PREFIX,
    DECISION,
    PROBABILITY,
    count_decisions,
    labelled_rows,
)
from assay.store.memory import MemoryStore
from assay.tables.columns import column_field
from assay.tables.table import Table
from assay.tables.table_writer import write_table

SELECTED = FairnessRule(metric="selection_rate", by=("sex",), tolerance=0.1, because="a test")
FOUND = FairnessRule(metric="true_positive_rate", by=("sex",), tolerance=0.1, because="a test")
KINDS = {"batch": "integer", "row": "integer", "sex": "text", "truth": "boolean"}


def people(rows=4000, seed=0, *, labels=True, noise=0.02, **decided):
    """Rows that the champion answers well and the challenger nearly alike. `decided`: by group,
    the share of rows that the challenger turns to yes.
    """
    rng = np.random.default_rng(seed)
    old = rng.random(rows)
    new = np.clip(old + rng.normal(scale=noise, size=rows), 0, 1)
    sex = rng.choice(["f", "m"], rows)
    truth = rng.random(rows) < old
    frame = pd.DataFrame(
        {
            "batch": 1,
            "row": np.arange(rows),
            "sex": sex,
            PROBABILITY: new,
            DECISION: new >= 0.5,
            CHAMPION_PREFIX + PROBABILITY: old,
            CHAMPION_DECISION: old >= 0.5,
            "truth": truth if labels else None,
        }
    )
    for group, share in decided.items():
        turned = (frame["sex"] == group) & (rng.random(rows) < share)
        frame.loc[turned, DECISION] = True
    return frame


def stored(frame):
    bucket = Bucket.from_store(MemoryStore()).prepare()
    kinds = {name: KINDS.get(name, "number") for name in frame}
    kinds |= {DECISION: "boolean", CHAMPION_DECISION: "boolean"}
    schema = pa.schema([column_field(name, kind) for name, kind in kinds.items() if name in frame])
    table = pa.Table.from_pandas(frame, schema=schema, preserve_index=False)
    return Table.read(bucket, write_table(bucket, table.to_batches(), schema, "rows"))


def judged(frame, *, rules=(), facts=None, reference=None, **more):
    rows = stored(frame)
    pair = PairedBatch(
        name="a", as_of="2016", rows=len(frame), answered=len(frame), seconds=1.0, unseen=1.0
    )
    told = {"champion": "m@1", "challenger": "m@2", "asked": 1, "pairs": (pair,)}
    told |= {"known": bool(frame.get("truth", pd.Series()).notna().any())} | (facts or {})
    ask = {"performance": Performance(), "drift": DriftSettings(), "unfit": 0.01}
    asked = ShadowRequest(**ask | more, rules=rules, sensitive={"sex": Sensitive(reference="m")})
    tested = people(seed=9) if reference is None else reference
    against = stored(tested[[PROBABILITY, DECISION]])
    return compare_versions(ShadowFacts(**told), rows, against, asked)


def one(report, name):
    return next(check for check in report.checks if check.name == name)


def test_a_challenger_that_decides_nearly_alike_fails_nothing_and_who_differs_is_told():
    frame = people()
    report = judged(frame, rules=[SELECTED, FOUND])
    assert report.verdict in {"pass", "caution"}
    sheet = report.sheets[0]
    assert [row[0] for row in sheet.rows] == ["all rows", "sex=f", "sex=m"]
    otherwise = (frame[DECISION] != frame[CHAMPION_DECISION]).mean()
    told = dict(zip(sheet.columns, sheet.rows[0], strict=True))
    assert told["otherwise"] == pytest.approx(otherwise)
    assert told["low"] < otherwise < told["high"]
    assert told["yes instead of no"] == (frame[DECISION] & ~frame[CHAMPION_DECISION]).sum()
    assert told["yes by the challenger"] == pytest.approx(frame[DECISION].mean())
    assert f"decides {otherwise:.1%} of 4,000 rows otherwise" in report.summary


def test_a_group_that_it_treats_beyond_the_tolerance_fails_it_without_any_label():
    report = judged(people(labels=False, f=0.6), rules=[SELECTED])
    check = one(report, "selection_rate[sex=f]")
    assert (check.verdict, report.verdict) == ("fail", "fail")
    assert check.estimate > 0.1
    assert "No labels" in report.notes[0]


def test_what_the_champion_does_as_well_is_no_reason_to_keep_it():
    frame = people(labels=False)
    for who in (DECISION, CHAMPION_DECISION):
        frame[who] = frame[who] | (frame["sex"] == "f")
    check = one(judged(frame, rules=[SELECTED]), "selection_rate[sex=f]")
    assert check.verdict == "caution"
    assert "the champion's on the same rows" in check.why


def test_worse_than_a_champion_that_is_beyond_the_tolerance_too_fails():
    frame = people(labels=False, f=0.9)
    rng = np.random.default_rng(3)
    frame[CHAMPION_DECISION] |= (frame["sex"] == "f") & (rng.random(len(frame)) < 0.4)
    assert one(judged(frame, rules=[SELECTED]), "selection_rate[sex=f]").verdict == "fail"


def test_without_a_limit_of_its_own_a_moved_share_of_yes_is_a_reservation():
    report = judged(people(labels=False, f=0.6), rules=[FOUND])
    check = one(report, "moved[sex=f]")
    assert (check.verdict, check.hard, report.verdict) == ("fail", False, "caution")
    assert not [c for c in report.checks if c.name.startswith("true_positive_rate")]
    fewer = people(labels=False)
    fewer.loc[(fewer["sex"] == "f") & (fewer.index % 2 == 0), DECISION] = False
    check = one(judged(fewer, rules=[FOUND]), "moved[sex=f]")
    assert check.verdict == "fail"
    assert check.estimate == pytest.approx(-0.25, abs=0.03)
    even = judged(people(labels=False, f=0.6, m=0.6), rules=[FOUND])
    assert one(even, "moved[sex=f]").verdict == "pass", "both moved alike"


def test_labels_let_the_rules_about_outcomes_speak():
    frame = people()
    frame.loc[(frame["sex"] == "f") & (frame.index % 2 == 0), DECISION] = False
    check = one(judged(frame, rules=[FOUND]), "true_positive_rate[sex=f]")
    assert check.verdict == "fail"
    assert check.estimate < -0.1


def test_a_worse_challenger_fails_by_labels_and_a_slightly_worse_one_does_not():
    frame = people()
    slightly = judged(frame.assign(**{PROBABILITY: frame[PROBABILITY].round(1)}))
    assert one(slightly, "no_worse").verdict == "pass"
    assert slightly.verdict != Verdict.FAIL
    rng = np.random.default_rng(4)
    report = judged(frame.assign(**{PROBABILITY: rng.random(len(frame))}))
    assert (one(report, "no_worse").verdict, report.verdict) == ("fail", "fail")
    assert "no_worse" not in report.summary
    assert "worse than the champion's" not in report.summary.split(".")[0]
    assert "0.05 worse is accepted" in report.summary


def test_the_margin_that_a_use_case_asks_over_the_champion_is_asked_here_too():
    better = people()
    rng = np.random.default_rng(5)
    noisy = np.clip(better[CHAMPION_PREFIX + PROBABILITY] + rng.normal(scale=0.3, size=4000), 0, 1)
    better[CHAMPION_PREFIX + PROBABILITY] = noisy
    asks = Performance(beat={"champion": 0.01})
    assert one(judged(better, performance=asks), "beats_champion").verdict == "pass"
    alike = judged(people(), performance=asks)
    assert (one(alike, "beats_champion").verdict, alike.verdict) == ("fail", "fail")
    assert one(judged(people()), "beats_champion").hard is False


def test_too_few_labels_are_unknown_and_hold_nobody():
    frame = people()
    frame["truth"] = frame["truth"].astype(object).where(frame.index < 15, None)
    report = judged(frame)
    check = one(report, "beats_champion")
    assert (check.verdict, check.accepted) == ("unknown", True)
    assert report.verdict in {"pass", "caution"}


def test_rows_that_it_leaves_unanswered_fail_it_where_they_are_surely_too_many():
    pair = {"name": "a", "as_of": "2016", "seconds": 1.0, "unseen": 1.0}
    most = (PairedBatch(rows=4000, answered=3900, **pair),)
    check = one(judged(people(3900), facts={"pairs": most}), "answered")
    assert (check.verdict, check.estimate) == ("fail", 0.025)
    few = (PairedBatch(rows=100, answered=100, **pair),)
    check = one(judged(people(100), facts={"pairs": few}), "answered")
    assert (check.verdict, check.accepted) == ("unknown", True)
    lost = judged(people(3900), facts={"pairs": few, "alone": 50})
    assert "50 of them in batches that it did not score" in one(lost, "answered").why


def test_too_few_rows_are_for_a_person_to_weigh():
    pair = PairedBatch(name="a", as_of="2016", rows=50, answered=50, seconds=1.0, unseen=1.0)
    report = judged(people(50), facts={"pairs": (pair,)})
    assert (one(report, "rows").verdict, report.verdict) == ("unknown", "unknown")


def test_answers_unlike_those_of_its_own_test_are_told():
    report = judged(people(labels=False), reference=people(seed=1).assign(probability=0.9))
    check = one(report, "shift[probability]")
    assert check.verdict == "caution"
    assert "its own test rows" in check.claim


@pytest.mark.parametrize(("times", "verdict"), [(1.1, "pass"), (3.0, "fail")])
def test_a_slow_challenger_is_told_and_not_failed(times, verdict):
    least = {"as_of": "2016", "rows": 100, "answered": 100, "seconds": 1.0}
    pairs = tuple(PairedBatch(name=str(i), unseen=times + i / 100, **least) for i in range(8))
    report = judged(people(labels=False), facts={"pairs": pairs})
    assert one(report, "latency").verdict == verdict
    assert report.verdict != Verdict.FAIL
    few = judged(people(labels=False), facts={"pairs": pairs[:3]})
    assert one(few, "latency").verdict == "unknown"


def test_rules_about_groups_that_the_batches_lack_are_unknown():
    report = judged(people(labels=False).drop(columns="sex"), rules=[SELECTED])
    assert "nobody's group is known" in one(report, "fairness").why
    assert report.verdict == "caution"


def test_rules_of_probabilities_are_held_against_labelled_rows():
    rule = FairnessRule(metric="roc_auc_score", by=("sex",), tolerance=0.1, because="a test")
    frame = people()
    worse = frame["sex"] == "f"
    rng = np.random.default_rng(6)
    frame.loc[worse, PROBABILITY] = rng.random(int(worse.sum()))
    assert one(judged(frame, rules=[rule]), "roc_auc_score[sex=f]").verdict == "fail"


def test_cells_count_every_row_once():
    frame = people()
    cells = count_decisions(stored(frame), ["sex"])
    assert cells.cells["(rows)"].sum() == len(frame)
    assert cells.with_labels.cells["(rows)"].sum() == len(frame)
    both = cells.of(CHAMPION_DECISION)
    yes = both[both["decision"]]["(rows)"].sum()
    assert yes == frame[CHAMPION_DECISION].sum()


def test_of_very_many_labelled_rows_evenly_spaced_ones_are_looked_at(monkeypatch):
    monkeypatch.setattr("assay.gates.shadow.rows.MAX_LABELLED", 900)
    frame = people()
    frame["truth"] = frame["truth"].astype(object).where(frame.index % 2 == 0, None)
    report = judged(frame)
    assert one(report, "no_worse").rows == 667, "every third of 2,000"
    assert "667 of the labelled rows, one in 3" in report.notes[0]
    every = labelled_rows(stored(frame), stride=3)
    assert every[PROBABILITY].tolist() == frame[PROBABILITY][::6].tolist()
