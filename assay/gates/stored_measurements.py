"""Measurements of reports that were stored before reports had any, read from what they show.

Nothing else reads numbers from titles and columns: new reports carry their measurements.
"""

from __future__ import annotations

from collections.abc import Iterator

from assay.bucket.artifacts import Artifact
from assay.bucket.bucket import Bucket
from assay.gates.performance.display import RIVAL_KINDS, SCORES_TITLE
from assay.gates.report import (
    Cell,
    Interval,
    Measurement,
    MeasurementKind,
    Report,
    Sheet,
    get_report,
)

_ALL_ROWS = "all rows"
_VALUE_COLUMNS: dict[MeasurementKind, str] = {
    "expected": "expected now",
    "realised": "realised now",
}


def get_measured_report(bucket: Bucket, artifact: Artifact) -> Report:
    """A stored report as `get_report` gives it; an older one gets the measurements it shows."""
    return add_measurements(get_report(bucket, artifact))


def add_measurements(report: Report) -> Report:
    """A report with the measurements that it shows, where it was stored without them."""
    if report.measurements:
        return _add_rivals(report)
    # Heavy, and needed by the oldest reports alone.
    from assay.gates.drift.checks import drop_measurements
    from assay.gates.fairness.checks import gap_measurements

    found = (
        *(one for sheet in report.sheets for one in _sheet_measurements(sheet)),
        *drop_measurements(report.checks),
        *gap_measurements(report.checks),
    )
    return report.model_copy(update={"measurements": found}) if found else report


def _add_rivals(report: Report) -> Report:
    """The rivals' scores were shown, but not measured, before they had kinds of their own."""
    if report.gate != "performance" or report.measurements_of(*RIVAL_KINDS.values()):
        return report
    found = [one for sheet in report.sheets for one in _rival_measurements(sheet)]
    if not found:
        return report
    return report.model_copy(update={"measurements": (*report.measurements, *found)})


def _rival_measurements(sheet: Sheet) -> Iterator[Measurement]:
    if sheet.title != SCORES_TITLE:
        return
    for row in (dict(zip(sheet.columns, cells, strict=True)) for cells in sheet.rows):
        for name, kind in RIVAL_KINDS.items():
            if (value := _number(row.get(name))) is not None:
                yield Measurement(kind=kind, metric=str(row["score"]), value=value)


def _sheet_measurements(sheet: Sheet) -> Iterator[Measurement]:
    rows = [dict(zip(sheet.columns, row, strict=True)) for row in sheet.rows]
    if sheet.title == SCORES_TITLE:
        yield from _rival_measurements(sheet)
        for place, row in enumerate(rows):
            interval = Interval(low=_number(row["low"]), high=_number(row["high"]))
            yield Measurement(
                kind="score",
                metric=str(row["score"]),
                value=_number(row["model"]),
                interval=interval,
                headline=place == 0,  # the metric to choose by came first
            )
    elif sheet.title.startswith("Performance"):
        for row in rows:
            group = str(row["rows of"])
            for kind, column in _VALUE_COLUMNS.items():
                if column in row and (kind == "realised" or sheet.title == "Performance"):
                    yield Measurement(
                        kind=kind,
                        metric=str(row["metric"]).lower().replace(" ", "_"),
                        value=_number(row[column]),
                        group=None if group == _ALL_ROWS else group,
                    )


def _number(cell: Cell) -> float | None:
    return float(cell) if isinstance(cell, int | float) else None
