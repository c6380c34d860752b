import io
import json
import sys
from contextlib import redirect_stdout
from importlib import import_module

import pytest

from benchmarks import contest
from benchmarks.contest import Contender, Measured
from benchmarks.rivals import Absent
from benchmarks.stores import __main__ as program
from benchmarks.stores import page
from benchmarks.stores.contests import Budget
from benchmarks.stores.growth.spread import Spread, spread
from benchmarks.stores.unchanged import assay as unchanged
from benchmarks.stores.unchanged import pipeline

TINY = "--small 20 --large 2 --rows 20000 --tables 1 --rounds 1"


@pytest.fixture
def here(monkeypatch):
    """Contenders work in this process, one after the other; nobody else's tool is installed."""

    def output(words, _bound=0):
        _python, _flag, module, *rest = words
        monkeypatch.setattr(sys, "argv", [module, *rest])
        printed = io.StringIO()
        with redirect_stdout(printed):
            import_module(module).main()
        return printed.getvalue()

    def absent(_rival):
        raise Absent("no rivals here")

    monkeypatch.setattr(contest, "output", output)
    monkeypatch.setattr(program, "output", output)
    monkeypatch.setattr(contest, "python_of", absent)


def written(tmp_path, words):
    out = tmp_path / "stores.md"
    program.main([*words.split(), "--home", str(tmp_path), "--out", str(out)])
    return out.read_text()


def test_the_page_has_a_table_for_everything_that_is_measured(here, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "make", lambda folder: folder.mkdir())
    monkeypatch.setattr(unchanged, "work", lambda _folder, _state: "7 steps")
    text = written(tmp_path, TINY)
    for title in program.SECTIONS.values():
        assert f"\n## {title}\n" in text
    for title in (
        "Put 20 files of 64 KiB",
        "Get them, warm",
        "Get them, cold",
        "What each promises",
        "Put one file of 2 MiB",
        "Nothing changed",
        "Verify, warm",
        "Verify, cold",
        "New bytes",
        "From table to table",
        "Profiles",
    ):
        assert f"\n### {title}\n" in text
    assert "failed" not in text
    assert "| DVC | absent, could not be installed: no rivals here" in text
    assert "**not judged at this size**" in text
    assert "1 of 3 parts profiled" in text or "1 of 2 parts profiled" in text


def test_what_a_store_promises_is_tried_not_told(here, tmp_path):
    text = written(tmp_path, f"--section files {TINY}")
    rows = dict(
        line.strip("| ").split(" | ", 1) for line in text.splitlines() if "handed on" in line
    )
    assert list(rows) == ["`cp -r`"]
    [own] = [line for line in text.splitlines() if "refused: ObjectCorrupt" in line]
    assert int(own.split("|")[2]) >= 2 * 20  # the bytes of each file, and its name


def taken(wall, beyond=0.0):
    return Measured(cpu=[wall], wall=[wall], beyond=[beyond], peak=[beyond], found="")


@pytest.mark.parametrize(
    ("budget", "own", "verdict"),
    [
        (Budget(times=0.5, of="other"), taken(1.0), "holds"),
        (Budget(times=0.5, of="other"), taken(1.1), "does not hold"),
        (Budget(seconds=1.0), taken(1.1), "does not hold"),
        (Budget(times=1.2, of="other", memory=100e6), taken(1.0, 101e6), "does not hold"),
        (Budget(times=1.2, of="other", memory=100e6), taken(1.0, 99e6), "holds"),
        (Budget(seconds=1.0), Measured(why_not="failed: no"), "not measured: failed: no"),
    ],
)
def test_a_budget_is_judged_by_what_was_measured(budget, own, verdict):
    results = {Contender("Assay", "own"): own, Contender("other", "other"): taken(2.0)}
    assert page.judged(budget, results) == verdict
    assert f"**{verdict}**" in page.table(budget, "Title", "About.", results, size=0, full=True)


def test_a_budget_that_rests_on_an_absent_rival_is_not_judged():
    results = {Contender("Assay", "own"): taken(1.0), Contender("other", "other"): Measured()}
    results[Contender("other", "other")].why_not = "absent"
    assert page.judged(Budget(times=0.5, of="other"), results) == "not measured: absent"


def test_a_window_that_slides_by_1_percent_puts_at_most_4_percent_into_new_parts():
    found = spread(10)
    assert page.slid(found)
    assert 0.01 <= found["1 % appended"].mean <= found["slid by 1 %"].mean
    assert found["late corrections, anywhere"].mean > 0.99
    assert not page.slid({"slid by 1 %": Spread(1, 0.05, 0.05)})


def test_versions_change_what_they_say(tmp_path):
    rows = program.growing
    folder = rows.make(tmp_path / "rows", 10_000)
    base = [row for batch in rows.first(folder) for row in batch.to_pylist()]
    made = {
        change: [row for batch in version() for row in batch.to_pylist()]
        for change, version in rows.versions(folder).items()
    }
    appended, slid, newest, anywhere, wider = (made[change] for change in rows.CHANGES)
    assert appended[:10_000] == base
    assert slid == appended[100:]
    moved = [i for i, (a, b) in enumerate(zip(base, newest, strict=True)) if a != b]
    assert len(moved) == 100
    assert min(moved) >= 9_800
    assert sum(a != b for a, b in zip(base, anywhere, strict=True)) == 100
    assert all(row["hours_per_year"] == 52 * row["hours_per_week"] for row in wider)
    assert json.loads((folder / "rows.json").read_text()) == 10_000
