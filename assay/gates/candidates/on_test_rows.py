"""The candidates after the test: what those that were tried reached on the locked rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.gates.candidates.display import (
    figure_title,
    format_estimate,
    gap_cell,
    gap_point,
    rule_title,
)
from assay.gates.fairness.group_distances import GroupDistance, farthest_groups
from assay.gates.report import Figure, Interval, Report, Series, Sheet
from assay.gates.statistics.intervals import Estimate

CandidateResult = tuple[Estimate, Mapping[str, GroupDistance]]
"""A candidate's score on the test rows, and how far groups are apart by each rule."""


def add_test_results(
    report: Report,
    gate_reports: Mapping[str, Sequence[Report]],
    chosen_title: str | None,
    metric: str,
) -> Report:
    """The report on the candidates, with what the gates found on the test rows.

    `gate_reports`: the reports of each that was tried, by title and in that order; `chosen_title`:
    the one that passed; `metric`: what the pictures set against the gaps.
    """
    found = {}
    for title, gates in gate_reports.items():
        of_gate = {one.gate: one for one in gates}
        found[title] = (
            _performance_estimate(of_gate["performance"], metric),
            farthest_groups(of_gate["fairness"].checks),
        )
    rules = list(dict.fromkeys(rule for _, gaps in found.values() for rule in gaps))
    titles = {figure_title(rule): rule for rule in rules}
    figures = [
        _with_series(figure, titles[figure.title], found, chosen_title)
        if figure.title in titles
        else figure
        for figure in report.figures
    ]
    fate = f"Chosen: {chosen_title}." if chosen_title else "None of those tried passed its gates."
    return report.model_copy(
        update={
            "summary": f"{report.summary} {fate}",
            "figures": tuple(figures),
            "sheets": (*report.sheets, _sheet(found, rules, chosen_title, metric)),
        }
    )


def _performance_estimate(performance: Report, metric: str) -> Estimate:
    scores = {one.metric: one for one in performance.measurements_of("score")}
    score = scores[metric]
    return Estimate(score.value or 0.0, score.interval or Interval(low=None, high=None))


def _with_series(
    figure: Figure, rule: str, results: Mapping[str, CandidateResult], chosen_title: str | None
) -> Figure:
    points = [
        gap_point(f"{title} (chosen)" if title == chosen_title else title, reached, gaps[rule])
        for title, (reached, gaps) in results.items()
        if rule in gaps
    ]
    series = (*figure.series, Series(name="on the test rows", points=tuple(points)))
    return figure.model_copy(update={"series": series})


def _sheet(
    results: Mapping[str, CandidateResult],
    rules: Sequence[str],
    chosen_title: str | None,
    metric: str,
) -> Sheet:
    gaps = [f"gap in {rule_title(rule)}" for rule in rules]
    return Sheet(
        title="On the test rows",
        columns=("candidate", *gaps, "cost a row" if metric == "cost" else metric, "chosen"),
        rows=tuple(
            (
                title,
                *(gap_cell(held.get(rule)) for rule in rules),
                format_estimate(reached),
                "yes" if title == chosen_title else "no",
            )
            for title, (reached, held) in results.items()
        ),
        note="Of the candidates that were tried, in that order.",
    )
