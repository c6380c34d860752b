"""Text and marks are told from what lies beneath them by who sees little contrast.

Source: WCAG 2.2, "relative luminance", "contrast ratio", success criteria 1.4.3 and 1.4.11.
"""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from assay.render.svg.elements import SERIES_COLOURS

CSS = files("assay.render").joinpath("page.css").read_text("utf-8")
LIGHT, DARK = CSS.split("@media (prefers-color-scheme: dark)", 1)
DARK = DARK.split("*, ::before", 1)[0]
TEXTS = ("ink", "muted", "link", "pass", "caution", "unknown", "fail")


def variables(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#\w+);", css))


def luminance(colour: str) -> float:
    digits = colour.removeprefix("#")
    digits = digits if len(digits) == 6 else "".join(2 * digit for digit in digits)
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(share * c for share, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_is_that_of_the_standard() -> None:
    assert contrast("#000", "#fff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_readable_on_the_page_and_on_its_tints(scheme: str) -> None:
    colours = variables(scheme)
    for name in TEXTS:
        for ground in ("paper", "raised"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        if tint := colours.get(f"{name}-tint"):
            assert contrast(colours[name], tint) >= 4.5, name


def test_marks_of_figures_are_seen_on_white_and_on_the_dark_page() -> None:
    assert all(contrast(colour, "#fff") >= 3 for colour in SERIES_COLOURS)
    dark = re.findall(r"\.figure \.s\d \{ color: (#\w+); \}", DARK)
    assert len(dark) == len(SERIES_COLOURS)
    assert all(contrast(colour, variables(DARK)["paper"]) >= 3 for colour in dark)
