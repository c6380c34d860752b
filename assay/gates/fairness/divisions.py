"""The people divided by one column or by several, and every metric of every group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessMetric, FairnessRule
from assay.dataset.groups import reference_from_counts
from assay.gates.confusion_cells import CONFUSION_KINDS, ROWS_COLUMN, intersection_reference
from assay.gates.fairness.clustered_metrics import (
    PairClusters,
    clustered_limits,
    metric_error,
)
from assay.gates.fairness.decision_metrics import decision_metrics
from assay.gates.fairness.gaps import MIN_ROWS, GapVerdict, GroupPair, gap_limits
from assay.gates.fairness.metrics import MEASURES, PROBABILITY_METRICS, Measures, Sums
from assay.gates.fairness.tally import PredictionTally
from assay.gates.statistics.cluster_errors import ClusterError, spread_of
from assay.gates.statistics.intervals import Floats, Limits

MAX_LISTED_GROUPS = 200  # groups beyond which those too small to judge are only counted
GroupColumns = tuple[str, ...]


def group_columns(by: str | GroupColumns) -> GroupColumns:
    """The columns that a rule names, by themselves or together."""
    return (by,) if isinstance(by, str) else by


@dataclass(frozen=True, slots=True)
class GroupClusters:
    """How sure the metrics are of rows that belong together; `name` is what the clusters are of."""

    name: str
    errors: Mapping[FairnessMetric, Sequence[ClusterError]]  # in the order of the groups
    weighted: bool = False  # whether the rows have weights

    def rows(self, metric: FairnessMetric) -> Floats:
        """The rows that a metric of each group is of."""
        return np.array([error.rows for error in self.errors[metric]])

    def effective_rows(self, metric: FairnessMetric) -> Floats:
        """How many equal ones they are worth."""
        return np.array([error.effective for error in self.errors[metric]])


@dataclass(frozen=True, slots=True)
class GroupDivision:
    """The people divided by one column, or by several at once. The largest group comes first."""

    by: GroupColumns
    reference: str
    groups: Sequence[str]
    sums: Sums  # in the order of the groups: see `tally.Tally.sums`
    by_group: pd.DataFrame  # every metric (columns) of the groups (index), NaN where undefined
    unlisted: int = 0  # groups too small to judge that were left out, being too many
    clusters: GroupClusters | None = None  # where rows belong together
    measures: Measures = field(default_factory=lambda: MEASURES)
    outcome: str = ""  # the class that yes stands for, where there are several

    @property
    def rows(self) -> Floats:
        """Rows of every group, in order."""
        over_all = next(name for name, one in self.measures.items() if one.unit == "rows")
        return self.rows_of(over_all)

    def rows_of(self, metric: FairnessMetric) -> Floats:
        """Rows of a metric's denominator in every group, in order."""
        if self.clusters is not None and self.clusters.weighted and metric in self.clusters.errors:
            return self.clusters.rows(metric)
        return self.measures[metric].rows(self.sums)

    @property
    def title(self) -> str:
        return " & ".join(self.by)

    @property
    def metrics(self) -> list[FairnessMetric]:
        return [metric for metric in self.measures if metric in self.by_group]

    def limits(self, metric: FairnessMetric, level: float) -> Limits:
        """Of a metric of every group, in order."""
        if self.clusters is None:
            return self.measures[metric].limits(self.sums, level)
        values = self.by_group[metric].to_numpy(float)
        spread = spread_of(*self.clusters.errors[metric])
        return clustered_limits(metric, self.sums, values, spread, level, measures=self.measures)

    def gap_limits(self, metric: FairnessMetric, *, ratio: bool) -> Limits:
        """Of every group's gap to the reference, in order, at 95 %."""
        values, base = self.by_group[metric].to_numpy(float), self.groups.index(self.reference)
        errors = self.clusters.errors[metric] if self.clusters else None
        return gap_limits(
            metric, self.sums, values, base, ratio=ratio, errors=errors, measures=self.measures
        )

    def _pair_clusters(self, metric: FairnessMetric, group: str) -> PairClusters | None:
        if self.clusters is None:
            return None
        errors = self.clusters.errors[metric]
        own, base = (errors[self.groups.index(name)] for name in (group, self.reference))
        return PairClusters(self.clusters.name, own, base, self.clusters.weighted)

    def group_name(self, group: str) -> str:
        return f"{self.title}={group}"

    def check_name(self, metric: str, subject: str) -> str:
        """The stable name of a check: "true_positive_rate[sex=Female,class=minor]"."""
        return f"{metric}[{subject}{f',class={self.outcome}' if self.outcome else ''}]"

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
                clusters=self._pair_clusters(metric, group),
                measures=self.measures,
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
    tally: PredictionTally,
    by: GroupColumns,
    sensitive: Mapping[str, Sensitive],
    measures: Measures | None = None,
) -> GroupDivision:
    """The groups that the columns `by` make, with every metric that the predictions bear, or with
    those `measures` alone, by their own formulas instead of Fairlearn's functions.

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
    kept = table.loc[rows.index]
    sums = {str(name): kept[name].to_numpy(float) for name in kept}
    if measures is None:
        cells = tally.cells[tally.cell_labels(by).isin(rows.index)] if unlisted else tally.cells
        by_group = decision_metrics(cells, by).loc[rows.index]
    else:
        by_group = pd.DataFrame(index=rows.index)
    for metric, measure in (measures or MEASURES).items():
        if metric not in by_group and (tally.ranked or metric not in PROBABILITY_METRICS):
            by_group[metric] = measure.value(sums)
    found = GroupDivision(
        by,
        reference,
        [str(group) for group in rows.index],
        sums,
        by_group,
        unlisted,
        measures=measures or MEASURES,
    )
    return replace(found, clusters=_group_clusters(tally, found))


def _group_clusters(tally: PredictionTally, division: GroupDivision) -> GroupClusters | None:
    if tally.clustered is None:
        return None
    held = [tally.group_rows(division.by, group) for group in division.groups]
    errors = {m: [metric_error(m, rows) for rows in held] for m in division.metrics}
    of = tally.clustered.clusters
    return GroupClusters(of.name, errors, of.weights is not None)
