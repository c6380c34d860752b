"""Two models' answers to the same rows: what a problem type says of their differences.

Differences are the second model's minus the first's. Their intervals are paired, at 95 %, and each
stands by itself: of twenty that compare equals, one lies off zero by chance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from assay.config.data import Sensitive
from assay.gates.report import Interval
from assay.gates.statistics.cluster_errors import Clusters, find_clusters
from assay.gates.statistics.intervals import Bools, Estimate, Floats

UNKNOWN_INTERVAL = Interval(low=None, high=None)
SURELY_NOTHING = Estimate(0.0, Interval(low=0.0, high=0.0))


@dataclass(frozen=True, eq=False)
class AnswerPair:
    """Two frames of answers as training stored them, to the same rows in the same order. `units`
    says which of the rows belong together, and by its name of what they are.
    """

    first: pd.DataFrame
    second: pd.DataFrame
    units: pd.Series | None = None

    @property
    def rows(self) -> int:
        return len(self.first)

    @property
    def clusters(self) -> Clusters | None:
        if self.units is None:
            return None
        return find_clusters(self.units.to_numpy(), str(self.units.name))

    @property
    def mirrored(self) -> AnswerPair:
        """The same with the models in the other order."""
        return AnswerPair(self.second, self.first, self.units)

    def group_masks(self, sensitive: Mapping[str, Sensitive]) -> dict[str, dict[str, Bools]]:
        """By sensitive column and group the rows of that group, as the second model's run had them;
        of columns that its answers hold.
        """
        found = {}
        for name in sensitive:
            if name in self.second:
                labels = self.second[name].astype(str)
                groups = labels.value_counts(sort=False)
                ordered = sorted(groups.index, key=lambda group: (-groups[group], group))
                found[name] = {group: (labels == group).to_numpy() for group in ordered}
        return found


@dataclass(frozen=True, slots=True)
class PairedScore:
    """A performance metric of both models. `gain` says by how much the second is better: positive
    is better, whichever way the metric counts. `unit` is empty for what has none.
    """

    metric: str
    title: str
    first: Estimate
    second: Estimate
    gain: Estimate
    unit: str = ""
    headline: bool = False


@dataclass(frozen=True, slots=True)
class GroupChange:
    """A fairness metric of one group by both models, with the change from the first to the second.

    `rows` are the group's rows. `gap_change`: by how much the difference to the reference group
    changes; None for that group itself.
    """

    metric: str
    title: str
    column: str
    group: str
    rows: int
    first: float | None
    second: float | None
    change: Estimate
    gaps: tuple[float, float] | None = None
    gap_change: Estimate | None = None
    unit: str = ""

    @property
    def name(self) -> str:
        return f"{self.column}={self.group}"


@dataclass(frozen=True, slots=True)
class ChangeKind:
    """One way in which an answer becomes another; amounts have no `before`."""

    before: str
    after: str

    @property
    def name(self) -> str:
        return f"{self.before} to {self.after}" if self.before else self.after


@dataclass(frozen=True, eq=False)
class ChangedAnswers:
    """Which rows the second model answers otherwise.

    `codes` is the place of its kind for each row, or -1 where the answer stays; `sizes` by how much
    answers move, to find telling examples. `repaired` is 1 where the second alone is right or
    nearer to the outcome, -1 where the first is, else 0. `first_texts` and `second_texts` tell the
    answers to people, and `outcomes` what came. `rule` says what counts as another answer, `noun`
    what an answer is and `verb` what it does.
    """

    noun: str
    verb: str
    rule: str
    kinds: tuple[ChangeKind, ...]
    codes: NDArray[np.int64]
    sizes: Floats
    repaired: NDArray[np.int64]
    first_texts: Sequence[str]
    second_texts: Sequence[str]
    outcomes: Sequence[str]

    @property
    def count(self) -> int:
        return int((self.codes >= 0).sum())


@dataclass(frozen=True, eq=False)
class AnswerComparison:
    """All that is said of two models' answers to the same rows."""

    scores: tuple[PairedScore, ...]
    groups: tuple[GroupChange, ...]
    changed: ChangedAnswers
    notes: tuple[str, ...] = ()

    @property
    def headline(self) -> PairedScore:
        return next((one for one in self.scores if one.headline), self.scores[0])
