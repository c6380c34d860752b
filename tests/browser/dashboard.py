"""The dashboard in a real browser, and what a person does there. Prefect has two: v1, which
`assay up` opens, and v2, to which a person may switch.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from playwright.sync_api import Browser, Locator, expect, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SIZE = {"width": 1200, "height": 800}
_PATIENCE = 30_000  # milliseconds: two cores, a server and a browser

expect.set_options(timeout=_PATIENCE)


@contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        # Root may not have a sandbox.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Dashboard:
    """A person's browser. `asked`: what its pages asked of others than the server."""

    def __init__(self, opened: Browser, address: str, version: str = "v1") -> None:
        context = opened.new_context(viewport=SIZE, color_scheme="light")
        context.set_default_timeout(_PATIENCE)
        if version == "v2":
            choice = {"name": "prefect_ui_version", "value": "v2", "url": address}
            context.add_cookies([choice])
        self.page, self.address, self.version = context.new_page(), address, version
        self.asked: list[str] = []
        self.page.on("request", self._heard)

    def _heard(self, request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.asked.append(request.url)

    @property
    def v1(self) -> bool:
        return self.version == "v1"

    def close(self) -> None:
        self.page.context.close()

    # --- ways through it --------------------------------------------------------------------

    def log_in(self, link: str) -> None:
        """By the link that `assay up` prints, as far as the pages that it leads to."""
        self.page.goto(link)
        expect(self.page).to_have_url(re.compile(f"^{self.address}/(v2/)?dashboard"))
        self.asked.clear()  # the reports were asked, too

    def open(self) -> None:
        self.page.goto(self.address)

    def menu(self, name: str) -> None:
        self.page.get_by_role("button" if self.v1 else "link", name=name, exact=True).first.click()

    def runs(self, named: str) -> None:
        """The list of the runs whose name holds the words, the newest first."""
        self.menu("Runs")
        search = self.page.get_by_placeholder("Search by flow run name")
        search.locator("visible=true").first.fill(named)
        self.page.wait_for_timeout(2000)  # it asks once nobody types any more

    def run(self, named: str, state: str) -> None:
        """The page of the newest such run that is in the state."""
        self.runs(named)
        said = self.page.get_by_text(state, exact=True).first
        link = said.locator(f"xpath=preceding::a[contains(normalize-space(.), '{named}')][1]")
        for _ in range(3):  # a list that is drawn anew under the pointer takes no click
            link.click()
            with suppress(AssertionError):
                expect(self.page).to_have_url(re.compile("flow-run/"), timeout=5000)
                return
        raise AssertionError(f"a click on {link.inner_text()!r} leads nowhere: {self.page.url}")

    def tab(self, name: str) -> None:
        self.page.get_by_role("tablist").last.get_by_text(name, exact=True).click()

    def shown(self, key: str) -> None:
        """From a run's page to something that it shows, as this run has it."""
        run = re.search("flow-run/([-0-9a-f]+)", self.page.url)[1]
        self.tab("Artifacts")
        link = self.page.get_by_role("link", name=re.compile(f"{key}(?![-a-z0-9])")).first
        self._down_to(link)
        link.click()
        if not self.v1:  # a page of all runs that showed something under that key
            mine = self.page.locator(f"a[href*='{run}']").first
            mine.locator("xpath=preceding::a[contains(@href, '/artifact/')][1]").click()
        expect(self.page).to_have_url(re.compile("artifact/"))

    def _down_to(self, there: Locator) -> None:
        """Lists grow as one goes down; over the picture of the run a wheel would zoom."""
        self.page.mouse.move(SIZE["width"] / 2, SIZE["height"] - 60)
        for _ in range(60):
            if there.count():
                return
            self.page.mouse.wheel(0, 300)
            self.page.wait_for_timeout(500)

    def resume(self) -> Locator:
        """The form of the run that waits for a person."""
        if not self.v1:
            self.page.get_by_role("button", name="Open menu").first.click()
        self.page.get_by_role("button" if self.v1 else "menuitem", name="Resume").click()
        return self.page.get_by_role("dialog")

    def answer(self, *, name: str, because: str, answer: str) -> None:
        form = self.resume()
        fields = form.get_by_role("textbox")  # which v1 does not tie to their labels
        for place, text in enumerate((answer, name, because)):
            fields.nth(place).fill(text)
        with self.page.expect_response(re.compile("/resume$")) as answered:
            form.get_by_role("button", name="Submit" if self.v1 else "Resume").click()
        assert answered.value.ok

    def typed(self, form: Locator) -> list[str]:
        """What stands in the fields of a form: the answer, the name, the reason."""
        return [field.input_value() for field in form.get_by_role("textbox").all()]
