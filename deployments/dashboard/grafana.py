"""The Grafana dashboard as data: what needs a person, then runs, models, batches, bucket.

`make deployments` writes it to deployments/grafana/assay.json, in Grafana's dashboard JSON model:
https://grafana.com/docs/grafana/latest/dashboards/build-dashboards/view-dashboard-json-model/
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from assay.deployments.dashboard.attention import ATTENTION_PANELS, CHAMPION_TABLE
from assay.deployments.dashboard.batches import BATCH_PANELS, BUCKET_PANELS
from assay.deployments.dashboard.cost import COST_PANELS, DEADLINE_PANEL
from assay.deployments.dashboard.models import MODEL_PANELS
from assay.deployments.dashboard.panel import Panel
from assay.deployments.dashboard.runs import RUN_PANELS

ROWS: tuple[tuple[str, tuple[Panel, ...]], ...] = (
    ("What needs a person", (*ATTENTION_PANELS, CHAMPION_TABLE)),
    ("Runs and steps", RUN_PANELS),
    ("Models: as good and as fair as when they were registered?", MODEL_PANELS),
    ("Batches and labels", (*BATCH_PANELS, DEADLINE_PANEL)),
    ("What use cases cost", COST_PANELS),
    ("Bucket, and this endpoint", BUCKET_PANELS),
)

_SCHEMA_VERSION = 39  # of Grafana 10.4 and 11; newer ones bring it up to date as they read it
_DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
_GRID_COLUMNS = 24  # columns
_QUERY_LETTERS = "ABCDEFGHIJKL"  # name a panel's queries


def render_dashboard() -> str:
    """The dashboard as JSON text."""
    return json.dumps(build_dashboard(), indent=2) + "\n"


def build_dashboard() -> dict[str, Any]:
    """The dashboard's JSON model."""
    return {
        "uid": "assay",
        "title": "Assay",
        "description": "What needs a person first, then runs, models, batches, bucket.",
        "tags": ["assay"],
        "schemaVersion": _SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "timezone": "",
        "refresh": "1m",
        "time": {"from": "now-24h", "to": "now"},
        "templating": {
            "list": [_datasource_variable(), _label_variable("use_case"), _label_variable("metric")]
        },
        "annotations": {"list": [_promotion_annotation()]},
        "panels": list(_all_panels()),
    }


def _all_panels() -> Iterator[dict[str, Any]]:
    number, top = 1, 0
    for title, panels in ROWS:
        place = {"x": 0, "y": top, "w": _GRID_COLUMNS, "h": 1}
        yield {"id": number, "type": "row", "title": title, "gridPos": place, "panels": []}
        number, top = number + 1, top + 1
        for panel, place in _place_panels(panels, top):
            yield _panel_json(panel, number, place)
            number, bottom = number + 1, place["y"] + place["h"]
        top = bottom


def _place_panels(panels: Sequence[Panel], top: int) -> Iterator[tuple[Panel, dict[str, int]]]:
    """Place panels from left to right, and on the next line when there is no more room."""
    left, height = 0, 0
    for panel in panels:
        if left + panel.width > _GRID_COLUMNS:
            left, top, height = 0, top + height, 0
        yield panel, {"x": left, "y": top, "w": panel.width, "h": panel.height}
        left, height = left + panel.width, max(height, panel.height)


def _panel_json(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    made = {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "datasource": _DATASOURCE,
        "gridPos": place,
        "targets": list(_targets(panel)),
        "fieldConfig": {"defaults": _field_defaults(panel), "overrides": _field_overrides(panel)},
        "options": _PANEL_OPTIONS[panel.kind],
    }
    return made | (
        {"transformations": _table_transformations(panel)} if panel.kind == "table" else {}
    )


def _targets(panel: Panel) -> Iterator[dict[str, Any]]:
    """A range query for time series, an instant query for everything else."""
    now = panel.kind != "timeseries"
    for letter, query in zip(_QUERY_LETTERS, panel.queries, strict=False):
        yield {
            "refId": letter,
            "datasource": _DATASOURCE,
            "expr": query.promql,
            "legendFormat": query.legend,
            "instant": now,
            "range": not now,
            "format": "table" if panel.kind == "table" else "time_series",
        }


def _field_defaults(panel: Panel) -> dict[str, Any]:
    steps: list[dict[str, Any]] = [{"color": "green", "value": None}]
    if panel.red_from is not None:
        steps.append({"color": "red", "value": panel.red_from})
    if panel.green_from is not None:
        steps = [{"color": "red", "value": None}, {"color": "green", "value": panel.green_from}]
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


def _field_overrides(panel: Panel) -> list[dict[str, Any]]:
    """Styles for interval ends and limits, and units for a table's columns."""
    dashed = {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [6, 6]}}
    found: list[dict[str, Any]] = []
    if panel.kind == "timeseries":
        for ending in (" limit", " low", " high"):
            pattern = {"id": "byRegexp", "options": f".*{ending}$"}
            found.append({"matcher": pattern, "properties": [dashed]})
    for letter, query in zip(_QUERY_LETTERS, panel.queries, strict=False):
        if panel.kind == "table":
            properties = [
                {"id": "displayName", "value": query.legend},
                {"id": "unit", "value": query.unit},
            ]
            column = {"id": "byName", "options": f"Value #{letter}"}
            found.append({"matcher": column, "properties": properties})
    return found


def _table_transformations(panel: Panel) -> list[dict[str, Any]]:
    """One row for each use case; a query without a legend shows its labels instead of its value."""
    both = list(zip(_QUERY_LETTERS, panel.queries, strict=False))
    hidden = {f"Value #{letter}": True for letter, query in both if not query.legend}
    hidden |= {"Time": True, **{f"Time {n}": True for n, _ in enumerate(both, start=1)}}
    return [
        {"id": "merge", "options": {}},
        {"id": "organize", "options": {"excludeByName": hidden}},
    ]


_PANEL_OPTIONS: dict[str, dict[str, Any]] = {
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


def _datasource_variable() -> dict[str, Any]:
    return {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "refresh": 1,
        "hide": 0,
    }


def _label_variable(label: str) -> dict[str, Any]:
    of = {"use_case": "assay_journal_current", "metric": "assay_performance"}[label]
    query = f"label_values({of}, {label})"
    return {
        "name": label,
        "label": label.replace("_", " "),
        "type": "query",
        "datasource": _DATASOURCE,
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


def _promotion_annotation() -> dict[str, Any]:
    """A mark in every chart where a champion changed."""
    return {
        "name": "a new champion",
        "datasource": _DATASOURCE,
        "enable": True,
        "expr": 'changes(assay_champion_timestamp_seconds{use_case=~"$use_case"}[5m]) > 0',
        "titleFormat": "{{use_case}}: a new champion",
        "iconColor": "blue",
        "step": "60s",
    }
