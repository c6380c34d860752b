"""The Grafana dashboard, as data: what needs a person first, then runs, models, batches, bucket.

`make deployments` writes it to deployments/grafana/assay.json. The form is Grafana's dashboard
JSON model: https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from assay.deployments.dashboard.batches import BATCHES, BUCKET
from assay.deployments.dashboard.models import MODELS
from assay.deployments.dashboard.needed import NEEDED, STANDING
from assay.deployments.dashboard.panel import Panel
from assay.deployments.dashboard.runs import RUNS

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    ("What needs a person", (*NEEDED, STANDING)),
    ("Runs and steps", RUNS),
    ("Models: as good and as fair as when they were registered?", MODELS),
    ("Batches and labels", BATCHES),
    ("Bucket, and this endpoint", BUCKET),
)

_SCHEMA = 39  # of Grafana 10.4 and 11; newer ones bring it up to date as they read it
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDE = 24  # columns
_LETTERS = "ABCDEFGHIJKL"  # name a panel's queries


def text() -> str:
    """The file."""
    return json.dumps(dashboard(), indent=2) + "\n"


def dashboard() -> dict[str, Any]:
    """Its JSON model."""
    return {
        "uid": "assay",
        "title": "Assay",
        "description": "What needs a person first, then runs, models, batches, bucket.",
        "tags": ["assay"],
        "schemaVersion": _SCHEMA,
        "version": 1,
        "editable": True,
        "timezone": "",
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {"list": [_datasource(), _variable("use_case"), _variable("metric")]},
        "annotations": {"list": [_promotions()]},
        "panels": list(_panels()),
    }


def _panels() -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in ROWS:
        place = {"x": 0, "y": top, "w": _WIDE, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        number, top = number + 1, top + 1
        for panel, place in _placed(panels, top):
            yield _panel(panel, number, place)
            number, bottom = number + 1, place["y"] + place["h"]
        top = bottom


def _placed(panels: Sequence[Panel], top: int) -> Iterator[tuple[Panel, dict[str, int]]]:
    """From left to right, and on the next line where there is no more room."""
    left, height = 0, 0
    for panel in panels:
        if left + panel.width > _WIDE:
            left, top, height = 0, top + height, 0
        yield panel, {"x": left, "y": top, "w": panel.width, "h": panel.height}
        left, height = left + panel.width, max(height, panel.height)


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    made = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.about,
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": list(_targets(panel)),
        "fieldConfig": {"defaults": _defaults(panel), "overrides": _overrides(panel)},
        "options": _OPTIONS[panel.kind],
    }
    return made | ({"transformations": _merged(panel)} if panel.kind == "table" else {})


def _targets(panel: Panel) -> Iterator[dict[str, Any]]:
    """A time series over the time shown; of all else the present."""
    now = panel.kind != "timeseries"
    for letter, query in zip(_LETTERS, panel.queries, strict=False):
        yield {
            "refId": letter,
            "datasource": _SOURCE,
            "expr": query.ask,
            "legendFormat": query.legend,
            "instant": now,
            "range": not now,
            "format": "table" if panel.kind == "table" else "time_series",
        }


def _defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red is not None:
        steps.append({"color": "red", "value": panel.red})
    if panel.green is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.green}]
    made: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "color": {"mode": "thresholds" if panel.kind == "stat" else "palette-classic"},
    }
    if panel.kind == "timeseries":
        lines = {"lineWidth": 1, "fillOpacity": 60 if panel.stacked else 0, "showPoints": "never"}
        stacking = {"mode": "normal" if panel.stacked else "none"}
        made["custom"] = lines | {"spanNulls": 3_600_000, "stacking": stacking}  # milliseconds
    return made


def _overrides(panel: Panel) -> list[dict[str, Any]]:
    """Ends of intervals and limits are drawn as such; columns of a table have their own units."""
    dashed = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}
    found: list[dict[str, Any]] = []
    if panel.kind == "timeseries":
        for ending in (" limit", " low", " high"):
            pattern = {"id": "byRegexp", "options": f".*{ending}$"}
            found.append({"matcher": pattern, "properties": [dashed]})
    for letter, query in zip(_LETTERS, panel.queries, strict=False):
        if panel.kind == "table":
            properties = [
                {"id": "displayName", "value": query.legend},
                {"id": "unit", "value": query.unit},
            ]
            column = {"id": "byName", "options": f"Value #{letter}"}
            found.append({"matcher": column, "properties": properties})
    return found


def _merged(panel: Panel) -> list[dict[str, Any]]:
    """One line a use case. Of a query without a legend its labels are shown, not its value."""
    both = list(zip(_LETTERS, panel.queries, strict=False))
    hidden = {f"Value #{letter}": True for letter, query in both if not query.legend}
    hidden |= {"Time": True, **{f"Time {n}": True for n, _ in enumerate(both, start=1)}}
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden}},
    ]


_OPTIONS: dict[str, dict[str, Any]] = {
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "background",
        "graphMode": "none",
        "textMode": "auto",
    },
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def _datasource() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def _variable(label: str) -> dict[str, Any]:
    of = {"use_case": "assay_journal_current", "metric": "assay_performance"}[label]
    query = f"label_values({of}, {label})"
    return {
        "name": label,
        "label": label.replace("_", " "),
        "type": "query",
        "datasource": _SOURCE,
        "definition": query,
        "query": {"query": query, "refId": label},
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "allValue": ".*",
        "current": {"text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _promotions() -> dict[str, Any]:
    """A mark in every picture where a champion changed."""
    return {
        "name": "a new champion",
        "datasource": _SOURCE,
        "enable": True,
        "expr": 'changes(assay_champion_timestamp_seconds{use_case=~"$use_case"}[5m]) > 0',
        "titleFormat": "{{use_case}}: a new champion",
        "iconColor": "blue",
        "step": "60s",
    }
