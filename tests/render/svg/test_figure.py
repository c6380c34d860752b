from __future__ import annotations

import re
from collections.abc import Callable
from itertools import combinations, pairwise
from xml.etree import ElementTree as ET

import gallery
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.report import Figure, Point, Series
from assay.render.numbers import NO_VALUE
from assay.render.svg import elements
from assay.render.svg.axes import axis_range, fit_scale, linear_ticks, log_ticks
from assay.render.svg.canvas import WIDTH
from assay.render.svg.elements import FONT_SIZE, fit_text, text_width
from assay.render.svg.figure import figure_svg, figure_svg_file

SVG = "{http://www.w3.org/2000/svg}"
values = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ranges = st.none() | st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))
labels = st.text(max_size=80)
points = st.builds(
    Point, label=labels, value=values, low=values, high=values, x=values, x_low=values,
    x_high=values,
)  # fmt: skip
series = st.builds(
    Series, name=labels, points=st.lists(points, max_size=5).map(tuple),
    joined=st.none() | st.booleans(),
)  # fmt: skip
figures = st.builds(
    Figure, title=st.text(), kind=st.sampled_from(["intervals", "curve", "bars", "scatter"]),
    series=st.lists(series, max_size=7).map(tuple), axis=labels, x_axis=labels,
    x_log=st.booleans(), reference=values, reference_name=labels, band=ranges, band_name=labels,
    x_reference=values, x_reference_name=labels, x_band=ranges, x_band_name=labels,
    diagonal=labels, alt=st.text(),
)  # fmt: skip


def figure(kind: str = "intervals", *series: Series, **more: object) -> Figure:
    fields = {"title": "Rates", "axis": "rate", "alt": "Told in words.", **more}
    return Figure.model_validate({"kind": kind, "series": series, **fields})


def rates(*marks: tuple[str, float | None]) -> Series:
    return Series(name="rates", points=tuple(Point(label=n, value=v) for n, v in marks))


def drawn(shown: Figure) -> ET.Element:
    return ET.fromstring(figure_svg(shown))


def said(element: ET.Element) -> list[str]:
    return [text.text or "" for text in element.iter(f"{SVG}text")]


@given(figures)
def test_any_figure_is_well_formed_and_inside_its_frame(shown: Figure) -> None:
    root = drawn(shown)
    _, _, right, bottom = map(float, root.attrib["viewBox"].split())
    for text in root.iter(f"{SVG}text"):
        reach = text_width(text.text or "")
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
    assert figure_svg(shown) == figure_svg(Figure.model_validate_json(shown.model_dump_json()))


@pytest.mark.parametrize("make", gallery.FIGURES, ids=lambda make: make.__name__)
def test_no_two_texts_of_a_figure_overlap(make: Callable[[], Figure]) -> None:
    root = drawn(make())
    boxes = []
    for text in root.iter(f"{SVG}text"):
        reach, x, y = text_width(text.text or ""), float(text.attrib["x"]), float(text.attrib["y"])
        anchor = text.get("text-anchor", "start")
        start = x - {"start": 0, "middle": reach / 2, "end": reach}[anchor]
        boxes.append((start, y - 10, start + reach, y + 2, text.text))
    for one, other in combinations(boxes, 2):
        apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
        assert apart, (one, other)


@pytest.mark.parametrize("make", gallery.FIGURES, ids=lambda make: make.__name__)
def test_a_picture_that_stands_alone_is_a_file_on_white_with_its_title(
    make: Callable[[], Figure],
) -> None:
    root = ET.fromstring(figure_svg_file(make()))
    assert root.find(f"{SVG}rect").attrib["fill"] == "#fff"  # type: ignore[union-attr]
    assert make().title in said(root)
    assert float(root.attrib["width"]) > 0
    assert len(figure_svg_file(make())) < 30_000


def test_who_cannot_see_it_is_told() -> None:
    root = drawn(figure("bars", rates(("a", 0.5))))
    assert root.attrib["role"] == "img"
    assert root.findtext(f"{SVG}title") == "Rates"
    assert root.findtext(f"{SVG}desc") == "Told in words."


