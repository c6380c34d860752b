"""A use case drafted from data: what was chosen, each line with its reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from assay.config.data import Target
from assay.drafting.candidates_draft import DraftCandidate, draft_candidates
from assay.drafting.column_roles import ColumnRole, find_roles, names_of
from assay.drafting.expectations_draft import DraftRule, draft_rules
from assay.drafting.leak_columns import SUSPICIOUS, score_columns_alone
from assay.drafting.source_draft import DraftSource
from assay.drafting.target_choice import TargetChoice

MANY_GROUPS: Final = 6  # values of a sensitive number, beyond which it needs bins


@dataclass(frozen=True)
class DraftWords:
    """What only people know. Left empty, the draft says what is to be written there."""

    question: str = ""
    decision: str = ""
    harm: str = ""
    owner: str = ""


@dataclass(frozen=True)
class UseCaseDraft:
    """All that a draft says. `sensitive`: by column, its settings; `asked`: whether people said
    that they are sensitive, or are still to be asked.
    """

    name: str
    source: DraftSource
    choice: TargetChoice
    roles: tuple[ColumnRole, ...]
    sensitive: dict[str, dict[str, Any]]
    rules: tuple[DraftRule, ...]
    candidates: tuple[DraftCandidate, ...]
    words: DraftWords = DraftWords()
    asked: bool = False
    leaks: dict[str, float] = field(default_factory=dict)

    @property
    def target(self) -> Target:
        return self.choice.target

    def role(self, *wanted: Any) -> list[ColumnRole]:
        return list(names_of(list(self.roles), *wanted))

    @property
    def features(self) -> list[str]:
        taken = {one.name for one in self.roles if one.role != "sensitive"}
        taken |= {self.target.column, *(self.sensitive if self.asked else ())}
        return [str(name) for name in self.source.frame.columns if name not in taken]


def draft_use_case(
    name: str,
    source: DraftSource,
    choice: TargetChoice,
    *,
    words: DraftWords = DraftWords(),
    sensitive: list[str] | None = None,
) -> UseCaseDraft:
    """Choose roles, rules and candidates. `sensitive`: the columns that people said are; None where
    nobody was asked.
    """
    frame, target = source.frame, choice.target
    roles = find_roles(frame, target.column)
    taken = {one.name for one in roles if one.role != "sensitive"} | {target.column}
    features = [str(n) for n in frame.columns if n not in taken]
    alone = score_columns_alone(frame, features, target)
    limit = SUSPICIOUS[target.problem_type]
    leaks = {n: s for n, s in sorted(alone.items(), key=lambda one: -one[1]) if s >= limit}
    measure = "R2" if target.problem_type == "regression" else "ROC AUC"
    roles = [one for one in roles if one.name not in leaks] + [
        ColumnRole(n, "after_outcome", f"alone it tells the outcome with a {measure} of {s:.3f}")
        for n, s in leaks.items()
    ]
    suspected = [one.name for one in roles if one.role == "sensitive"]
    named = suspected if sensitive is None else sensitive
    features = [n for n in features if n not in leaks]
    if sensitive is not None:
        features = [n for n in features if n not in sensitive]
    return UseCaseDraft(
        name=name,
        source=source,
        choice=choice,
        roles=tuple(roles),
        sensitive={n: sensitive_settings(frame[n]) for n in named},
        rules=tuple(draft_rules(frame, source.ranges, features, target)),
        candidates=tuple(draft_candidates(target.problem_type, source.rows, len(features))),
        words=words,
        asked=sensitive is not None,
        leaks=leaks,
    )


def sensitive_settings(column: pd.Series) -> dict[str, Any]:
    """Cut points for a number of many values: thirds, rounded to what people say; else nothing."""
    known = column.dropna()
    if not pd.api.types.is_numeric_dtype(known) or pd.api.types.is_bool_dtype(known):
        return {}
    if known.nunique() <= MANY_GROUPS:
        return {}
    cuts = np.quantile(known.to_numpy(float), [1 / 3, 2 / 3])
    step = 10.0 ** np.floor(np.log10(max(np.ptp(known.to_numpy(float)), 1e-9))) / 2
    rounded = sorted({float(np.round(cut / step) * step) for cut in cuts})
    inside = [cut for cut in rounded if known.min() < cut < known.max()]
    bins = inside or [float(known.median())]
    return {"bins": [int(cut) if float(cut).is_integer() else cut for cut in bins]}
