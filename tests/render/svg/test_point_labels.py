from __future__ import annotations

from itertools import combinations

from hypothesis import given
from hypothesis import strategies as st

from assay.render.svg.point_labels import Box, place_labels

FRAME = Box(40, 0, 420, 220)
places = st.lists(st.tuples(st.floats(45, 415), st.floats(5, 215)), max_size=12)


@given(places, st.floats(8, 110))
def test_no_label_covers_a_mark_or_another_label_or_leaves_the_picture(
    marks: list[tuple[float, float]], width: float
) -> None:
    spots = [spot for spot in place_labels(marks, [width] * len(marks), FRAME) if spot]
    boxes = [spot.box(width) for spot in spots]
    assert not any(a.overlaps(b) for a, b in combinations(boxes, 2))
    assert not any(box.distance_to(mark) == 0 for box in boxes for mark in marks)
    assert all(box.is_inside(FRAME) for box in boxes)


def test_marks_on_one_place_get_a_place_each() -> None:
    spots = place_labels([(200.0, 100.0)] * 9, [12.0] * 9, FRAME)
    assert len({(spot.x, spot.y) for spot in spots if spot}) == 9


def test_a_label_keeps_clear_of_whiskers_where_it_can() -> None:
    whisker = Box(150, 99, 250, 101)
    (spot,) = place_labels([(200.0, 100.0)], [30.0], FRAME, avoid=[whisker])
    assert spot
    assert not spot.box(30.0).overlaps(whisker)


def test_a_label_is_nearer_to_its_own_mark_than_to_any_other() -> None:
    marks = [(68.0, 156.0), (108.0, 124.0), (76.0, 127.0), (91.0, 168.0)]
    for mark, spot in zip(marks, place_labels(marks, [10.0] * 4, FRAME), strict=True):
        assert spot
        assert min(marks, key=spot.box(10.0).distance_to) == mark


def test_a_label_far_from_its_mark_is_led_to_it() -> None:
    spots = place_labels([(200.0, 100.0)] * 9, [12.0] * 9, FRAME)
    assert [spot.needs_leader for spot in spots if spot].count(True) >= 1
    assert spots[0]
    assert not spots[0].needs_leader
