"""Whether groups are treated alike by decisions among several classes.

Each class is compared against the rest as yes and no are: its rows by the binary gate's counts,
metrics and limits. Whether decisions are right at all, and whether sets hold the outcome, is asked
of all classes together. All pairs of groups, classes and rules are one family.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from assay.config.data import Sensitive, Target
from assay.config.gates import FairnessRule
from assay.gates.fairness import figures, sheets
from assay.gates.fairness.checks import gap_measurements, limit_checks
from assay.gates.fairness.divisions import FairnessLimit, GroupColumns, GroupDivision, group_columns
from assay.gates.fairness.gate import (
    check_rule_columns,
    judgement_notes,
    list_divisions,
    summarize_gaps,
    unlisted_notes,
    weigh_gaps,
)
from assay.gates.fairness.metric_rules import MetricRule, judge_rules
from assay.gates.fairness.undeclared import undeclared_summaries
from assay.gates.report import Check, Figure, Report, Sheet
from assay.gates.statistics.cluster_errors import Clusters, cluster_rows
from assay.gates.statistics.design_effect import weights_note
from assay.gates.statistics.intervals import Floats
from assay.problems.multiclass import fairness_sheets
from assay.problems.multiclass.class_divisions import ClassDivisions, read_audited_answers
from assay.problems.multiclass.worst_gap import describe_worst_gap, rank_limit

MAX_LISTED_CLASSES = 12  # classes whose groups are listed, the most frequent first


def audit_fairness(
    answers: pd.DataFrame,
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
    target: Target,
    *,
    subject: str,
    seed: int = 0,
    by: Sequence[str | tuple[str, ...]] | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    declarations: Sequence[Check] = (),
) -> Report:
    """Judge `answers` against `rules`.

    Answers hold `truth` and `decision`, class labels; a column of group labels for every sensitive
    column; perhaps `probability_<class>` for each class, and `set`. `by`, `units`,
    `weights` and `declarations` are as in the binary gate. Raises DataError for columns that are
    absent or hold what they may not, and for a reference group that does not exist.
    """
    check_rule_columns(rules, sensitive)
    held = read_audited_answers(answers, target, list(sensitive))
    clusters = cluster_rows(units, weights)
    divisions = ClassDivisions(held, sensitive, clusters)
    limits = judge_rules(expand_rules(rules, divisions))
    gaps = [check for limit in limits for check in describe_limit(limit, _NO_SETS)]
    checks = [*gaps, *declarations]
    summary = [summarize_gaps(gaps, rules, sensitive), describe_worst_gap(limits)]
    asked = list_divisions(rules, sensitive, by)
    overall = [divisions.of_all_classes(columns) for columns in asked]
    return Report(
        gate="fairness",
        subject=subject,
        verdict=weigh_gaps(checks, has_rules=bool(rules)),
        summary=" ".join(filter(None, [*summary, *undeclared_summaries(declarations)])),
        checks=tuple(checks),
        sheets=tuple(_sheets(limits, asked, divisions, seed)),
        figures=tuple(worst_class_figures(limits)),
        notes=(*_notes(limits, overall, divisions, clusters), *weights_note(weights)),
        measurements=gap_measurements(checks),
    )


def expand_rules(rules: Sequence[FairnessRule], divisions: ClassDivisions) -> list[MetricRule]:
    """What the rules ask, of every class that they name."""
    asked = []
    for rule in rules:
        for metric in rule.metrics:
            for columns in map(group_columns, rule.by):
                if metric == "accuracy_score":
                    asked.append(MetricRule(rule, metric, divisions.of_all_classes(columns)))
                elif metric == "interval_coverage":
                    held = divisions.coverage_of(columns) or divisions.of_all_classes(columns)
                    asked.append(MetricRule(rule, metric, held))
                else:
                    asked += [
                        MetricRule(rule, metric, divisions.of_class(label, columns))
                        for label in rule.classes or divisions.classes
                    ]
    return asked


_NO_SETS = (
    "The predictions hold no sets of classes",
    "Audit the answers of a model that delivers sets.",
)


def describe_limit(limit: FairnessLimit, no_sets: tuple[str, str]) -> list[Check]:
    """One check a pair of groups. `no_sets`: why there are no sets to judge, and what to do."""
    if limit.metric == "interval_coverage":
        return limit_checks(limit, no_sets)
    return limit_checks(limit)


def _sheets(
    limits: Sequence[FairnessLimit],
    asked: Sequence[GroupColumns],
    divisions: ClassDivisions,
    seed: int,
) -> list[Sheet]:
    shown = divisions.most_frequent(MAX_LISTED_CLASSES)
    found = [sheets.limit_sheet(limits, seed)] if limits else []
    for columns in asked:
        overall = divisions.of_all_classes(columns)
        by_class = {label: divisions.of_class(label, columns) for label in shown}
        found.append(fairness_sheets.group_sheet(overall, divisions.coverage_of(columns)))
        found.append(fairness_sheets.class_group_sheet(by_class))
        if len(overall.groups) > 1:
            found.append(fairness_sheets.class_gap_sheet(by_class))
    return found


def worst_class_figures(limits: Sequence[FairnessLimit]) -> list[Figure]:
    """Of every rule and division, the class whose groups are furthest apart."""
    worst: dict[tuple[int, str, str], FairnessLimit] = {}
    for limit in limits:
        key = (id(limit.rule), limit.metric, limit.division.title)
        if limit.pairs and (key not in worst or rank_limit(limit) > rank_limit(worst[key])):
            worst[key] = limit
    return [figures.limit_figure(limit) for limit in worst.values()]


def _notes(
    limits: Sequence[FairnessLimit],
    overall: Sequence[GroupDivision],
    divisions: ClassDivisions,
    clusters: Clusters | None,
) -> tuple[str, ...]:
    found = judgement_notes(limits, divisions.rows, clusters)
    left = len(divisions.classes) - MAX_LISTED_CLASSES
    if left > 0:
        found.append(f"Groups of the {left:,} least frequent classes are not listed.")
    return (*found, *unlisted_notes(overall))
