from __future__ import annotations

import itertools
import subprocess
import sys
from html.parser import HTMLParser

import pytest
from deciding import check, gap, gate, performance
from deciding import fairness as fairness_report

from assay.gates.report import Check, Report, Sheet, Verdict
from assay.render.decision_summary import ModelDecision, summarize_decision
from assay.render.html_page import gate_anchors, render_html

_VOID = {"meta", "link"}


class Outline(HTMLParser):
    """What a browser would build: elements opened and closed, their attributes, their text."""

    def __init__(self, html: bytes) -> None:
        super().__init__()
        self.inside: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(html.decode())
        assert not self.inside, f"never closed: {self.inside}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.inside.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag, f"</{tag}> closes another element"

    def handle_data(self, data: str) -> None:
        if data.strip() and self.inside[-1] != "style":
            self.said.append(" ".join(data.split()))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_markup_in_the_data_is_shown_and_not_run(nasty: Report) -> None:
    html = render_html([nasty, nasty], title=nasty.summary, facts={nasty.summary: nasty.summary},
                intro=nasty.summary)  # fmt: skip
    assert not Outline(html).all("script")
    assert b"<script" not in html
    assert b"&lt;script&gt;" in html
    assert b"\x1b" not in html
    assert b"\x00" not in html


def test_the_page_needs_nothing_else(fairness: Report) -> None:
    outline = Outline(render_html([fairness], title="t", facts={}))
    assert not any("src" in attributes for _, attributes in outline.tags)
    assert {link["href"] for link in outline.all("link")} == {"data:,"}
    assert not outline.all("script")
    (policy,) = [m for m in outline.all("meta") if m.get("http-equiv")]
    assert "default-src 'none'" in str(policy["content"])


def test_the_same_reports_are_the_same_bytes_in_another_process(fairness: Report) -> None:
    program = (
        "import sys; from assay.gates.report import Report;"
        "from assay.render.html_page import render_html;"
        "report = Report.model_validate_json(sys.stdin.read());"
        "sys.stdout.buffer.write(render_html([report], title='t', facts={'Model': 'm'}))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], input=fairness.model_dump_json().encode(),
        env={"PYTHONHASHSEED": "1"}, capture_output=True, check=True,
    )  # fmt: skip
    assert ran.stdout == render_html([fairness], title="t", facts={"Model": "m"})


def test_the_first_screen_says_the_answer_in_the_order_of_its_questions() -> None:
    summary = summarize_decision(
        [performance(), fairness_report(gap("sex=Female", -0.2, Verdict.FAIL))],
        ModelDecision("income@2", "rejected"),
    )
    facts = {"Owner": "benefits team", "Question": "Is it so?", "Outcome": "rejected"}
    reports = [gate("technical"), gate("validation"), fairness_report(), performance()]
    said = Outline(render_html(reports, title="income@2", facts=facts, summary=summary)).said
    order = ["income@2", "Is it so?", "rejected", summary.sentence, "What to do",
             summary.next_step, "How good?", "How fair?", "How sure?", "Gates", "Performance",
             "Fairness", "Validation", "Technical", "About", "benefits team"]  # fmt: skip
    places = list(itertools.accumulate(order, lambda at, text: said.index(text, at), initial=0))
    assert places == sorted(places)
    assert said.count("Is it so?") == 1


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        (ModelDecision("m@1", "registered", champion=True), "good"),
        (ModelDecision("m@1", "registered", waits="it awaits a person"), "waiting"),
        (ModelDecision("m@1", "rejected"), "refused"),
        (ModelDecision("m", "stopped"), "stopped"),
    ],
)
def test_colour_and_words_follow_the_state_of_the_decision(
    decision: ModelDecision, state: str
) -> None:
    summary = summarize_decision([performance()], decision)
    outline = Outline(render_html([performance()], title="m", facts={}, summary=summary))
    (top,) = outline.all("header")[:1]
    assert top["class"] == f"top {state}"
    assert summary.label in outline.said  # readable without colour


def test_gates_stand_in_the_order_in_which_a_reviewer_asks() -> None:
    names = ["validation", "feasibility", "technical", "novel", "fairness", "performance"]
    outline = Outline(render_html([gate(name) for name in names], title="t", facts={}))
    headings = [text.casefold() for text in outline.said if text.casefold() in names]
    assert headings[-6:] == [
        "performance", "fairness", "validation", "feasibility", "novel", "technical",
    ]  # fmt: skip


