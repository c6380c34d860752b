"""A use case: one question, its data, its people, its gates, its candidates.

Every model is strict (no silent conversion), frozen, and refuses unknown keys. Each stage reads
only its own slice, because the slice is part of the step's cache key.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field, model_validator

from assay.config.candidates import Candidate, Search, Split
from assay.config.card import CardText
from assay.config.data import Data
from assay.config.gates import (
    DriftSettings,
    Expectation,
    FairnessRule,
    Feasibility,
    Performance,
    TechnicalLimits,
)
from assay.config.production import (
    LabelSettings,
    MonitoringSettings,
    PromotionPolicy,
    RetrainingSettings,
    ScoringSettings,
)
from assay.config.schedule import Schedule
from assay.config.section import NonEmptyText, Section

_DEFAULTS: Final[dict[str, tuple[tuple[str, str, Any], ...]]] = {
    "multiclass": (
        ("performance", "choose_by", "log_loss"),
        ("drift", "metrics", ("roc_auc_ovr", "accuracy")),
    ),
    "regression": (("performance", "choose_by", "mae"), ("drift", "metrics", ("mae", "rmse"))),
}


class UseCase(Section):
    """One question, from raw rows to a model that may be trusted."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    """Name of the model and its journal. Left out: the file's name."""
    question: NonEmptyText
    decision: NonEmptyText
    """The decision that is made by the model's answer."""
    harm: NonEmptyText
    """What a wrong answer does, and to whom."""
    owner: NonEmptyText
    data: Data
    expectations: tuple[Expectation, ...] = ()
    feasibility: Feasibility = Feasibility()
    split: Split = Split()
    search: Search = Search()
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    performance: Performance = Performance()
    technical: TechnicalLimits = TechnicalLimits()
    fairness: tuple[FairnessRule, ...] = ()
    drift: DriftSettings = DriftSettings()
    promotion: PromotionPolicy = PromotionPolicy()
    card: CardText = CardText()
    score: ScoringSettings = ScoringSettings()
    labels: LabelSettings = LabelSettings()
    monitor: MonitoringSettings = MonitoringSettings()
    retrain: RetrainingSettings = RetrainingSettings()
    schedule: Schedule = Schedule()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0

    @model_validator(mode="after")
    def _fill_defaults(self) -> UseCase:
        """Metrics that were left out are those of the target's type."""
        for section, key, value in _DEFAULTS.get(self.data.target.problem_type, ()):
            held: Section = getattr(self, section)
            if key not in held.model_fields_set:
                # The model is frozen for everybody else; this is still its making.
                self.__dict__[section] = held.model_copy(update={key: value})
        return self

    @model_validator(mode="after")
    def _distinct_candidates(self) -> UseCase:
        titles = [candidate.title for candidate in self.expanded_candidates]
        for title in titles:
            if titles.count(title) > 1:
                raise ValueError(f"two candidates are called {title!r}; give one a name")
        return self

    @property
    def expanded_candidates(self) -> tuple[Candidate, ...]:
        """All candidates that are trained: each one once for each strength of its mitigation."""
        return tuple(one for candidate in self.candidates for one in candidate.expand_strengths())

    def find_candidate(self, title: str) -> Candidate:
        """The expanded candidate with that title."""
        return next(one for one in self.expanded_candidates if one.title == title)

    def candidate_path(self, contender: Candidate) -> tuple[str | int, ...]:
        """The path into the use case where an expanded candidate is written."""
        of = [contender in candidate.expand_strengths() for candidate in self.candidates]
        return ("candidates", of.index(True))

    def shared_searches(self) -> dict[str, str]:
        """For each candidate's title, the title of the first candidate with the same search.

        Searches are the same if all but the name and the mitigation are.
        """
        first: dict[str, str] = {}
        alike = [
            one.model_dump_json(exclude={"name", "mitigate"}) for one in self.expanded_candidates
        ]
        titles = [one.title for one in self.expanded_candidates]
        return {
            title: first.setdefault(key, title) for key, title in zip(alike, titles, strict=True)
        }

    def feature_columns(self, columns: Sequence[str]) -> list[str]:
        """The table's `columns` that a model may see, in the table's order."""
        data = self.data
        withheld = {data.target.column, *data.identity, *data.exclude, *data.after_outcome}
        withheld |= {name for name, group in data.sensitive.items() if not group.feature}
        withheld |= {name for name in (data.time, self.split.column) if name}
        withheld |= {data.weight.column} if data.weight else set()
        return [name for name in columns if name not in withheld]

    def column_references(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every place where the use case names a column: (path into the file, column name)."""
        data = self.data
        found: list[tuple[tuple[str | int, ...], str]] = [
            (("data", "target", "column"), data.target.column)
        ]
        for key in ("identity", "exclude", "after_outcome", "never_store", "not_sensitive"):
            found += [(("data", key, i), name) for i, name in enumerate(getattr(data, key))]
        for key in ("types", "categories", "dates", "sensitive"):
            found += [(("data", key, name), name) for name in getattr(data, key)]
        found += [(("data", "actionable", i), one.column) for i, one in enumerate(data.actionable)]
        if data.weight:
            found.append((("data", "weight"), data.weight.column))
        found += self.time_references()
        if self.split.by == "group":
            found.append((("split", "column"), str(self.split.column)))
        for i, candidate in enumerate(self.candidates):
            found += [
                (("candidates", i, "preprocess", name), name) for name in candidate.preprocess
            ]
        return found

    def time_references(self) -> list[tuple[tuple[str | int, ...], str]]:
        """The same for the columns that order rows."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        if self.data.time:
            found.append((("data", "time"), self.data.time))
        if self.split.by == "time":
            found.append((("split", "column"), str(self.split.column)))
        return found

    def group_references(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Every place where the use case names a group: (path into the file, column name)."""
        found: list[tuple[tuple[str | int, ...], str]] = []
        for i, rule in enumerate(self.fairness):
            for j, one in enumerate(rule.by):
                names = (one,) if isinstance(one, str) else one
                found += [(("fairness", i, "by", j), name) for name in names]
        for i, candidate in enumerate(self.candidates):
            names = candidate.mitigate.by if candidate.mitigate else ()
            found += [(("candidates", i, "mitigate", "by", j), n) for j, n in enumerate(names)]
        return found
