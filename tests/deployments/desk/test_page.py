"""The desk's page: what stands there, in which order, escaped and bounded."""

import re
from html.parser import HTMLParser

import pytest

from assay.deployments.desk.page import CASES_PER_PAGE, MOST_LINES, render_desk
from assay.deployments.desk.use_case_state import LastLook, PerformanceTrend
from assay.production.scoring.deadline import DeadlineRecord
from tests.deployments.desk.made import (
    HOUR,
    NOON,
    REPORT,
    RUN,
    desk,
    due_run,
    failed_run,
    item,
    state,
)


def page(made, number=1):
    return render_desk(made, number).decode()


def section(text, name):
    return re.search(rf'<section aria-labelledby="{name}">(.*?)</section>', text, re.S)[1]


def words(text):
    return " ".join(re.sub("<[^>]*>", " ", text).split())


def test_last_nights_failure_stands_there_with_its_reason_run_and_report():
    failed = section(page(desk(item(), failed=[failed_run()])), "failed")
    assert "guests@2 was rejected" in failed
    assert f'href="{RUN}"' in failed
    assert f'href="/{REPORT}"' in failed
    assert "1 hour ago" in words(failed)
    assert "owner: the hotel" in words(failed)


def test_the_title_counts_what_there_is_to_do():
    assert "<h1>1 thing to decide, 1 failed, 1 late or silent</h1>" in page(
        desk(item("approval", "guests@2"), item(), item("deadline"))
    )
    assert "<h1>Nothing waits for a person</h1>" in page(desk())
    # What ran well since asks nothing of anybody.
    assert "<h1>Nothing waits for a person</h1>" in page(desk(failed=[failed_run(settled=True)]))


def test_where_the_server_does_not_answer_the_page_says_so_and_shows_the_bucket():
    text = page(desk(item(), server=False, problem="the server did not answer (ConnectError)"))
    assert "the server did not answer (ConnectError)" in text
    assert "guests@2 was rejected" in section(text, "failed")
    assert "Prefect's dashboard" not in text


def test_a_use_case_tells_its_champion_look_scoring_and_performance():
    told = state(
        champion="guests@1",
        champion_since=NOON - 50 * HOUR,
        look=LastLook("watch", NOON - 3 * HOUR, "x"),
        performance=PerformanceTrend("ROC AUC", (0.92, 0.91), (0.9, 0.87)),
        scored_at=NOON - 5 * HOUR,
        scored_rows=1500,
        deadline=DeadlineRecord(NOON - 6 * HOUR, (), NOON - 5 * HOUR, 2400.0),
        scored_by="06:00 UTC",
    )
    row = section(page(desk(states=[told])), "cases")
    assert 'href="/use-case/guests"' in row
    for part in (
        *("guests@1 for 2 days", "▲ watch 3 hours ago", "5 hours ago 1,500 rows"),
        *("40 minutes late", "by 06:00 UTC", "ROC AUC 0.87, 0.91 expected", "rejected 1 hour ago"),
    ):
        assert part in words(row)
    assert row.count("<polyline") == 2


def test_use_cases_with_something_to_do_come_first_and_the_rest_by_name():
    states = [state(name) for name in ("a", "b", "c", "d")]
    row = section(page(desk(item("silent", "c"), item("retrain", "d@1"), states=states)), "cases")
    assert re.findall("/use-case/(.)", row) == ["d", "c", "a", "b"]


def test_a_thousand_use_cases_and_ten_thousand_lines_are_a_bounded_page():
    states = [state(f"case{number}") for number in range(1000)]
    items = [item("approval", f"case{number % 1000}@1") for number in range(10_000)]
    made = desk(*items, *(item("silent", f"case{n}") for n in range(999)), states=states)
    text = page(made)
    assert len(text) < 300_000
    assert section(text, "cases").count('scope="row"') == CASES_PER_PAGE
    assert section(text, "waiting").count('class="line"') == MOST_LINES
    assert f"And {10_000 - MOST_LINES:,} more" in text
    assert "Page 1 of 20: 1,000 use cases" in words(text)


def test_every_use_case_is_on_one_of_the_pages():
    states = [state(f"case{number:03}") for number in range(120)]
    made = desk(states=states)
    shown = [name for n in (1, 2, 3) for name in re.findall(r"/use-case/(case\d+)", page(made, n))]
    assert sorted(shown) == [one.name for one in states]
    assert page(made, 99) == page(made, 3)
    assert page(made, 0) == page(made, 1)


@pytest.mark.parametrize("odd", ["<script>alert(1)</script>", '"><img src=x>', "\u202e\x1b[31m"])
def test_whatever_names_and_messages_hold_is_text(odd):
    made = desk(
        item("approval", odd, what=odd, owner=odd, command=odd),
        states=[state(odd, owner=odd, problem=odd), state("b", champion=odd, scored_by=odd)],
        failed=[failed_run(odd, reason=odd, name=odd)],
        upcoming=[due_run(use_case=odd)],
        problem=odd,
        server=True,
    )
    text = page(made)
    assert not {"\u202e", "\x1b"} & set(text)
    assert "<script" not in text
    assert "<img" not in text


class _Balance(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in {"meta", "link", "br"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_it_is_well_formed_and_asks_nobody_for_anything():
    text = page(desk(item(), failed=[failed_run(count=2)], upcoming=[due_run()]))
    parser = _Balance()
    parser.feed(text)
    assert parser.open == []
    assert not re.findall(r"<script|@import|url\(|style=|srcset|<form", text)


def test_who_decides_is_led_to_the_comparison_with_the_champion():
    made = desk(item("approval", "guests@2"), states=[state(champion="guests@1")])
    assert 'href="/compare?a=guests%401&amp;b=guests%402"' in page(made)
    assert "/compare" not in page(desk(item("approval", "guests@1")))


def test_a_use_case_that_never_ran_has_no_page_to_lead_to():
    assert "/use-case/" not in page(desk(states=[state("new", runs=())]))


def test_a_look_of_an_unknown_verdict_takes_the_page_from_nobody():
    odd = state(look=LastLook("<b>odd", NOON - HOUR, "x"))
    assert "&lt;b&gt;odd" in section(page(desk(states=[odd])), "cases")
