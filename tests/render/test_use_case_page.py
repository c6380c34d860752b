"""A use case's page: what its journal says became of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from markdown_it import MarkdownIt

from assay.bucket.bucket import Bucket
from assay.bucket.journal import JournalEntry
from assay.registry.batch_ledger import BatchHistory
from assay.registry.history import fold_journal
from assay.registry.open import open_bucket
from assay.render.svg.figure import figure_svg_file
from assay.render.use_case_page import UseCasePage
from assay.store.memory import MemoryStore

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"
GATES = {"fairness": "unknown", "feasibility": "caution", "performance": "pass"}


def entry(number, kind, **body):
    at = f"2016-01-{number:02d}T10:00:00+00:00"
    return JournalEntry(
        number, None, kind, "2026-01-01T00:00:00+00:00", "ada", {"as_of": at} | body
    )


def registered(number, version):
    return entry(number, "registered", version=version, candidate="forest", gates=GATES)


def promoted(number, version, alias="champion", previous=None):
    body = {"version": version, "alias": alias, "previous": previous, "because": "it is better"}
    return entry(number, "promoted", **body)


def look(number, auc, version=1, verdict="healthy", **figures):
    found = {"expected ROC AUC": auc, "largest gap": auc / 10, "shifted": 0} | figures
    body = {"version": version, "look": number, "verdict": verdict, "reasons": ["it moved"]}
    return entry(number, "monitored", figures=found, **body)


def told(*entries, about=None, scores=None):
    return UseCasePage(
        fold_journal(Bucket(MemoryStore()), "m", entries), BatchHistory(), about or {}, scores or {}
    )


def page(*entries, **more):
    return told(*entries, **more).to_markdown(actor_of=lambda e: e.actor)


def rows(text, title):
    """The table beneath a heading."""
    table = text.split(f"## {title}\n\n")[1].split("\n\n")[0].splitlines()
    heads, _, *held = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    return [dict(zip(heads, cells, strict=False)) for cells in held]


LIFE = (
    registered(1, 1),
    promoted(2, 1),
    look(3, 0.9),
    look(4, 0.8, verdict="retrain"),
    registered(5, 2),
    promoted(6, 2, alias="challenger"),
    promoted(7, 2, previous=1),
    look(8, 0.85, version=2),
)


def test_it_leads_with_the_champion_and_the_last_look():
    assert told(*LIFE).headline == "m@2 is champion; the last look: healthy"
    text = page(*LIFE)
    assert text.startswith("# m: m@2 is champion")
    assert "since 2016-01-07 10:00: m@2 promoted to champion in place of m@1: it is better" in text


def test_a_challenger_waits_until_somebody_decides():
    assert "m@2 waits to be promoted" in page(*LIFE[:6])
    assert "waits to be" not in page(*LIFE)
    back = entry(9, "rolled_back", version=1, previous=2, alias="champion", because="it leaks")
    assert "waits to be" not in page(*LIFE, back)
    retired = entry(7, "retired", version=2, because="it leaks")
    assert "waits to be" not in page(*LIFE[:6], retired)


@pytest.mark.parametrize(
    ("last", "is_"),
    [
        ((), {"m@2": "champion", "m@1": "was champion"}),
        (
            (entry(9, "rolled_back", version=1, previous=2, alias="champion", because="x"),),
            {"m@2": "rolled back", "m@1": "champion"},
        ),
        ((entry(9, "retired", version=1, because="x"),), {"m@2": "champion", "m@1": "retired"}),
    ],
)
def test_each_version_says_what_became_of_it(last, is_):
    found = rows(page(*LIFE, *last), "Versions")
    assert {row["version"]: row["is"] for row in found} == is_
    assert [row["version"] for row in found] == ["m@2", "m@1"]
    assert found[0]["gates"] == "unknown: fairness; caution: feasibility"


def test_what_versions_reached_stands_beside_them():
    scores = {2: {"roc_auc": 0.91, "widest gap": 0.04}}
    new, old = rows(page(*LIFE, scores=scores), "Versions")
    assert (new["roc_auc"], new["widest gap"]) == ("0.910", "0.0400")
    assert old["roc_auc"] == "–"  # noqa: RUF001 - a gap


def test_looks_are_told_over_champions_by_their_dates():
    performance, gap, moved = told(*LIFE).figures()
    (expected,) = performance.series
    ten = 0.4167  # o'clock, in days
    assert [(p.x, p.value) for p in expected.points] == [
        (ten, 0.9),
        (1 + ten, 0.8),
        (5 + ten, 0.85),
    ]
    assert performance.date_label(1) == "2016-01-04"
    assert performance.date_label(1.5) == "01-04 12:00"
    assert performance.x_reference == 4 + ten  # then the present champion came
    drawn = figure_svg_file(performance).decode()
    assert "2016-01-04" in drawn
    assert "present champion since 01-07 10:00" in drawn
    assert [p.value for p in gap.series[0].points] == pytest.approx([0.09, 0.08, 0.085])
    assert moved.alt == "columns: 0 at the last look, from 0 to 0 in all."


def test_realised_performance_is_drawn_where_labels_came():
    late = look(9, 0.84, version=2, **{"realised ROC AUC": 0.7})
    later = look(10, 0.84, version=2, **{"realised ROC AUC": 0.6})
    performance, *_ = told(*LIFE, late, later).figures()
    assert [series.name for series in performance.series] == ["expected", "realised"]
    assert [p.x for p in performance.series[1].points] == [6.4167, 7.4167]


def test_looks_at_the_past_stand_in_the_order_of_their_dates():
    performance, *_ = told(*LIFE, look(9, 0.7, version=2), look(8, 0.84, version=2)).figures()
    places = [point.x for point in performance.series[0].points]
    assert places == sorted(places)


def test_a_tolerance_is_drawn_if_all_rules_share_it():
    rules = [{"tolerance": 0.1}, {"tolerance": 0.1}]
    about = {"question": "Will it?", "decision": "who gets it", "fairness": rules}
    _, gap, _ = told(*LIFE, about=about).figures()
    assert (gap.reference, gap.reference_name) == (0.1, "tolerance")
    other = {**about, "fairness": [{"tolerance": 0.1}, {"tolerance": None, "ratio": 0.8}]}
    assert told(*LIFE, about=other).figures()[1].reference is None


def test_one_look_is_no_line():
    assert told(*LIFE[:3]).figures() == []


def test_a_use_case_that_never_had_a_model_has_a_page():
    stopped = entry(1, "stopped", gate="feasibility", reasons=["no signal"])
    text = page(stopped)
    assert "# m: no champion" in text
    assert "stopped at the feasibility gate, before there was a model: no signal" in text


def test_pictures_stand_where_their_figures_are_told():
    title = "Largest gap between groups, realised"
    text = told(*LIFE).to_markdown(
        actor_of=lambda e: e.actor, pictures={title: "data:image/svg+xml;base64,AA"}
    )
    assert f"## {title}\n\n![" in text
    assert text.count("](data:") == 1


def test_what_people_wrote_means_itself():
    said = "<script>alert(1)</script> | **bold** [x](javascript:y)"
    text = page(registered(1, 1), entry(2, "retired", version=1, because=said))
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    kinds = {child.type for token in tokens for child in token.children or []}
    assert not kinds & {"html_inline", "link_open"}
    assert said in "".join(c.content for t in tokens for c in t.children or [])


def test_the_page_stays_short_however_long_the_life():
    years = [look(number % 28 + 1, 0.9, verdict="watch") for number in range(400)]
    text = page(registered(1, 1), promoted(2, 1), *years)
    assert len(text) < 10_000
    assert "388 more rows" in text
    assert "The journal has 402 entries" in text


@pytest.fixture
def guests(tmp_path):
    """The golden bucket, with a model of three gates' evidence."""
    shutil.copytree(GOLDEN, tmp_path / "b")
    return open_bucket(str(tmp_path / "b"))


