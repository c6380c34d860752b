"""The whole gate: stored tables, samples, the list of the ten, what goes in and comes out."""

import numpy as np
import pandas as pd
import pytest

from assay.bucket.bucket import Bucket
from assay.dataset.row_identity import unit_hashes
from assay.errors import DataError
from assay.gates.feasibility.all_rows import sample_rows
from assay.gates.feasibility.data import FeasibilityData
from assay.gates.feasibility.gate import assess_feasibility
from assay.gates.report import Verdict
from assay.store.memory import MemoryStore
from assay.tables.table import Table
from assay.tables.table_writer import write_frame
from assay.util.wording import format_rounded_up


@pytest.fixture
def stored():
    def of(frame):
        bucket = Bucket.from_store(MemoryStore())
        return Table.read(bucket, write_frame(bucket, frame, "people"))

    return of


def test_a_stored_table_gives_the_report_of_its_frame(people, use_case, stored):
    frame = people(400)
    frame.loc[:20, "outcome"] = None
    assert assess_feasibility(stored(frame), use_case()) == assess_feasibility(frame, use_case())


def test_a_table_too_big_for_memory_is_counted_whole_and_judged_on_a_sample(
    people, use_case, stored, monkeypatch
):
    monkeypatch.setattr("assay.gates.feasibility.all_rows.MAX_KEPT_CELLS", 7 * 1000)
    table = stored(people(3000))
    found = FeasibilityData.from_rows(table, use_case(), 0)
    assert (len(found.frame), len(found.all_rows.truth)) == (1000, 3000)
    assert found.frame["person"].tolist() == [f"p{i}" for i in found.kept_rows]
    note = "counted in all 3,000 rows; all else was judged on a sample of 1,000"
    assert any(note in text for text in assess_feasibility(table, use_case()).notes)


def test_samples_keep_the_share_of_positives_and_enough_of_a_rare_class():
    truth = np.arange(100_000) % 4 == 0
    rows = sample_rows(truth, 10_000, 3)
    assert len(rows) == 10_000
    assert truth[rows].mean() == pytest.approx(0.25, abs=1e-3)
    rare = np.arange(100_000) % 1000 == 0
    assert rare[sample_rows(rare, 2_000, 3)].sum() == 100


def test_entities_are_those_of_the_split(people, use_case, stored):
    frame = people(300)
    frame["person"] = [f"{i % 90}.0" if i < 150 else str(i % 90) for i in range(300)]
    case = use_case()
    ours = FeasibilityData.from_rows(frame, case, 0).all_rows.units
    theirs = unit_hashes(stored(frame), case)
    pairs = set(zip(ours.tolist(), theirs.tolist(), strict=True))
    assert len(pairs) == len(set(ours.tolist())) == len(set(theirs.tolist())) == 180


def test_all_ten_are_listed_with_what_was_not_judged_and_why(people, use_case):
    sheet = assess_feasibility(people(), use_case()).sheets[0]
    assert sheet.title == "The ten checks"
    assert [row[0] for row in sheet.rows] == list(range(1, 11))
    skipped = {row[1]: row[-1] for row in sheet.rows if row[2] == "not applicable"}
    assert "feasibility.reach" in skipped["ceiling"]
    assert "feasibility.noise" in skipped["label noise"]
    assert "data.time" in sheet.rows[9][-1]


def test_a_gate_that_stops_at_once_lists_the_ten_too(people, use_case):
    report = assess_feasibility(people(8), use_case())
    assert report.verdict is Verdict.FAIL
    assert all(row[2] == "not applicable" for row in report.sheets[0].rows)


def test_every_figure_has_words_for_those_who_cannot_see_it(people, use_case):
    rule = {"metric": "selection_rate", "by": ["sex"], "tolerance": 0.1, "because": "agreed"}
    figures = assess_feasibility(people(), use_case(fairness=[rule])).figures
    assert len(figures) == 3
    assert all(len(figure.alt) > 40 for figure in figures)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data": {"sensitive": {"sexx": {}}}}, "sexx"),
        ({"data": {"time": "whenn"}}, "whenn"),
        ({"data": {"identity": ["persom"]}}, "persom"),
    ],
)
def test_a_column_that_is_not_there_is_the_use_case_s_fault(people, use_case, change, words):
    with pytest.raises(DataError, match=words):
        assess_feasibility(people(60), use_case(**change))


def test_a_frame_that_could_be_no_table_is_refused_in_words(people, use_case):
    with pytest.raises(DataError, match="go into no table"):
        assess_feasibility(
            people(60).assign(mixed=pd.Series([1, "a"] * 30, dtype=object)), use_case()
        )
    twice = pd.concat([people(60), people(60)[["noise"]]], axis=1)
    with pytest.raises(DataError, match="two columns are called 'noise'"):
        assess_feasibility(twice, use_case())


@pytest.mark.filterwarnings("error")
def test_infinite_and_missing_numbers_are_borne(people, use_case):
    frame = people(300)
    frame.loc[::7, "pull"], frame.loc[::11, "pull"] = np.inf, -np.inf
    frame.loc[::3, "noise"] = np.nan
    case = use_case(feasibility={"reach": {"accuracy": 0.7}, "noise": 0.3})
    assert assess_feasibility(frame, case).model_dump_json()


def test_few_rows_of_very_many_columns_end_without_a_sure_word(people, use_case, only):
    rng = np.random.default_rng(0)
    wide = pd.DataFrame(rng.normal(size=(120, 300)), columns=[f"x{i}" for i in range(300)])
    report = assess_feasibility(pd.concat([people(120), wide], axis=1), use_case())
    assert report.verdict is Verdict.CAUTION
    assert only(report, "sample_size").verdict is Verdict.CAUTION
    assert not [c.name for c in report.checks if c.name.startswith("learning_curve")]


def test_copies_of_people_widen_the_intervals(people, use_case, only):
    frame = people(150)
    once = only(assess_feasibility(frame, use_case()), "signal").interval
    many = only(assess_feasibility(pd.concat([frame] * 6), use_case()), "signal").interval
    assert many.high - many.low > 0.7 * (once.high - once.low)


def test_numbers_of_rows_have_two_digits():
    assert [format_rounded_up(n) for n in (7, 943, 8.01, 41_234, 1_999_999)] == [
        *("7", "950", "9", "42,000", "2,000,000")
    ]


def test_people_who_look_alike_are_not_taken_for_one(use_case):
    rng = np.random.default_rng(0)
    columns = {name: rng.integers(0, 4, 4000) for name in ("region", "tier", "channel")}
    odds = columns["region"] - columns["tier"] + 0.5 * columns["channel"] - 0.75
    frame = pd.DataFrame({name: codes.astype(str) for name, codes in columns.items()})
    frame["outcome"] = np.where(rng.random(4000) < 1 / (1 + np.exp(-odds)), "yes", "no")
    report = assess_feasibility(frame, use_case(data={"identity": [], "sensitive": {}}))
    checks = {check.name: check for check in report.checks}
    assert checks["signal"].verdict is Verdict.PASS
    assert checks["sample_size"].verdict is Verdict.PASS


def test_the_summary_says_the_verdict_and_what_it_rests_on(people, use_case):
    case = use_case(data={"time": "t"})
    report = assess_feasibility(people(600).assign(t="x"), case)
    assert report.verdict is Verdict.UNKNOWN
    (weighing,) = report.checks_weighing(Verdict.UNKNOWN)
    assert weighing.name == "stationarity"
    assert report.summary == f"Cannot tell. {weighing.why}"
