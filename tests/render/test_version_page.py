"""The table of all versions: whole without script, sorted and filtered with its own."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil

import pytest

from assay.render.version_page import (
    PAGE_POLICY,
    VersionPage,
    VersionRow,
    VersionScore,
    render_version_page,
)

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


def row(number, status, score, **more):
    told = {
        "candidate": "Ridge",
        "at": f"2026-11-{number:02} 10:00",
        "actor": "ada",
        "gap": VersionScore("", None),
        "gates": "all pass",
    } | more
    shown = VersionScore("" if score is None else f"{score:.3f} [0.1, 0.9]", score)
    return VersionRow(name=f"m@{number}", number=number, status=status, scores=(shown,), **told)


def page(*rows):
    return VersionPage("m", "m@2 is champion", "Will they?", ("ROC AUC",), rows)


ROWS = (
    row(10, "rejected", 0.7, gates="fail: fairness"),
    row(9, "registered", None),
    row(2, "champion", 0.9, report="/ab", comparison="/compare?a=m@1&b=m@2", against="m@1"),
)


def test_it_holds_every_version_without_script_and_names_its_script_by_digest():
    html = render_version_page(page(*ROWS)).decode()
    for name in ("m@10", "m@9", "m@2"):
        assert f">{name}<" in html
    script = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    assert len(script) == 1
    digest = base64.b64encode(hashlib.sha256(script[0].encode()).digest()).decode()
    assert f"'sha256-{digest}'" in PAGE_POLICY
    assert 'href="/compare?a=m@1&amp;b=m@2"' in html


def test_what_people_wrote_is_escaped():
    html = render_version_page(page(row(1, "champion", 0.5, candidate="<b>x</b>"))).decode()
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;" in html


@pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; .ci/run installs it")
def test_columns_sort_by_value_both_ways_and_words_filter(tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    file = tmp_path / "versions.html"
    file.write_bytes(render_version_page(page(*ROWS)))
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        opened = browser.new_page(viewport={"width": 1280, "height": 800})
        opened.goto(file.as_uri())
        names = opened.locator("tbody tr:not([hidden]) th")

        def press(head):
            opened.get_by_role("button", name=head).click()
            return names.all_inner_texts()

        assert press("version") == ["m@2", "m@9", "m@10"]
        assert press("version") == ["m@10", "m@9", "m@2"]
        # A version without a score comes last, whichever way.
        assert press("ROC AUC") == ["m@10", "m@2", "m@9"]
        assert press("ROC AUC") == ["m@2", "m@10", "m@9"]
        assert opened.locator("th[aria-sort=descending]").count() == 1
        opened.get_by_label("Words").fill("fairness FAIL")
        assert names.all_inner_texts() == ["m@10"]
        assert opened.get_by_text("1 of 3 versions").is_visible()
        opened.get_by_label("Words").fill("")
        opened.get_by_label("State").select_option("champion")
        assert names.all_inner_texts() == ["m@2"]
        browser.close()
