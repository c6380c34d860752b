"""The stylesheet of every page: its colours, type and spacing, as custom properties and classes."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def read_stylesheet() -> str:
    """The text of page.css, for a page's own `style` element."""
    return files("assay.render").joinpath("page.css").read_text("utf-8")
