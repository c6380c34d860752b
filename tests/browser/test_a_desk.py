"""From the operator's desk to last night's failure and its reason, in a real browser.

It reads what waits before the operator's morning, whose tests decide about it: files run by name.
"""

from __future__ import annotations

import re

import pytest

from tests.browser.dashboard import SIZE

pytestmark = pytest.mark.operation
expect = pytest.importorskip("playwright.sync_api").expect
WIDTHS = (1440, 1280, 390)


@pytest.fixture
def desk(inn, opened):
    """The first page of the reports, in a browser that has logged in to both ports."""
    dashboard = opened("v1")
    dashboard.page.set_extra_http_headers(inn.credentials())
    dashboard.page.goto(inn.pages)
    expect(dashboard.page.get_by_role("heading", name="Use cases")).to_be_visible()
    return dashboard


def failed(page, state):
    """The line of what failed in that way."""
    return page.locator("section[aria-labelledby=failed] li").filter(has_text=state).first


def test_last_nights_failure_and_its_reason_stand_there_and_its_report_is_one_click_away(desk):
    page = desk.page
    line = failed(page, "is rejected")
    expect(line).to_contain_text("train guests, 20")
    expect(line).to_contain_text(re.compile("dummy", re.I))
    line.get_by_role("link", name="Report").click()
    expect(page.get_by_role("heading", name="guests@2", exact=False).first).to_be_visible()
    expect(page.get_by_text(re.compile("dummy", re.I)).first).to_be_visible()


def test_the_run_in_prefect_is_one_click_away_and_says_why_at_the_second(desk):
    page = desk.page
    failed(page, "is rejected").get_by_role("link", name="Run").click()
    expect(page).to_have_url(re.compile("/runs/flow-run/[-0-9a-f]+"))
    expect(page.get_by_text("Rejected", exact=True).first).to_be_visible()
    desk.tab("Details")
    expect(page.get_by_text("better than the dummy's").first).to_be_visible()


def test_who_waits_is_led_to_the_run_that_asks(desk):
    page = desk.page
    line = page.locator("section[aria-labelledby=waiting] li").filter(has_text="guests@").first
    line.get_by_role("link", name="Run").click()
    expect(page.get_by_role("button", name="Resume").first).to_be_visible()


def test_a_use_case_tells_champion_look_and_performance(desk):
    row = desk.page.get_by_role("row").filter(has_text="guests").last
    for told in ("guests@1", "retrain", "ROC AUC"):
        expect(row).to_contain_text(told)
    assert row.locator("polyline").count() >= 1


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_each_screen_and_asks_nobody_for_anything(desk, width, scheme):
    page, asked = desk.page, []
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": SIZE["height"]})
    page.on("request", lambda request: asked.append(request.url))
    page.reload()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert {url.partition("?")[0] for url in asked if not url.startswith("data:")} == {page.url}
