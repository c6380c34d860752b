"""What an operator does on the dashboard, in a real browser, on a set-up that really runs."""

from __future__ import annotations

import re

import pytest

from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from tests.browser.conftest import waiting

pytestmark = pytest.mark.operation
expect = pytest.importorskip("playwright.sync_api").expect


def history(inn):
    return Registry(open_bucket(str(inn.home / ".assay"))).history("guests")


def test_last_nights_run_says_that_it_was_rejected_and_why(dashboard):
    dashboard.open()
    dashboard.run("train guests, 20", "Rejected")
    page = dashboard.page
    dashboard.tab("Details")
    expect(page.get_by_text("better than the dummy's").first).to_be_visible()
    dashboard.shown("guests-report")
    expect(page.get_by_role("heading", name="guests@2: rejected")).to_be_visible()
    expect(page.get_by_text("✗ fail").first).to_be_visible()
    address = page.get_by_role("link", name="The whole report").get_attribute("href")
    page.goto(address)
    expect(page.get_by_role("heading", name="guests@2")).to_be_visible()


def test_a_run_that_was_stopped_says_what_it_would_take(dashboard):
    dashboard.open()
    dashboard.run("train guests, 20", "Infeasible")
    dashboard.shown("guests-report")
    expect(dashboard.page.get_by_text("add columns that bear on the outcome").first).to_be_visible()


def test_a_registered_run_shows_its_gates_with_tables_and_pictures(dashboard):
    dashboard.open()
    dashboard.run("train guests, 20", "Registered")
    dashboard.shown("guests-fairness-logisticregression")
    page = dashboard.page
    expect(page.get_by_role("heading", name="Fairness: ✓ pass")).to_be_visible()
    picture = page.get_by_role("img", name=re.compile("Selection rate by group")).first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.naturalWidth") > 300


def test_long_work_shows_how_far_it_is(dashboard):
    dashboard.open()
    dashboard.run("train guests, 20", "Registered")
    dashboard.shown("guests-logisticregression-progress")
    expect(dashboard.page.get_by_text("100%").first).to_be_visible()


def test_a_use_cases_page_tells_its_history(dashboard):
    dashboard.open()
    dashboard.run("monitor guests, 2026-02-01", "Retrain")
    dashboard.shown("guests-history")
    page = dashboard.page
    expect(page.get_by_role("heading", name=re.compile("guests@1 is champion"))).to_be_visible()
    for told in ("^expected: 0.* realised: 0", "^largest gap: 0", "^columns: "):
        picture = page.get_by_role("img", name=re.compile(told)).first
        assert picture.evaluate("image => image.naturalWidth") > 300
    expect(page.get_by_role("heading", name="What happened")).to_be_visible()


def test_a_look_that_says_retrain_says_why_and_leads_to_its_report(dashboard):
    dashboard.open()
    dashboard.run("monitor guests, 2026-02-01", "Retrain")
    dashboard.shown("guests-look")
    page = dashboard.page
    expect(page.get_by_role("heading", name=re.compile("look [0-9]+ says retrain"))).to_be_visible()
    page.goto(page.get_by_role("link", name="The whole report").get_attribute("href"))
    expect(page.get_by_role("heading", name=re.compile("Look [0-9]+ says retrain"))).to_be_visible()


def test_the_first_is_the_one_that_opens_and_asks_nobody_else_for_anything(opened):
    dashboard = opened("v1")
    dashboard.open()
    expect(dashboard.page.get_by_text("Switch to V2 UI")).to_be_visible()
    dashboard.run("train guests, 20", "Rejected")
    dashboard.page.wait_for_timeout(2000)
    assert dashboard.asked == []


def test_whoever_decides_sees_both_models_and_what_was_typed_stays(inn, opened):
    first = waiting(inn)
    version = first["parameters"]["reference"]
    assert inn.alerts.of(first["name"], "Paused")
    dashboard = opened("v1")
    dashboard.open()
    dashboard.run("promote guests@", "Paused")
    form = dashboard.resume()
    for told in (f"Shall {version} become champion in place of guests@1?", "same test rows",
                 "guests@1: How good?", "retraining begun", "To be weighed"):  # fmt: skip
        expect(form.get_by_text(told).first).to_be_visible()
    compared = form.get_by_role("link", name=f"{version} and guests@1 side by side")
    expect(compared).to_have_attribute("href", re.compile(r"/compare\?a=guests@1&b="))
    expect(form.get_by_text("(Optional)")).to_have_count(0)
    dashboard.page.reload()
    dashboard.answer(answer="refuse", name="ada", because=" ")
    again = opened("v1")
    for _ in inn.waiting(60):
        again.open()
        again.run("promote guests@", "Paused")
        form = again.resume()
        if form.get_by_text("What you typed is below").count():
            break
    assert again.typed(form)[1] == "ada"


def test_a_refusal_is_called_so_and_kept_with_its_reason_and_a_yes_promotes(inn, opened):
    first = waiting(inn)
    version = first["parameters"]["reference"]
    _answer(opened("v2"), because="the answers were turned round", answer="refuse")
    inn.until(first["id"], "Promotion refused")
    entry = history(inn).entries[-1]
    assert (entry.kind, entry.actor, entry.body["via"]) == ("lesson", "ada", "dashboard")
    assert entry.body["text"] == "the answers were turned round"
    assert history(inn).champion.name == "guests@1"

    inn.run("promote/guests", reference=version)
    second = waiting(inn)
    _answer(opened("v1"), because="guests have changed indeed", answer="approve")
    inn.until(second["id"], "Promoted")
    promotion = history(inn).alias_entries["champion"]
    assert (promotion.actor, promotion.body["because"]) == ("ada", "guests have changed indeed")
    assert history(inn).champion.name == version


def _answer(dashboard, *, because, answer):
    dashboard.open()
    dashboard.run("promote guests@", "Paused")
    dashboard.answer(name="ada", because=because, answer=answer)
