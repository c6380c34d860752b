"""The site's own pages as HTML: each a function of facts, and equal facts give equal bytes."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from markupsafe import Markup

from assay.bucket.artifacts import Artifact
from assay.registry.history import Version
from assay.render.decision_summary import DecisionSummary
from assay.render.html_page import svg_markup
from assay.render.journal_text import JournalEvent
from assay.render.model_history import history_figures
from assay.render.page_template import load_template
from assay.render.version_page import VersionPage
from assay.site.table_catalogue import CatalogueTable
from assay.site.use_case_facts import TableUse, UseCaseFacts
from assay.site.version_lineage import VersionLineage
from assay.util import clock
from assay.util.wording import format_count

_SCRIPT: Final = files("assay.site").joinpath("search.js").read_text("utf-8")
_SCRIPT_DIGEST: Final = base64.b64encode(hashlib.sha256(_SCRIPT.encode()).digest()).decode()
_FACTS: Final = {"decision": "Decision", "harm": "Harm of a wrong answer", "owner": "Owner"}


def render_front_page(
    use_cases: Sequence[UseCaseFacts],
    states: Mapping[str, str],
    tables: Sequence[CatalogueTable],
    since: str,
    news: Mapping[str, Sequence[JournalEvent]],
) -> bytes:
    """The first page. `states` are a sentence about each use case, `news` what happened `since`."""
    # In a script element only "<" could end it, or begin a comment.
    index = json.dumps(_search_entries(use_cases, tables), ensure_ascii=False)
    safe_index = Markup(index.replace("<", "\\u003c"))  # noqa: S704 # see above
    return _render(
        "front.html",
        up="",
        script_policy=f"; script-src 'sha256-{_SCRIPT_DIGEST}'",
        script=Markup(_SCRIPT),  # noqa: S704 # our own file
        index=safe_index,
        use_cases=use_cases,
        states=states,
        tables=tables,
        since=since,
        news=news,
    )


def render_use_case_page(
    case: UseCaseFacts,
    summary: DecisionSummary | None,
    versions: VersionPage | None,
    tables_of: Mapping[str, Artifact],
) -> bytes:
    """A use case. `summary` is the first screen of the version that is shown, `tables_of` gives a
    version's table by name.
    """
    shown = case.shown_version
    promotion = case.history.alias_entries.get("champion")
    return _render(
        "use_case.html",
        up="../",
        case=case,
        facts={title: case.asked[name] for name, title in _FACTS.items() if case.asked.get(name)},
        summary=summary,
        shown=shown,
        choice=case.champion_choice,
        table=tables_of.get(shown.name) if shown else None,
        nothing="There is no version yet: every run stopped." if case.uses else "No run has ended.",
        figures=list(history_figures(case.looks, promotion, None)),
        versions=versions,
        tables_of=tables_of,
    )


def render_table_page(table: CatalogueTable) -> bytes:
    """A table of the catalogue."""
    return _render("table.html", up="../", table=table)


def render_lineage_page(case: str, lineage: VersionLineage, table: Artifact | None) -> bytes:
    """How a version of the use case `case` came to be."""
    return _render("lineage.html", up="../", case=case, lineage=lineage, table=table)


def _search_entries(
    use_cases: Sequence[UseCaseFacts], tables: Sequence[CatalogueTable]
) -> list[dict[str, str]]:
    found = []
    for case in use_cases:
        href = f"use-cases/{case.name}.html"
        asked = (str(case.asked.get(name, "")) for name in ("question", *_FACTS))
        found.append({"title": case.name, "href": href, "text": " · ".join(filter(None, asked))})
        found += [{"title": f"{case.name}: learnt", "href": href, "text": t} for t in case.lessons]
        found += [
            {"title": f"{case.name}: decided {one.time}", "href": href, "text": _line(one)}
            for one in case.decisions
        ]
        found += [
            {"title": version.name, "href": f"versions/{version.name}.html", "text": _said(version)}
            for version in reversed(case.history.versions.values())
        ]
    for table in tables:
        href = f"tables/{table.artifact.digest.hex}.html"
        found.append({"title": table.title, "href": href, "text": " ".join(table.notes)})
        found += [
            {
                "title": f"{table.title}: {column.name}",
                "href": f"{href}#{column.name}",
                "text": " · ".join(filter(None, (column.kind, column.role, *column.note))),
            }
            for column in table.columns
        ]
    return found


def _line(event: JournalEvent) -> str:
    return f"{event.actor}: {event.text}"


def _said(version: Version) -> str:
    return f"{version.status}: {version.entry.body.get('candidate', '')}"


def _name_readers(uses: Iterable[TableUse]) -> str:
    return ", ".join(dict.fromkeys(use.use_case for use in uses))


def _day(moment: datetime) -> str:
    return clock.display_timestamp(moment)[:10]


def _render(name: str, **facts: Any) -> bytes:
    html: str = _template(name).render({"script_policy": "", **facts})
    return html.lstrip().encode("utf-8", "replace")


@cache
def _template(name: str) -> Any:
    css = files("assay.site").joinpath("site.css").read_text("utf-8")
    names = {
        "count": format_count,
        "day": _day,
        "moment": clock.display_timestamp,
        "picture": svg_markup,
        "readers": _name_readers,
    }
    return load_template("assay.site", name, names, own_css=css)