def test_a_bucket_tells_what_its_versions_reached(guests):
    told = UseCasePage.load(guests, "guests")
    assert told.configuration["question"]
    assert {"roc_auc"} <= set(told.scores[2])
    assert "## Versions" in told.to_markdown(actor_of=lambda e: e.actor)


def test_evidence_that_is_gone_or_damaged_leaves_a_gap(guests, tmp_path):
    whole = UseCasePage.load(guests, "guests")
    gone = whole.history.versions[2].reports["performance"].digest.hex
    runs = [e.body["run"]["digest"] for e in whole.history.entries if "run" in e.body]
    damaged = runs[-1].removeprefix("sha256:")
    objects = tmp_path / "b/objects/sha256"
    (objects / gone[:2] / gone).unlink()
    file = objects / damaged[:2] / damaged
    file.chmod(0o600)
    file.write_bytes(b"{}")
    told = UseCasePage.load(open_bucket(str(tmp_path / "b")), "guests")
    assert "roc_auc" not in told.scores[2]
    assert told.configuration == {}
    assert "## Versions" in told.to_markdown(actor_of=lambda e: e.actor)


def test_a_champion_of_another_time_than_the_looks_is_no_line():
    before, after = promoted(1, 1), entry(20, "promoted", version=1, alias="champion", because="x")
    first = (registered(1, 1), look(3, 0.9), look(4, 0.8))
    for since in (before, after):
        performance, *_ = told(*first, since).figures()
        assert performance.x_reference is None