def test_markup_in_a_label_stays_text() -> None:
    picture = figure_svg(figure("intervals", rates(("<script>alert(1)</script>", 0.5))))
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
    assert NO_VALUE in texts


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
        for name in "abcdef"
    ]
    root = drawn(figure("curve", *traces))
    dashes = {p.get("stroke-dasharray") for p in root.iter(f"{SVG}path")} - {None}
    assert len(dashes) == 6
    assert (
        len({re.sub("[0-9.-]+", "", elements.series_marker(series, 0, 0)) for series in range(6)})
        == 6
    )


def test_the_legend_says_what_reference_and_band_are() -> None:
    shown = figure("intervals", rates(("a", 0.5)), reference=0.8, band=(0.75, 0.85))
    assert {"reference 0.800", "allowed 0.750 to 0.850"} <= set(said(drawn(shown)))


def test_reference_and_bands_are_called_what_they_are_and_drawn_on_their_axis() -> None:
    root = drawn(gallery.cost_curve())
    assert {
        "nobody is invited 2,400",
        "chosen threshold 0.410",
        "within 1 % of the least 0.350 to 0.520",
    } <= set(said(root))
    dashed = [li for li in root.iter(f"{SVG}line") if "1.5" in li.get("stroke-dasharray", "")]
    ways = {(li.attrib["x1"] == li.attrib["x2"], li.attrib["y1"] == li.attrib["y2"])
            for li in dashed}  # fmt: skip
    assert ways == {(True, False), (False, True)}


def test_measured_points_are_marks_and_a_fit_is_a_line() -> None:
    root = drawn(gallery.learning_curve())
    paths = [path for path in root.iter(f"{SVG}path") if path.get("fill") == "none"]
    assert len(paths) == 1
    assert paths[0].attrib["d"].count("L") == 57
    assert len(list(root.iter(f"{SVG}circle"))) == 7 + 1  # and one in the legend


def test_a_logarithmic_axis_gives_each_doubling_the_same_room() -> None:
    across = fit_scale([500, 1000, 2000, 32000], 0, 300, log=True)
    assert across(1000) - across(500) == pytest.approx(across(32000) - across(16000))
    assert not fit_scale([0.0, 10.0], 0, 300, log=True).log


@given(st.floats(1e-6, 1e6), st.floats(1.1, 1e9), st.integers(2, 8))
def test_logarithmic_ticks_are_few_ordered_and_within_the_range(
    low: float, ratio: float, most: int
) -> None:
    marks = log_ticks(low, low * ratio, most)
    assert len(marks) <= most
    assert len({label for _, label in marks}) == len(marks)
    assert all(a < b for (a, _), (b, _) in pairwise(marks))
    assert all(low * (1 - 1e-6) <= value <= low * ratio * (1 + 1e-6) for value, _ in marks)


def test_an_interval_that_is_open_runs_to_the_edge_and_has_no_cap_there() -> None:
    def whiskers(high: float | None) -> list[float]:
        mark = Point(label="a", value=0.5, low=0.4, high=high)
        root = drawn(figure("intervals", Series(name="s", points=(mark,)), reference=0.9))
        lines = [li for li in root.iter(f"{SVG}line") if li.get("stroke-width") == "1.5"]
        return sorted(float(li.attrib["x2"]) for li in lines)

    assert max(whiskers(None)) > max(whiskers(0.6)) + 20
    assert len(whiskers(None)) == len(whiskers(0.6)) + 1  # two strokes of an arrow for a cap


def test_the_diagonal_is_where_value_equals_x() -> None:
    root = drawn(gallery.calibration())
    (path,) = [p for p in root.iter(f"{SVG}path") if p.get("stroke-dasharray") == "1.5 3"]
    assert "as promised" in said(root)
    ends = [tuple(map(float, at.split())) for at in path.attrib["d"].removeprefix("M").split("L")]
    slopes = {round((d - b) / (c - a), 1) for (a, b), (c, d) in pairwise(ends)}
    assert len(slopes) == 1


def test_the_diagonal_runs_from_corner_to_corner_where_the_axes_differ() -> None:
    rare = Series(name="s", points=tuple(Point(label="", x=x, value=5 * x) for x in (0.01, 0.1)))
    root = drawn(figure("curve", rare, diagonal="as promised"))
    (path,) = [p for p in root.iter(f"{SVG}path") if p.get("stroke-dasharray") == "1.5 3"]
    ends = [tuple(map(float, at.split())) for at in path.attrib["d"].removeprefix("M").split("L")]
    grid = [li for li in root.iter(f"{SVG}line") if li.get("class") == "grid"]
    edges = {float(li.attrib["x1"]) for li in grid} | {float(li.attrib["x2"]) for li in grid}
    assert ends[0][0] == pytest.approx(min(edges), abs=1)
    assert ends[-1][0] == pytest.approx(max(edges), abs=1)
    assert ends[0][1] - ends[-1][1] == pytest.approx(220, abs=1)


