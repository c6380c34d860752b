"""The search, as a browser does it from the disk."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; .ci/run installs it")


def test_words_find_columns_lessons_and_decisions_and_the_page_says_how_many(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 390, "height": 800})
        said = []
        page.on("console", lambda message: said.append(message.text))
        page.goto((site / "index.html").as_uri())
        found = {}
        for words in ("visits", "shuffled stopped", "promoted ada", "</script>", "nowhere"):
            page.fill("input[type=search]", words)
            titles = page.locator("#search li a").all_inner_texts()
            found[words] = (page.locator("#search output").inner_text(), titles)
        page.fill("input[type=search]", "promoted ada")
        page.click("#search li a")
        assert page.url.endswith("/use-cases/guests.html")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        browser.close()
    assert said == []
    assert found["visits"][0] == "2 found"
    assert found["shuffled stopped"][1] == ["guests: learnt"]
    assert found["promoted ada"][1] == ["guests: decided 2026-11-22 06:18"]
    assert found["</script>"][0] == "2 found"
    assert found["nowhere"] == ("0 found", [])
