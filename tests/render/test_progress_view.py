"""Events in, lines and a live part out. Times are made up."""

from __future__ import annotations

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from assay.render.progress_view import ProgressView
from assay.util.progress import Remark, StageEnded, StageFailed, StageStarted, UnitsDone

LONG = "evaluate HistGradientBoostingClassifier + ThresholdOptimizer at 0.75 of the whole gap"
WIDTHS = [80, 100, 140]


def written(renderables, width=80):
    console = Console(
        file=io.StringIO(), width=width, force_terminal=True, color_system=None, highlight=False
    )
    for one in renderables:
        console.print(one)
    return console.file.getvalue()


def live(view, now, width=80):
    return written([view.render(now)], width)


def search(view, done, now, *, began=0.0, text="C=1"):
    view.apply(StageStarted("search", "search LogisticRegression"), began)
    return view.apply(UnitsDone(done, 20, "fits", text), now)


def test_a_stage_that_ends_leaves_a_line_with_its_verdict_and_its_time():
    view = ProgressView(0.0)
    view.apply(StageStarted("validate", "validate"), 1.0)
    (line,) = view.apply(StageEnded("validate", "validate", 12.4, "caution"), 14.0)
    assert written([line]).split() == ["!", "caution", "validate", "12", "s"]
    assert "validate" not in live(view, 14.0)


def test_cached_stages_share_one_line_that_comes_before_the_next():
    view = ProgressView(0.0)
    for label in ("train A", "train B", "train C"):
        assert view.apply(StageEnded("train", label, 9.0, cached=True), 1.0) == []
    assert view.apply(StageEnded("split", "split", 0.1, cached=True), 1.0) == []
    lines = view.apply(StageEnded("rank", "rank", 2.0, "pass"), 3.0)
    first, second = written(lines).splitlines()
    assert first.split() == ["cached", "train", "(3),", "split"]
    assert second.split() == ["✓", "pass", "rank", "2.0", "s"]
    assert view.flush() == []


def test_a_cached_verdict_has_its_own_line():
    view = ProgressView(0.0)
    (line,) = view.apply(StageEnded("fairness", "fairness A", 9.0, "fail", cached=True), 1.0)
    assert written([line]).split() == ["✗", "fail", "fairness", "A", "cached"]


def test_cached_stages_at_the_end_are_not_lost():
    view = ProgressView(0.0)
    view.apply(StageEnded("split", "split", 0.1, cached=True), 1.0)
    assert "split" in written(view.flush())


@pytest.mark.parametrize("width", WIDTHS)
def test_what_runs_has_a_bar_its_count_its_time_and_the_last_word(width):
    view = ProgressView(0.0)
    search(view, 5, 10.0)
    text = live(view, 12.0, width)
    for said in ("search LogisticRegression", "━", "5 of 20 fits", "12 s", "C=1"):
        assert said in text
    assert all(cell_len(line) <= width for line in text.splitlines())


def test_rows_whose_number_nobody_knows_are_counted_without_a_bar():
    view = ProgressView(0.0)
    view.apply(StageStarted("ingest", "ingest"), 0.0)
    view.apply(UnitsDone(3_000_000, None, "rows read"), 14.0)
    text = live(view, 14.0)
    assert "3,000,000 rows read  14 s" in text
    assert "━" not in text
    assert "left" not in text


def test_the_time_left_is_that_at_the_pace_so_far():
    view = ProgressView(0.0)
    search(view, 5, 10.0)
    assert "about 30 s left" in live(view, 10.0)
    assert "about 28 s left" in live(view, 12.0)


@pytest.mark.parametrize(("done", "now"), [(1, 10.0), (5, 1.0), (20, 10.0)])
def test_no_time_left_is_told_where_none_is_known(done, now):
    view = ProgressView(0.0)
    search(view, done, now)
    assert "left" not in live(view, now)


def test_a_time_left_that_has_passed_is_no_longer_told():
    view = ProgressView(0.0)
    search(view, 19, 19.0)
    assert "left" in live(view, 19.0)
    assert "left" not in live(view, 30.0)


def test_without_a_count_the_time_at_work_is_told():
    view = ProgressView(0.0)
    view.apply(StageStarted("weigh", "weigh"), 5.0)
    view.apply(Remark("leakage: each column alone"), 6.0)
    text = live(view, 65.0)
    assert "weigh  1 min 0 s" in text
    assert "leakage: each column alone" in text
    assert "━" not in text


def test_a_stage_takes_nothing_over_from_the_one_before():
    view = ProgressView(0.0)
    search(view, 5, 10.0)
    view.apply(Remark("an old remark"), 10.0)
    view.apply(StageEnded("search", "search LogisticRegression", 10.0), 11.0)
    view.apply(StageStarted("train", "train A"), 12.0)
    text = live(view, 12.0)
    assert "train A" in text
    assert "old" not in text
    assert "fits" not in text


def test_a_stage_that_fails_says_where_it_ended():
    view = ProgressView(0.0)
    view.apply(StageEnded("split", "split", 0.1, cached=True), 1.0)
    view.apply(StageStarted("train", "train A"), 1.0)
    assert written(view.apply(StageFailed("train", "train A", 3.2), 4.2)).split() == [
        "✗", "error", "train", "A", "3.2", "s"
    ]  # fmt: skip


def test_no_line_is_filled_up_to_the_edge_where_a_typed_sign_would_begin_another():
    view = ProgressView(0.0)
    search(view, 5, 10.0)
    done = written(view.apply(StageEnded("split", "split", 1.0), 11.0))
    view.apply(StageStarted("weigh", "weigh"), 12.0)
    for text in (done, live(view, 12.0)):
        assert all(cell_len(line) < 60 for line in text.splitlines())


@pytest.mark.parametrize("width", WIDTHS)
def test_a_long_label_is_wrapped_at_words_below_its_beginning(width):
    view = ProgressView(0.0)
    lines = written(view.apply(StageEnded("evaluate", LONG, 1.0, "pass"), 1.0), width).splitlines()
    assert all(cell_len(line) <= width for line in lines)
    words = " ".join(lines).split()
    assert [word for word in words if word not in {"✓", "pass", "1.0", "s"}] == LONG.split()
    begin = lines[0].index("evaluate")
    assert all(line[:begin].isspace() for line in lines[1:])


def test_a_label_repaints_no_terminal():
    view = ProgressView(0.0)
    view.apply(StageStarted("arrive", "arrive \x1b[31m.csv"), 0.0)
    view.apply(Remark("[red]\x1b[2J"), 0.0)
    assert "\x1b" not in live(view, 0.0)