def test_marks_with_long_labels_are_numbered_and_explained_in_full() -> None:
    texts = said(drawn(gallery.frontier()))
    assert all(texts.count(str(number)) == 2 for number in range(1, 10))
    assert "and race, 0.02" in texts
    assert not any("…" in text for text in texts)


def test_few_marks_with_short_labels_bear_them() -> None:
    texts = said(drawn(gallery.few_in_a_cloud()))
    assert {"as trained", "reweighted", "thresholds", "reduced"} <= set(texts)
    assert "1" not in texts


def test_bins_stand_along_the_axis_and_what_has_none_is_told() -> None:
    root = drawn(gallery.drift_numeric())
    bars = [r for r in root.iter(f"{SVG}rect") if r.find(f"{SVG}title") is None]
    assert len(bars) == 2 * 30 + 2  # and two in the legend
    assert {"reference, missing: 0.0120", "current, missing: 0.0940"} <= set(said(root))


def test_a_bin_without_an_edge_is_as_wide_as_the_others() -> None:
    bins = (Point(label="<1", value=0.2, x_high=1.0), Point(label="", value=0.5, x_low=1, x_high=2),
            Point(label=">2", value=0.3, x_low=2.0))  # fmt: skip
    root = drawn(figure("bars", Series(name="s", points=bins)))
    widths = {round(float(r.attrib["width"])) for r in root.iter(f"{SVG}rect")}
    assert len(widths) == 1


def test_many_bars_side_by_side_leave_their_values_to_the_numbers() -> None:
    root = drawn(gallery.drift_categories())
    assert "0.300" not in said(root)
    assert float(root.attrib["viewBox"].split()[3]) < 950


def test_a_bar_is_measured_from_zero() -> None:
    root = drawn(figure("bars", rates(("a", 0.4), ("b", 0.8))))
    short, long = (float(r.attrib["width"]) for r in root.iter(f"{SVG}rect"))
    assert long == pytest.approx(2 * short, abs=0.3)


@given(st.floats(-1e12, 1e12), st.floats(1e-3, 1e12), st.integers(2, 8))
def test_ticks_are_few_ordered_and_within_the_range(low: float, size: float, most: int) -> None:
    low, high = axis_range([low, low + size])
    marks = linear_ticks(low, high, most)
    assert len(marks) <= most
    assert len({label for _, label in marks}) == len(marks)
    assert all(a < b for (a, _), (b, _) in pairwise(marks))
    slack = 1e-6 * (high - low)
    assert all(low - slack <= value <= high + slack for value, _ in marks)


def test_ticks_are_round_numbers() -> None:
    assert [label for _, label in linear_ticks(0.0, 1.0, 6)] == [
        "0.0",
        "0.2",
        "0.4",
        "0.6",
        "0.8",
        "1.0",
    ]
    assert [label for _, label in linear_ticks(0, 43_000, 5)] == [
        "0",
        "10,000",
        "20,000",
        "30,000",
        "40,000",
    ]


def test_the_range_of_rates_does_not_leave_zero_and_one() -> None:
    assert axis_range([0.01, 0.99]) == (0.0, 1.0)


@given(st.text(max_size=200), st.floats(FONT_SIZE, WIDTH))
def test_a_fitted_text_fits(text: str, room: float) -> None:
    assert text_width(fit_text(text, room)) <= room + FONT_SIZE


def test_a_tick_is_labelled_where_it_stands() -> None:
    shown = figure("bars", rates(("a label", 9_999_999.0), ("another", -0.5)))
    root = drawn(shown)
    lines = {line.attrib["x1"] for line in root.iter(f"{SVG}line") if line.get("class") == "grid"}
    labels = [t for t in root.iter(f"{SVG}text") if re.fullmatch(r"[\d,.]+", t.text or "")]
    ticked = [t for t in labels if t.get("text-anchor") == "middle"]
    assert ticked
    assert all(label.attrib["x"] in lines for label in ticked)
