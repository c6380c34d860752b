from __future__ import annotations

from markdown_it import MarkdownIt
from markdown_it.token import Token

from assay.gates.report import Check, Report, Sheet, Verdict
from assay.render.markdown import MARKDOWN_LIMIT, render_markdown


def parsed(report: Report) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(render_markdown(report))


def inline(tokens: list[Token]) -> list[Token]:
    return [child for token in tokens for child in token.children or []]


def plain(tokens: list[Token]) -> str:
    return "".join(child.content for child in inline(tokens))


def test_every_row_of_a_table_has_as_many_cells_as_its_head(nasty: Report) -> None:
    rows: list[int] = []
    for token in parsed(nasty):
        if token.type == "tr_open":
            rows.append(0)
        elif token.type in {"td_open", "th_open"}:
            rows[-1] += 1
    assert rows == [2, 2, 2, 2]


def test_markup_in_the_data_means_itself(nasty: Report) -> None:
    tokens = parsed(nasty)
    kinds = {child.type for child in inline(tokens)} | {token.type for token in tokens}
    assert not kinds & {"em_open", "code_inline", "link_open", "html_block", "image"}
    assert {c.content for c in inline(tokens) if c.type == "html_inline"} <= {"<br>"}
    assert "<script>alert(1)</script>|[red]*a*_b_`c`[/red]" in plain(tokens)


def test_a_text_that_looks_like_a_list_or_a_heading_is_a_paragraph(fairness: Report) -> None:
    for note in ("1. one", "# two", "- three", "+ four", "2) five"):
        report = fairness.model_copy(update={"notes": (), "checks": (), "figures": (),
            "sheets": (fairness.sheets[0].model_copy(update={"note": note}),)})  # fmt: skip
        tokens = parsed(report)
        assert note in plain(tokens)
        assert not [t for t in tokens if t.type in {"bullet_list_open", "ordered_list_open"}]


def test_names_with_underscores_stay_readable_unrendered(fairness: Report) -> None:
    report = fairness.model_copy(update={"summary": "true_positive_rate is low"})
    assert "true_positive_rate is low" in render_markdown(report)


def test_findings_lead_with_numbers_reasons_and_remedies(fairness: Report) -> None:
    line = next(line for line in render_markdown(fairness).splitlines() if "sex=Female" in line)
    for part in ("✗ fail", "[-0.129, -0.060\\]", "-0.050", "1,861", "**Remedy:** Add"):
        assert part in line
    assert "None needed." not in render_markdown(fairness)


def test_figures_are_given_as_numbers_and_words(fairness: Report) -> None:
    text = render_markdown(fairness)
    assert "## Rate by group" in text
    assert "| Female | 0.742 |" in text
    assert "Women lower." in text


def test_long_sheets_are_cut_with_a_count(fairness: Report) -> None:
    rows = tuple((f"g{i}", i, 0.5) for i in range(1750))
    sheet = fairness.sheets[0].model_copy(update={"rows": rows})
    assert "*1,250 more rows*" in render_markdown(fairness.model_copy(update={"sheets": (sheet,)}))


def test_whatever_the_report_the_size_is_bounded() -> None:
    text = "é" * 5000
    check = Check(name="c", claim=text, verdict=Verdict.FAIL, why=text, remedy=text)
    sheet = Sheet(title=text, columns=("a",) * 40, rows=(("x" * 150,) * 40,) * 130)
    huge = Report(gate="g", subject=text, verdict=Verdict.FAIL, summary=text, notes=(text,) * 5,
                  checks=(check,) * 600, sheets=(sheet,))  # fmt: skip
    assert len(render_markdown(huge).encode()) <= MARKDOWN_LIMIT
    assert "more rows*" in render_markdown(huge)
    endless = huge.model_copy(update={"notes": (text,) * 600})
    assert len(render_markdown(endless).encode()) <= MARKDOWN_LIMIT
    assert render_markdown(endless).endswith(
        "*Cut here: the report is longer than an artifact may be.*\n"
    )


def test_many_numbers_are_left_to_their_picture(fairness: Report) -> None:
    (figure, *_) = fairness.figures
    many = figure.model_copy(
        update={
            "series": tuple(s.model_copy(update={"points": s.points * 20}) for s in figure.series)
        }
    )
    for drawn, shown in ((figure, True), (many, False)):
        report = fairness.model_copy(update={"figures": (drawn,), "sheets": (), "checks": ()})
        text = render_markdown(report, {drawn.title: "data:image/svg+xml;base64,AA"})
        assert "](data:" in text
        assert ("|" in text) is shown
        assert "|" in render_markdown(report)
