"""All versions of a model on one HTML page: a table that sorts and filters.

The page runs one script of its own, which its content security policy names by digest. Without
script it is a plain table.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from markupsafe import Markup

from assay.render.page_template import load_template


@dataclass(frozen=True)
class VersionScore:
    """A number in the table: its text with the interval, and the value to sort by."""

    text: str
    value: float | None


@dataclass(frozen=True)
class VersionRow:
    """One version. `scores` are in the order of the page's `metrics`. `report` and `comparison` are
    addresses; empty where there is none, and then the commands tell.
    """

    name: str
    number: int
    status: str
    candidate: str
    at: str
    actor: str
    scores: tuple[VersionScore, ...]
    gap: VersionScore
    gates: str
    report: str = ""
    comparison: str = ""
    against: str = ""


@dataclass(frozen=True)
class VersionPage:
    """The page of a model's versions, newest first."""

    model: str
    headline: str
    question: str
    metrics: tuple[str, ...]
    rows: tuple[VersionRow, ...]
    omitted: int = 0

    @property
    def statuses(self) -> list[str]:
        return list(dict.fromkeys(row.status for row in self.rows))


def render_version_page(page: VersionPage) -> bytes:
    """One HTML file in UTF-8; equal input gives equal bytes."""
    html: str = _template().render(page=page, policy=PAGE_POLICY)
    return html.lstrip().encode("utf-8", "replace")


_SCRIPT: Final = files("assay.render").joinpath("version_table.js").read_text("utf-8")
_DIGEST: Final = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
PAGE_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
    f"script-src 'sha256-{_DIGEST}'; form-action 'none'"
)
"""What the page may do: run this script, and nothing else."""


@cache
def _template() -> Any:
    script = Markup(_SCRIPT)  # noqa: S704 # our own file
    return load_template("assay.render", "version_page.html", {"script": script})
