"""The people divided by one column or by several, and every metric of every group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessMetric, FairnessRule
from assay.dataset.groups import reference_from_counts
from assay.gates.confusion_cells import CONFUSION_KINDS, ROWS_COLUMN, intersection_reference
from assay.gates.fairness.decision_metrics import decision_metrics
from assay.gates.fairness.gaps import MIN_ROWS, GapVerdict, GroupPair
from assay.gates.fairness.metrics import MEASURES, PROBABILITY_METRICS, Sums
from assay.gates.fairness.tally import PredictionTally

MAX_LISTED_GROUPS = 200  # groups beyond which those too small to judge are only counted
GroupColumns = tuple[str, ...]


def group_columns(by: str | GroupColumns) -> GroupColumns:
    """The columns that a rule names, by themselves or together."""
    return (by,) if isinstance(by, str) else by


@dataclass(frozen=True, slots=True)
class GroupDivision:
    """The people divided by one column, or by several at once. The largest group comes first."""

    by: GroupColumns
    reference: str
    groups: Sequence[str]
    sums: Sums  # in the order of the groups: see `tally.Tally.sums`
    by_group: pd.DataFrame  # every metric (columns) of the groups (index), NaN where undefined
    unlisted: int = 0  # groups too small to judge that were left out, being too many

    @property
    def title(self) -> str:
        return " & ".join(self.by)

    @property
    def metrics(self) -> list[FairnessMetric]:
        return [metric for metric in MEASURES if metric in self.by_group]

    def group_name(self, group: str) -> str:
        return f"{self.title}={group}"

    def pairs(self, rule: FairnessRule, metric: FairnessMetric) -> list[GroupPair]:
        """Every group but the reference against it, in one metric of a rule."""
        columns = {name: held.tolist() for name, held in self.sums.items()}
        sums = {
            group: {name: held[i] for name, held in columns.items()}
            for i, group in enumerate(self.groups)
        }
        value = dict(zip(self.groups, self.by_group[metric].tolist(), strict=True))
        return [
            GroupPair(
                metric=metric,
                by=self.by,
                group=group,
                reference=self.reference,
                group_sums=sums[group],
                reference_sums=sums[self.reference],
                value=value[group],
                reference_value=value[self.reference],
                tolerance=rule.tolerance,
                ratio=rule.ratio,
            )
            for group in self.groups
            if group != self.reference
        ]


@dataclass(frozen=True, slots=True)
class FairnessLimit:
    """One metric of a rule held to its limit in one division: its pairs and their verdicts."""

    rule: FairnessRule
    metric: FairnessMetric
    division: GroupDivision
    pairs: Sequence[GroupPair]
    verdicts: Sequence[GapVerdict]


def divide_groups(
    tally: PredictionTally, by: GroupColumns, sensitive: Mapping[str, Sensitive]
) -> GroupDivision:
    """The groups that the columns `by` make, with every metric that the predictions bear.

    Raises DataError for a reference group that does not exist.
    """
    table = tally.sums(by)
    rows = table[list(CONFUSION_KINDS)].sum(axis=1).sort_values(ascending=False, kind="stable")
    single = [tally.cells[ROWS_COLUMN].groupby(tally.cells[name]).sum() for name in by]
    parts = [
        reference_from_counts(n, sensitive[name], name) for n, name in zip(single, by, strict=True)
    ]
    reference = intersection_reference(rows, parts)
    if len(rows) > MAX_LISTED_GROUPS:
        rows = rows[(rows >= MIN_ROWS) | (rows.index == reference)]
    unlisted = len(table) - len(rows)
    cells = tally.cells[tally.cell_labels(by).isin(rows.index)] if unlisted else tally.cells
    by_group = decision_metrics(cells, by).loc[rows.index]
    kept = table.loc[rows.index]
    sums = {str(name): kept[name].to_numpy(float) for name in kept}
    if tally.ranked is not None:
        for metric in PROBABILITY_METRICS:
            by_group[metric] = MEASURES[metric].value(sums)
    return GroupDivision(
        by, reference, [str(group) for group in rows.index], sums, by_group, unlisted
    )
