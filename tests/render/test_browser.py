"""What only a browser can tell: nothing is wider than a phone, and keys reach every fold."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import gallery
import pytest
from deciding import fairness, gap, performance

from assay.gates.report import Sheet, Verdict
from assay.render.decision_summary import ModelDecision, summarize_decision
from assay.render.html_page import render_html

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium here; .ci/run installs it")

# In frames of the widths to test, because a window of its own is never so narrow.
_OUTER = """<!DOCTYPE html><meta charset="utf-8"><body><script>
const found = {};
for (const frame of document.querySelectorAll("iframe")) {
  frame.onload = () => {
    const inner = frame.contentDocument, folds = [...inner.querySelectorAll("summary")];
    found[frame.width] = {
      wide: inner.documentElement.scrollWidth,
      room: inner.documentElement.clientWidth,
      folds: folds.length,
      hidden: [...inner.querySelectorAll("details :is(table, ol, figure)")].filter(
        part => !part.getClientRects().length).length,
      answer: inner.querySelector(".next")?.getBoundingClientRect().bottom ?? null,
      numbers: inner.querySelector(".numbers")?.getBoundingClientRect().bottom ?? null,
      reached: folds.filter(fold => fold.tabIndex >= 0).length,
      pictures: [...inner.querySelectorAll("svg.figure")].map(
        svg => svg.getBoundingClientRect().right),
    };
    document.title = JSON.stringify(found);
  };
}
</script>"""


def measured(pages: bytes, widths: list[int], folder: Path) -> dict[str, dict[str, object]]:
    """What a browser makes of the page in windows of these widths."""
    inner = html.escape(pages.decode())
    frames = "".join(f'<iframe width="{w}" height="800" srcdoc="{inner}"></iframe>' for w in widths)
    outer = folder / "outer.html"
    outer.write_text(_OUTER.replace("<body>", f"<body>{frames}"), "utf-8")
    assert CHROMIUM
    ran = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=5000",
         f"--user-data-dir={folder / 'profile'}", "--dump-dom", outer.as_uri()],
        capture_output=True, check=True, timeout=120, text=True,
    )  # fmt: skip
    title = re.search(r"<title>(.*?)</title>", ran.stdout, re.DOTALL)
    assert title, ran.stderr
    found: dict[str, dict[str, object]] = json.loads(html.unescape(title[1]))
    return found


WIDTHS = [390, 1280, 1440]


def page_of_a_run() -> bytes:
    """A run with every gate, wide tables, long words and figures of every kind."""
    wide = Sheet(
        title="Wide",
        columns=tuple(f"a rather long heading {n}" for n in range(14)),
        rows=tuple(tuple(f"{n}.123 (0.100 to 0.200)" for _ in range(14)) for n in range(20)),
    )
    short = wide.model_copy(update={"title": "Short", "rows": wide.rows[:3]})
    reports = [
        performance(champion=0.921, others={"recall": 0.53, "precision": 0.82}),
        fairness(gap("marital_status=Married-civilian-spouse", -0.3, Verdict.FAIL)),
        gallery.report("validation"),
    ]
    full = [
        report.model_copy(update={"figures": gallery.report("g").figures,
                                  "sheets": (wide, short)})
        for report in reports
    ]  # fmt: skip
    summary = summarize_decision(full, ModelDecision("income@2", "rejected", against="income@1"))
    return render_html(full, title="income@2", facts={"Question": "?"}, summary=summary)


def test_no_width_makes_the_page_wider_than_its_window(tmp_path: Path) -> None:
    found = measured(page_of_a_run(), WIDTHS, tmp_path)
    assert set(found) == {str(width) for width in WIDTHS}
    for seen in found.values():
        assert seen["wide"] == seen["room"]


def test_the_first_screen_holds_the_answer_at_every_width(tmp_path: Path) -> None:
    found = measured(page_of_a_run(), WIDTHS, tmp_path)
    for width, height in ((390, 844), (1280, 800), (1440, 900)):
        seen = found[str(width)]
        assert seen["answer"] is not None
        assert float(str(seen["answer"])) < height / 2  # the sentence and what to do
        assert float(str(seen["numbers"])) < height


def test_paper_shows_what_is_folded_and_cuts_nothing(tmp_path: Path) -> None:
    printed = page_of_a_run().decode().replace("@media print", "@media screen")
    (seen,) = measured(printed.encode(), [673], tmp_path).values()  # A4 less its margins
    assert seen["wide"] == seen["room"]
    assert seen["folds"] != 0
    assert seen["hidden"] == 0


def test_a_page_fits_a_phone_and_keys_reach_its_folds(tmp_path: Path) -> None:
    reports = [gallery.report("performance"), gallery.report("fairness")]
    facts = {"Question": "Is it so?", "Run": "sha256:" + "5" * 64, "Outcome": "rejected"}
    found = measured(
        render_html(reports, title="income@2", facts=facts), [320, 360, 1200], tmp_path
    )
    assert set(found) == {"320", "360", "1200"}
    for width, seen in found.items():
        assert seen["wide"] == seen["room"]
        assert seen["folds"] == seen["reached"] != 0
        pictures = seen["pictures"]
        assert isinstance(pictures, list)
        assert len(pictures) == 2 * len(gallery.FIGURES)
        assert all(0 < right <= int(width) for right in pictures)
