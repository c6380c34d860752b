"""The gate's report as it grows: checks, what was not applicable and why, sheets, figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from pydantic import BaseModel

from assay.config.use_case import UseCase
from assay.gates.feasibility.base_rates import base_rate_sheets, representation_checks
from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.feasibility.ten_checks import TEN_CHECKS, base_name, ten_checks_sheet
from assay.gates.report import Check, Figure, Report, Sheet, Verdict, overall_verdict

_REFUSALS = frozenset({"target", "classes", "features"})
_WORDS = {
    Verdict.PASS: "Go",
    Verdict.CAUTION: "Caution",
    Verdict.UNKNOWN: "Cannot tell",
    Verdict.FAIL: "No-go",
}


class FeasibilityFindings:
    """Collects what the checks found, and makes one report of it."""

    def __init__(self, use_case: UseCase) -> None:
        self._use_case = use_case
        self._checks: list[Check] = []
        self._sheets: list[Sheet] = []
        self._figures: list[Figure] = []
        self._notes: list[str] = []
        self._skipped: dict[str, str] = {}

    def as_json(self) -> dict[str, Any]:
        """All that was found so far, to go on with `from_json`."""

        def plain(entries: Sequence[BaseModel]) -> list[dict[str, Any]]:
            return [one.model_dump(mode="json") for one in entries]

        return {
            "checks": plain(self._checks),
            "sheets": plain(self._sheets),
            "figures": plain(self._figures),
            "notes": self._notes,
            "skipped": self._skipped,
        }

    @classmethod
    def from_json(cls, use_case: UseCase, document: Mapping[str, Any]) -> FeasibilityFindings:
        """An answer as far as `as_json` told it."""
        answer = cls(use_case)
        answer._checks = [Check.model_validate(one) for one in document["checks"]]
        answer._sheets = [Sheet.model_validate(one) for one in document["sheets"]]
        answer._figures = [Figure.model_validate(one) for one in document["figures"]]
        answer._notes, answer._skipped = list(document["notes"]), dict(document["skipped"])
        return answer

    @property
    def has_refusal(self) -> bool:
        """Whether the rows were such that nothing more was asked of them."""
        return bool({base_name(check) for check in self._checks} & _REFUSALS)

    def add(
        self, *checks: Check, sheets: Sequence[Sheet] = (), figures: Sequence[Figure] = ()
    ) -> None:
        """Take in what one check found."""
        self._checks += checks
        self._sheets += sheets
        self._figures += figures

    def skip(self, why: str, *names: str) -> None:
        """Say why checks were not made."""
        self._skipped.update(dict.fromkeys(names, why))

    def add_base_rates(self, data: LabelledRows, labels: pd.DataFrame) -> None:
        """The groups before any training. What they lack is counted on the kept rows."""
        whole = len(data.frame) == len(data.all_rows.truth)
        self._sheets += base_rate_sheets(
            labels,
            pd.Series(data.all_rows.truth),
            features=data.frame[list(data.features)] if whole else None,
            sensitive=self._use_case.data.sensitive,
        )
        self._checks += representation_checks(labels, self._use_case.data.sensitive)

    def add_notes(self, data: LabelledRows) -> None:
        """What limits this report: rows and columns left out, samples, the test rows in it."""
        self._notes += _notes(data)

    def report(self) -> Report:
        """The report; its verdict is that of the worst check."""
        checks = self._checks
        verdict = overall_verdict(checks)
        return Report(
            gate="feasibility",
            subject=self._use_case.name,
            verdict=verdict,
            summary=_summary(checks, verdict),
            checks=tuple(checks),
            sheets=(ten_checks_sheet(checks, self._reasons()), *self._sheets),
            figures=tuple(self._figures),
            notes=(*self._notes, *([] if self._use_case.fairness else [_NO_RULE])),
        )

    def _reasons(self) -> dict[str, str]:
        """Why each check that was not made was not."""
        made = {base_name(check) for check in self._checks}
        names = [name for group in TEN_CHECKS.values() for name in group if name not in made]
        if made & _REFUSALS:
            return dict.fromkeys(names, "the gate stopped before it")
        return {name: self._skipped.get(name) or self._default_reason(name) for name in names}

    def _default_reason(self, name: str) -> str:
        goals = self._use_case.feasibility.reach
        unstated = "the use case states no target (feasibility.reach)"
        return {
            "reach": unstated,
            "ceiling": "too few rows, a rare class sampled more densely, or no target that an error"
            " rate bounds"
            if goals
            else unstated,
            "learning_curve": "too few rows for a curve" if goals else unstated,
            "group_power": "the use case sets no fairness rule",
            "drop_one": "no column alone is suspicious, or there is no other",
            "after_outcome": "no column is declared as after the outcome (data.after_outcome), and"
            " rows have no date (data.time)",
            "copies": "the use case names no identity (data.identity)",
            "entities": self._no_entities_reason(),
            "label_noise": "the use case states no allowed share (feasibility.noise)",
        }.get(name, "nothing to judge by")

    def _no_entities_reason(self) -> str:
        identity = self._use_case.data.identity
        if not identity:
            return "the use case names no identity (data.identity): each row counts as a case"
        return f"the split keeps rows with the same {', '.join(identity)} on one side"


def _summary(checks: Sequence[Check], verdict: Verdict) -> str:
    """The verdict and the first finding that it rests on; of a pass, what was checked."""
    if verdict is Verdict.PASS:
        made = ", ".join(dict.fromkeys(base_name(check) for check in checks))
        return f"{_WORDS[verdict]}. Checked: {made.replace('_', ' ')}."
    first, *others = (check for check in checks if overall_verdict([check]) is verdict)
    names = ", ".join(dict.fromkeys(base_name(check).replace("_", " ") for check in others))
    more = f" {len(others)} more: {names}." if others else ""
    return f"{_WORDS[verdict]}. {first.headline.removesuffix('.')}.{more}"


_NO_RULE = "The use case sets no fairness rule: group sizes were not judged."


def _notes(data: LabelledRows) -> list[str]:
    use_case, total = data.use_case, len(data.all_rows.truth)
    notes = []
    if data.all_rows.unlabelled_count:
        notes.append(f"{data.all_rows.unlabelled_count:,} rows without a label were left out.")
    kept = len(data.frame)
    if kept < total:
        notes.append(
            f"Hashes, groups and outcomes were counted in all {total:,} rows; all else was judged"
            f" on a sample of {kept:,} rows, to keep memory bounded."
        )
    if data.features and len(data.sampled_rows) < kept:
        notes.append(
            "The learner and the checks on single columns saw a sample of"
            f" {len(data.sampled_rows):,} of {total:,} rows, to keep within"
            f" {use_case.feasibility.within:g} s."
        )
    if data.features and data.weights is not None:
        notes.append(
            "Of the rarer class more rows were sampled than its share; in scores rows count for as"
            " many as they stand for."
        )
    names = use_case.feature_columns(list(data.frame.columns))
    if empty := [name for name in names if name not in data.features]:
        notes.append(f"Columns without any value were left out: {', '.join(empty)}.")
    notes.append(
        "All rows were judged, those of the later test set included. That is right for the question"
        " whether to begin. Do not choose columns by these scores: that would use the test rows and"
        " make their performance look too good."
    )
    return notes