def test_the_page_of_one_gate_answers_first_too(fairness: Report) -> None:
    said = Outline(render_html([fairness], title="Fairness", facts={})).said
    answer = said.index("Fairness failed: 0.742 of 482 against 0.831 of 1,861; the limit is -0.05.")
    assert answer < said.index("Needs attention")
    assert said.index("Add a mitigated candidate.") < said.index("Needs attention")


def test_what_passed_and_the_evidence_on_the_data_are_folded() -> None:
    sheet = Sheet(title="Columns", columns=("n",), rows=((1,),))
    data = gate("validation", check("rule")).model_copy(update={"sheets": (sheet,)})
    folds = Outline(render_html([data, performance()], title="t", facts={})).all("details")
    assert {fold["class"] for fold in folds} >= {"passed", "evidence"}
    assert not any("open" in fold for fold in folds)


def test_findings_come_before_what_passed_and_the_worst_first(fairness: Report) -> None:
    said = Outline(render_html([fairness], title="t", facts={})).said
    headlines = ["0.742 of 482 against 0.831 of 1,861.", "The data cannot tell: Claim on few rows",
                 "Not so: Soft claim", "It is near.", "Claim that holds"]  # fmt: skip
    order = [said.index(headline) for headline in headlines]
    assert order == sorted(order)
    assert "advisory: weighs as a caution" in said


def test_a_remedy_is_given_for_findings_alone(fairness: Report) -> None:
    said = Outline(render_html([fairness], title="t", facts={})).said
    assert "Add a mitigated candidate." in said
    assert "None needed." not in said


def test_every_verdict_is_a_word_beside_its_shape(fairness: Report) -> None:
    outline = Outline(render_html([fairness], title="t", facts={}))
    for verdict in Verdict:
        badges = [s for s in outline.all("span") if s.get("class") == f"badge {verdict.value}"]
        assert len(badges) >= 2  # a check and the legend
        assert outline.said.count(verdict.value) >= len(badges)


def test_gates_of_a_run_are_listed_first_and_linked(fairness: Report) -> None:
    outline = Outline(render_html([fairness, fairness], title="t", facts={}))
    ids = [str(attributes["id"]) for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {str(a["href"]).removeprefix("#") for a in outline.all("a")}
    assert {"main", "fairness", "fairness-2"} <= links
    assert links <= set(ids)


def test_a_gate_is_found_by_its_name_whatever_that_is() -> None:
    assert gate_anchors(["validation", "fairness", "fairness"]) == [
        "validation",
        "fairness",
        "fairness-2",
    ]
    assert gate_anchors(["main", "Mein Tor!", "###", "x-name", "x"]) == [
        "main-2",
        "mein-tor",
        "gate",
        "x-name",
        "x-2",
    ]


def test_who_reads_with_a_screen_reader_finds_the_way(fairness: Report) -> None:
    outline = Outline(render_html([fairness, fairness], title="t", facts={"Model": "m"}))
    assert outline.all("html")[0]["lang"] == "en"
    assert all(len(outline.all(tag)) == 1 for tag in ("main", "footer", "h1"))
    assert len(outline.all("caption")) == len(outline.all("table"))
    assert all(heading.get("scope") in {"col", "row"} for heading in outline.all("th"))
    assert len(outline.all("figcaption")) == len(outline.all("figure"))
    pictures = [svg for svg in outline.all("svg") if svg.get("aria-hidden") != "true"]
    assert pictures
    assert all(svg.get("role") == "img" for svg in pictures)
    assert "Women lower." in outline.said


def test_the_numbers_of_a_figure_lie_beneath_it(fairness: Report) -> None:
    said = Outline(render_html([fairness], title="t", facts={})).said
    assert said.index("Numbers") < said.index("0.742", said.index("Numbers"))


def test_a_long_sheet_is_folded_and_a_huge_one_is_cut_with_a_count() -> None:
    sheet = Sheet(title="many", columns=("n",), rows=tuple((i,) for i in range(2500)))
    report = Report(gate="drift", subject="s", verdict=Verdict.PASS, summary="", checks=(),
                    sheets=(sheet,))  # fmt: skip
    outline = Outline(render_html([report], title="t", facts={}))
    assert outline.all("details")
    assert "2,500 rows" in outline.said
    assert "500 more rows are in the stored report." in outline.said


def test_an_accepted_unknown_says_how_it_weighs() -> None:
    check = Check(name="c", claim="c", verdict=Verdict.UNKNOWN, accepted=True)
    report = Report(gate="g", subject="s", verdict=Verdict.CAUTION, summary="", checks=(check,))
    said = Outline(render_html([report], title="t", facts={})).said
    assert any("weighs as a caution" in text for text in said)


def test_a_run_without_gates_says_so() -> None:
    assert "No gate has been run." in Outline(render_html([], title="t", facts={})).said
