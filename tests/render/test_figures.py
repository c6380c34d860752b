from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evidence.report import Figure, Point, Series
from assay.render.axes import span, ticks
from assay.render.draw import FONT, fit, width
from assay.render.figures import WIDTH, svg
from assay.render.numbers import NONE

SVG = "{http://www.w3.org/2000/svg}"
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
points = st.builds(
    Point, label=st.text(max_size=80), value=values, low=values, high=values, x=values
)
figures = st.builds(
    Figure,
    title=st.text(),
    kind=st.sampled_from(["intervals", "curve", "bars"]),
    series=st.lists(
        st.builds(
            Series, name=st.text(max_size=80), points=st.lists(points, max_size=5).map(tuple)
        ),
        max_size=7,
    ).map(tuple),
    axis=st.text(max_size=80),
    x_axis=st.text(max_size=80),
    reference=values,
    band=st.none() | st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    alt=st.text(),
)


def figure(kind: str = "intervals", *series: Series, **more: object) -> Figure:
    fields = {"title": "Rates", "axis": "rate", "alt": "Told in words.", **more}
    return Figure.model_validate({"kind": kind, "series": series, **fields})


def rates(*marks: tuple[str, float | None]) -> Series:
    return Series(name="rates", points=tuple(Point(label=n, value=v) for n, v in marks))


def drawn(shown: Figure) -> ET.Element:
    return ET.fromstring(svg(shown))


def said(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


@given(figures)
def test_any_figure_is_well_formed_and_inside_its_frame(shown: Figure) -> None:
    root = drawn(shown)
    _, _, right, bottom = map(float, root.attrib["viewBox"].split())
    for text in root.iter(f"{SVG}text"):
        reach = width(text.text or "")
        anchor = text.get("text-anchor", "start")
        start = float(text.attrib["x"]) - {"start": 0, "middle": reach / 2, "end": reach}[anchor]
        assert start >= -1
        if "translate" not in ET.tostring(text).decode():
            assert start + reach <= right + 1
        assert 0 <= float(text.attrib["y"]) <= bottom
    for line in root.iter(f"{SVG}line"):
        assert all(-6 <= float(line.attrib[end]) <= right for end in ("x1", "x2"))


@given(figures)
def test_the_same_figure_is_the_same_picture(shown: Figure) -> None:
    assert svg(shown) == svg(Figure.model_validate_json(shown.model_dump_json()))


def test_who_cannot_see_it_is_told() -> None:
    root = drawn(figure("bars", rates(("a", 0.5))))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Rates"
    assert root.findtext(f"{SVG}desc") == "Told in words."


def test_markup_in_a_label_stays_text() -> None:
    picture = svg(figure("intervals", rates(("<script>alert(1)</script>", 0.5))))
    assert "<script" not in picture
    assert "&lt;script&gt;" in picture


def test_a_label_too_long_to_show_is_kept_whole_in_a_title() -> None:
    label = "sex=Female, race=" + "very-" * 20 + "long"
    root = drawn(figure("intervals", rates((label, 0.5))))
    (text,) = [t for t in root.iter(f"{SVG}text") if (t.text or "").startswith("sex=Female")]
    assert (text.text or "").endswith("…")
    assert text.findtext(f"{SVG}title") == label


def test_a_row_without_a_value_says_so() -> None:
    texts = said(drawn(figure("intervals", rates(("a", 0.5), ("b", None)))))
    assert "no value" in texts
    assert NONE in texts


def test_points_that_a_curve_cannot_draw_are_counted() -> None:
    trace = Series(
        name="auc",
        points=(Point(label="", x=1, value=0.5), Point(label="", x=2, value=None),
                Point(label="", x=None, value=0.5), Point(label="", x=4, value=0.6)),
    )  # fmt: skip
    texts = said(drawn(figure("curve", trace)))
    assert "2 of 4 points have no value and are not drawn" in texts


def test_a_curve_is_broken_where_a_value_is_missing() -> None:
    trace = Series(
        name="auc",
        points=tuple(Point(label="", x=x, value=v) for x, v in [(1, 0.5), (2, None), (3, 0.6)]),
    )
    paths = [path.attrib["d"] for path in drawn(figure("curve", trace)).iter(f"{SVG}path")]
    assert any(re.fullmatch(r"M[\d. ]+M[\d. ]+", path) for path in paths)


def test_rows_beyond_the_most_are_counted() -> None:
    many = rates(*((f"g{i}", 0.5) for i in range(75)))
    assert "15 more are in the numbers" in said(drawn(figure("intervals", many)))


def test_series_are_told_apart_without_colour() -> None:
    traces = [
        Series(name=name, points=tuple(Point(label="", x=x, value=0.5) for x in (1, 2)))
        for name in "abcd"
    ]
    root = drawn(figure("curve", *traces))
    dashes = {p.get("stroke-dasharray") for p in root.iter(f"{SVG}path")} - {None}
    assert len(dashes) == 4


def test_the_legend_says_what_reference_and_band_are() -> None:
    shown = figure("intervals", rates(("a", 0.5)), reference=0.8, band=(0.75, 0.85))
    assert {"reference 0.800", "allowed 0.750 to 0.850"} <= set(said(drawn(shown)))


def test_a_bar_is_measured_from_zero() -> None:
    root = drawn(figure("bars", rates(("a", 0.4), ("b", 0.8))))
    short, long = (float(r.attrib["width"]) for r in root.iter(f"{SVG}rect"))
    assert long == pytest.approx(2 * short, abs=0.3)


@given(st.floats(-1e12, 1e12), st.floats(1e-3, 1e12), st.integers(2, 8))
def test_ticks_are_few_ordered_and_within_the_range(low: float, size: float, most: int) -> None:
    low, high = span([low, low + size])
    marks = ticks(low, high, most)
    assert len(marks) <= most
    assert len({label for _, label in marks}) == len(marks)
    assert all(a < b for (a, _), (b, _) in pairwise(marks))
    slack = 1e-6 * (high - low)
    assert all(low - slack <= value <= high + slack for value, _ in marks)


def test_ticks_are_round_numbers() -> None:
    assert [label for _, label in ticks(0.0, 1.0, 6)] == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]
    assert [label for _, label in ticks(0, 43_000, 5)] == [
        "0",
        "10,000",
        "20,000",
        "30,000",
        "40,000",
    ]


def test_the_range_of_rates_does_not_leave_zero_and_one() -> None:
    assert span([0.01, 0.99]) == (0.0, 1.0)


@given(st.text(max_size=200), st.floats(FONT, WIDTH))
def test_a_fitted_text_fits(text: str, room: float) -> None:
    assert width(fit(text, room)) <= room + FONT


def test_a_tick_is_labelled_where_it_stands() -> None:
    shown = figure("bars", rates(("a label", 9_999_999.0), ("another", -0.5)))
    root = drawn(shown)
    lines = {line.attrib["x1"] for line in root.iter(f"{SVG}line") if line.get("class") == "grid"}
    labels = [t for t in root.iter(f"{SVG}text") if re.fullmatch(r"[\d,.]+", t.text or "")]
    ticked = [t for t in labels if t.get("text-anchor") == "middle"]
    assert ticked
    assert all(label.attrib["x"] in lines for label in ticked)
