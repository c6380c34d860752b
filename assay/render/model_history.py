"""A model over time, from its journal: sheets and figures of its versions and looks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from assay.bucket.journal import JournalEntry, entry_timestamp
from assay.gates.report import Cell, Figure, Point, Series, Sheet
from assay.registry.history import CHAMPION, ModelHistory, Version
from assay.render.date_figure import DateFigure
from assay.util import clock

EXPECTED_PREFIX, REALISED_PREFIX = "expected ", "realised "
LARGEST_GAP, SHIFTED_COLUMNS, LABELLED_ROWS = "largest gap", "shifted", "labelled"
_DAY: Final = 86400.0


def versions_sheet(history: ModelHistory, scores: Mapping[int, Mapping[str, float]]) -> Sheet:
    """One row for each version, newest first. `scores` are those on its test rows, by name."""
    names = list(dict.fromkeys(name for held in scores.values() for name in held))
    rows: list[tuple[Cell, ...]] = []
    for version in reversed(history.versions.values()):
        when = clock.display_timestamp(entry_timestamp(version.entry))
        held = scores.get(version.number, {})
        fate, gates = version_status(history, version), gates_text(version.entry.body["gates"])
        what = version.entry.body.get("candidate", "")
        rows.append((version.name, fate, when, gates, *(held.get(n) for n in names), what))
    heads = ("version", "is", "since (UTC)", "gates", *names, "candidate")
    return Sheet(title="Versions", columns=heads, rows=tuple(rows))


def version_status(history: ModelHistory, version: Version) -> str:
    number = version.number
    aliases = [alias for alias, at in history.aliases.items() if at == number]
    if number in history.retirements:
        return "retired"
    if CHAMPION in aliases:
        return CHAMPION
    if history.was_withdrawn(number):
        return "rolled back"
    if aliases:
        return ", ".join(aliases)
    if number in history.served_versions:
        return "was champion"
    return "refused" if history.last_refusal(number) else version.status


def gates_text(gates: Mapping[str, str]) -> str:
    """The verdicts but for `pass`, worst first: "fail: fairness; caution: feasibility"."""
    by_verdict = {
        verdict: [gate for gate, found in gates.items() if found == verdict]
        for verdict in ("fail", "unknown", "caution")
    }
    said = [f"{verdict}: {', '.join(named)}" for verdict, named in by_verdict.items() if named]
    return "; ".join(said) or "all pass"


# --- looks ------------------------------------------------------------------------------------


def looks_sheet(look_entries: Sequence[JournalEntry], model: str) -> Sheet:
    """One row for each look, newest first; of each kind of figure only the first metric."""
    metric = first_metric(look_entries)
    heads = {
        f"{EXPECTED_PREFIX}{metric}": None,
        f"{REALISED_PREFIX}{metric}": None,
        LABELLED_ROWS: "labelled rows",
    }
    heads |= {LARGEST_GAP: None, SHIFTED_COLUMNS: "columns moved"}
    used = [name for name in heads if any(name in look.body["figures"] for look in look_entries)]
    rows: list[tuple[Cell, ...]] = []
    for look in reversed(look_entries):
        found = (look.body["figures"].get(name) for name in used)
        version, verdict = f"{model}@{look.body['version']}", look.body["verdict"]
        rows.append((clock.display_timestamp(entry_timestamp(look)), version, verdict, *found))
    columns = ("as of (UTC)", "version", "verdict", *(heads[n] or n for n in used))
    return Sheet(title="Looks", columns=columns, rows=tuple(rows))


def first_metric(look_entries: Sequence[JournalEntry]) -> str:
    """The first metric among the looks' figures, such as "ROC AUC"; "" if there is none."""
    names = (name for look in look_entries for name in look.body["figures"])
    found = (
        n.removeprefix(EXPECTED_PREFIX).removeprefix(REALISED_PREFIX)
        for n in names
        if _is_metric(n)
    )
    return next(found, "")


def _is_metric(name: str) -> bool:
    return name.startswith((EXPECTED_PREFIX, REALISED_PREFIX))


# --- figures ----------------------------------------------------------------------------------


def history_figures(
    look_entries: Sequence[JournalEntry], champion: JournalEntry | None, tolerance: float | None
) -> Iterator[Figure]:
    """Performance, fairness and drift by day, from at least two looks.

    `champion` is the entry that made the present champion: a line shows it if it lies between the
    looks. `tolerance` is the limit on every gap, if they all share one.
    """
    if len(look_entries) < 2:
        return
    # A backfill looks at the past.
    look_entries = sorted(look_entries, key=entry_timestamp)
    end = entry_timestamp(look_entries[-1])
    start = entry_timestamp(look_entries[0]).replace(hour=0, minute=0, second=0, microsecond=0)
    about = {
        "x_axis": "date (UTC)",
        "start": start,
        **_champion_line(champion, start, end),
    }
    metric = first_metric(look_entries)
    performance = [
        _look_series(look_entries, start, f"{kind}{metric}", kind.strip())
        for kind in (EXPECTED_PREFIX, REALISED_PREFIX)
    ]
    yield from _curve_figure(f"{metric}, expected and realised", metric, performance, about)
    limit = {} if tolerance is None else {"reference": tolerance, "reference_name": "tolerance"}
    gap = [_look_series(look_entries, start, LARGEST_GAP, "largest gap")]
    yield from _curve_figure("Largest gap between groups, realised", "gap", gap, about | limit)
    moved = [_look_series(look_entries, start, SHIFTED_COLUMNS, "columns")]
    yield from _curve_figure("Columns that are not as in the reference", "columns", moved, about)


def _champion_line(champion: JournalEntry | None, start: datetime, end: datetime) -> dict[str, Any]:
    if champion is None or not start < entry_timestamp(champion) <= end:
        return {}
    name = "present champion since"
    return {
        "x_reference": _days_since(entry_timestamp(champion), start),
        "x_reference_name": name,
    }


def _curve_figure(
    title: str, axis: str, series: Sequence[Series], figure_fields: Mapping[str, Any]
) -> Iterator[Figure]:
    """The figure, or nothing if there is nothing to draw."""
    drawn = tuple(one for one in series if len(one.points) > 1)
    if drawn:
        alt = "; ".join(map(_series_summary, drawn)) + "."
        yield DateFigure(
            title=title, kind="curve", axis=axis, series=drawn, alt=alt, **figure_fields
        )


def _look_series(
    look_entries: Sequence[JournalEntry], start: datetime, figure: str, name: str
) -> Series:
    points = tuple(
        Point(
            label=f"{clock.display_timestamp(entry_timestamp(look))}, {look.body['verdict']}",
            value=look.body["figures"][figure],
            x=_days_since(entry_timestamp(look), start),
        )
        for look in look_entries
        if figure in look.body["figures"]
    )
    return Series(name=name, points=points)


def _days_since(end: datetime, start: datetime) -> float:
    return round((end - start).total_seconds() / _DAY, 4)


def _series_summary(series: Series) -> str:
    values = [point.value for point in series.points if point.value is not None]
    low, high = min(values), max(values)
    return f"{series.name}: {values[-1]:.4g} at the last look, from {low:.4g} to {high:.4g} in all"
