"""What of the page was not measured anew stays as it is."""

from benchmarks.operation.page import ALONE, LOAD, OVERHEAD, sections, whole


def test_a_section_is_replaced_and_the_others_stay():
    old = {OVERHEAD: "4.0 s\n\n| a | b |", LOAD: "none late\n\nBy `x`."}
    page = whole(old)
    assert sections(page) == old
    new = whole(sections(page) | {OVERHEAD: "3.0 s", ALONE: "at once"})
    assert list(sections(new)) == [OVERHEAD, ALONE, LOAD]
    assert sections(new) == {OVERHEAD: "3.0 s", ALONE: "at once", LOAD: old[LOAD]}
    assert sections("") == {}
