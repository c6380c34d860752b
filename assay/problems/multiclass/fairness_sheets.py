"""The numbers of a fairness audit of several classes, to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from assay.config.gates import FairnessMetric
from assay.gates.fairness.divisions import GroupDivision
from assay.gates.fairness.metrics import metric_words
from assay.gates.fairness.sheets import format_with_intervals, gap_sheet
from assay.gates.report import Cell, Sheet

_SHOWN_METRICS: Final[tuple[FairnessMetric, ...]] = (
    "selection_rate",
    "true_positive_rate",
    "false_positive_rate",
    "precision_score",
    "mean_prediction",
)


def group_sheet(overall: GroupDivision, coverage: GroupDivision | None) -> Sheet:
    """Of every group its rows, how many decisions are right, and how many sets hold the outcome."""
    counts = {"rows": [int(n) for n in overall.rows]}
    if overall.clusters is not None and overall.clusters.weighted:
        worth = overall.clusters.effective_rows("accuracy_score")
        counts["effective rows"] = [round(float(n)) for n in worth]
    columns = {"accuracy": format_with_intervals(overall, "accuracy_score")}
    if coverage is not None:
        columns["set coverage"] = format_with_intervals(coverage, "interval_coverage")
    return Sheet(
        title=f"By {overall.title}",
        columns=(overall.title, *counts, *columns),
        rows=tuple(zip(overall.groups, *counts.values(), *columns.values(), strict=True)),
        note=f"Each metric with its 95 % interval. The reference is {overall.reference}.",
    )


def class_group_sheet(by_class: Mapping[str, GroupDivision]) -> Sheet:
    """Of every class and group the counts, and the metrics of the class against the rest."""
    first = next(iter(by_class.values()))
    metrics = [metric for metric in _SHOWN_METRICS if metric in first.by_group]
    rows: list[tuple[Cell, ...]] = []
    for label, division in by_class.items():
        over: tuple[FairnessMetric, ...] = ("true_positive_rate", "precision_score")
        counts = [[int(n) for n in division.rows_of(metric)] for metric in over]
        shown = [format_with_intervals(division, metric) for metric in metrics]
        rows += [(label, *cells) for cells in zip(division.groups, *counts, *shown, strict=True)]
    return Sheet(
        title=f"By class and {first.title}",
        columns=("class", first.title, "of the class", "decided so", *map(metric_words, metrics)),
        rows=tuple(rows),
        note="One class against the rest; each metric with its 95 % interval. The reference is "
        f"{first.reference}.",
    )


def class_gap_sheet(by_class: Mapping[str, GroupDivision]) -> Sheet:
    """Every class's gaps to the reference group, as differences and as ratios."""
    made = {label: gap_sheet(division) for label, division in by_class.items()}
    first = next(iter(made.values()))
    return Sheet(
        title=first.title,
        columns=("class", *first.columns),
        rows=tuple((label, *row) for label, sheet in made.items() for row in sheet.rows),
        note=first.note,
        detail=True,
    )
