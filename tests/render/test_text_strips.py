from __future__ import annotations

from gallery import calibration, drift_few, group_rates, many_groups
from hypothesis import given
from hypothesis import strategies as st

from assay.gates.report import Figure, Point, Series
from assay.render.text_strips import strip_legend, text_strips

numbers = st.none() | st.floats(-1e9, 1e9)
points = st.lists(
    st.builds(Point, label=st.text(max_size=5), value=numbers, low=numbers, high=numbers),
    max_size=6,
).map(tuple)


@given(points, st.integers(2, 60), st.sampled_from(["intervals", "bars"]))
def test_every_strip_is_as_wide_as_asked(marks: tuple[Point, ...], room: int, kind: str) -> None:
    figure = Figure.model_validate({
        "title": "t", "kind": kind, "axis": "a", "alt": "", "reference": 0.5, "band": (-1.0, 1.0),
        "series": (Series(name="s", points=marks),),
    })  # fmt: skip
    drawn = text_strips(figure, room)
    assert len(drawn) == len(marks)
    assert all(len(strip.characters) == room for strip in drawn)


def test_an_interval_is_drawn_across_the_tolerance() -> None:
    (men, women, *_, other) = text_strips(group_rates(), 40)
    assert women.label == "sex=Female"
    assert women.value == "0.742"
    line = women.characters
    assert line.index("├") < line.index("●") < line.index("┤")
    assert line.index("●") < men.characters.index("●")
    assert set(other.characters) == {" ", "·", "┊"}
    assert strip_legend(group_rates()) == "┊ Male 0.831, · tolerated 0.731 to 0.931"


def test_an_open_side_is_an_arrow() -> None:
    mark = Point(label="a", value=0.5, low=0.4)
    figure = group_rates().model_copy(update={"series": (Series(name="s", points=(mark,)),)})
    (strip,) = text_strips(figure, 30)
    assert strip.characters.endswith("→")


def test_series_stand_beneath_one_another_and_differ() -> None:
    drawn = text_strips(drift_few(), 30)
    assert [strip.series for strip in drawn] == ["reference", "current"] * 3
    first, second = drawn[0].characters, drawn[1].characters
    assert first.count("█") > second.count("▒") > 0


def test_curves_and_crowds_are_left_to_their_numbers() -> None:
    assert text_strips(calibration(), 40) == []
    assert text_strips(many_groups(), 40) == []
