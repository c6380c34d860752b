"""The candidates after the test: what those that were tried reached on the locked rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.config.gates import Cost, Score
from assay.evidence.fairness.distances import Distance, distances
from assay.evidence.report import Figure, Interval, Report, Series, Sheet
from assay.evidence.statistics.intervals import Estimate
from assay.learning.frontier_display import (
    figure_title,
    gap_cell,
    measure,
    plain,
    point,
    with_interval,
)

Reached = tuple[Estimate, Mapping[str, Distance]]
"""A candidate's `measure` on the test rows, and how far groups are apart by each rule."""


def tested(
    report: Report, judged: Mapping[str, Sequence[Report]], chosen: str | None, cost: Cost
) -> Report:
    """The report on the candidates, with what the gates found on the test rows.

    `judged`: the reports of each that was tried, by title and in that order; `chosen`: the one
    that passed.
    """
    metric, found = measure(cost), {}
    for title, gates in judged.items():
        of_gate = {one.gate: one for one in gates}
        found[title] = (
            _scored(of_gate["performance"], metric),
            distances(of_gate["fairness"].checks),
        )
    rules = list(dict.fromkeys(rule for _, gaps in found.values() for rule in gaps))
    titles = {figure_title(rule): rule for rule in rules}
    figures = [
        _with_series(figure, titles[figure.title], found, chosen)
        if figure.title in titles
        else figure
        for figure in report.figures
    ]
    fate = f"Chosen: {chosen}." if chosen else "None of those tried passed its gates."
    return report.model_copy(
        update={
            "summary": f"{report.summary} {fate}",
            "figures": tuple(figures),
            "sheets": (*report.sheets, _sheet(found, rules, chosen, metric)),
        }
    )


def _scored(performance: Report, metric: str) -> Estimate:
    rows = {row[0]: row[1:4] for row in performance.sheets[0].rows}
    value, low, high = (None if v is None else float(v) for v in rows[metric])
    return Estimate(float(value or 0.0), Interval(low=low, high=high))


def _with_series(
    figure: Figure, rule: str, found: Mapping[str, Reached], chosen: str | None
) -> Figure:
    points = [
        point(f"{title} (chosen)" if title == chosen else title, reached, gaps[rule])
        for title, (reached, gaps) in found.items()
        if rule in gaps
    ]
    series = (*figure.series, Series(name="on the test rows", points=tuple(points)))
    return figure.model_copy(update={"series": series})


def _sheet(
    found: Mapping[str, Reached], rules: Sequence[str], chosen: str | None, metric: Score
) -> Sheet:
    gaps = [f"gap in {plain(rule)}" for rule in rules]
    return Sheet(
        title="On the test rows",
        columns=("candidate", *gaps, metric if metric == "accuracy" else "cost a row", "chosen"),
        rows=tuple(
            (
                title,
                *(gap_cell(held.get(rule)) for rule in rules),
                with_interval(reached),
                "yes" if title == chosen else "no",
            )
            for title, (reached, held) in found.items()
        ),
        note="Of the candidates that were tried, in that order.",
    )
