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
