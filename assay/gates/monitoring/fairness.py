"""Realised fairness: the use case's rules, judged on labelled rows as in the fairness gate.

A gap may open because the mix of rows changed. If the reference's rows, weighted to the present
mix, show the same gap, the model treats nobody worse than before. Such a gap is no reason to
retrain. Neither is one that the champion already had when it was registered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.dataset.groups import unchecked_group_labels
from assay.errors import DataError
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.drift.case_mix import CaseMix
from assay.gates.fairness.divisions import FairnessLimit, GroupDivision
from assay.gates.fairness.gaps import GroupPair
from assay.gates.fairness.metric_rules import judge_rules
from assay.gates.monitoring.group_comparison import GroupComparison
from assay.gates.report import Check, Figure, Interval, Sheet, Verdict
from assay.tables.table import Table

_WEIGHT_PARTS: Final = 1000  # units per row, to count weights as integers


@dataclass(frozen=True)
class RealisedFairnessRules:
    """The use case's fairness rules, and how groups are compared.

    `unfair`: checks that the champion failed when it was registered.
    """

    rules: Sequence[FairnessRule]
    sensitive: Mapping[str, Sensitive]
    comparison: GroupComparison
    unfair: Sequence[str] = ()

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(name for rule in self.rules for name in rule.sensitive_columns()))

    def without(self, columns: Sequence[str]) -> RealisedFairnessRules:
        """The rules that need none of these columns."""
        return replace(
            self, rules=[r for r in self.rules if not {*columns} & {*r.sensitive_columns()}]
        )


@dataclass(frozen=True)
class RealisedFairness:
    """Checks, sheets and figures of realised fairness; `gaps` by check, for figures over time.
    `worst` names the worst of very many gaps in a sentence.
    """

    checks: Sequence[Check] = ()
    sheets: Sequence[Sheet] = ()
    figures: Sequence[Figure] = ()
    gaps: Mapping[str, float] | None = None
    worst: str = ""


def judge_realised_fairness(
    labelled: Table,
    reference: pa.Table,
    mix: CaseMix | None,
    rules: RealisedFairnessRules,
    level: float,
) -> RealisedFairness:
    """Judge the labelled rows at the look's level, as one family of tests.

    `reference`: sampled rows of the reference, in the order of the weights of `mix`. Rules that
    cannot be judged on these rows are `unknown`, and so are rules about columns without values.
    """
    absent = [name for name in rules.groups if not _has_groups(labelled, name)]
    lacking, rules = [_absent_columns_check(absent)] if absent else [], rules.without(absent)
    if not rules.rules:
        return RealisedFairness(lacking)
    try:
        limits = _judge_limits(_read_labelled(labelled, rules), rules, level)
        moved = _mix_shifts(reference, mix, rules) if mix else {}
    except DataError as error:
        return RealisedFairness([*lacking, _unjudged_check(error)])
    explained = _Explanations(moved, mix, rules.unfair)
    compare = rules.comparison
    checks = [
        (check, limit.metric in limit.division.by_group)
        for limit in limits
        for check in _checks(limit, explained, compare)
    ]
    told = [check for check, measured in checks if not (measured and _within_limit(check))]
    return RealisedFairness(
        [*lacking, *(told or [_none_beyond_check([check for check, _ in checks])])],
        compare.group_sheets(limits),
        compare.limit_figures(limits),
        {c.name: abs(c.estimate) for c, _ in checks if c.estimate is not None},
        compare.describe_worst(limits),
    )


def unjudged_fairness(labelled: Table | None, rules: Sequence[FairnessRule]) -> RealisedFairness:
    """What is said of rules that a look cannot judge; nothing where there are none, or no labels
    have come.
    """
    if labelled is None or not rules:
        return RealisedFairness()
    named = list(dict.fromkeys(metric for rule in rules for metric in rule.metrics))
    return RealisedFairness(
        [
            Check(
                name="realised fairness",
                claim="No gap between groups is beyond its limit",
                verdict=Verdict.UNKNOWN,
                why=f"Looks do not judge {', '.join(named)} for a question of this type yet, and"
                f" {labelled.rows:,} rows have new labels",
                remedy="Retrain: the fairness gate judges every rule on the newest rows too.",
                rows=labelled.rows,
            )
        ]
    )


def _has_groups(rows: Table, name: str) -> bool:
    """Whether any row has a known group."""
    if name not in rows.schema.names:
        return False
    return any(batch.column(0).null_count < batch.num_rows for batch in rows.batches([name]))


def _within_limit(check: Check) -> bool:
    """Whether a check is `unknown` and its estimate, if any, is within the limit.

    Such checks are left out; otherwise every small group would raise a warning.
    """
    if check.verdict is not Verdict.UNKNOWN:
        return False
    if check.estimate is None or check.interval is None or check.threshold is None:
        return True
    ratio = check.statistic.endswith("over reference")
    if ratio:
        return min(check.estimate, 1 / max(check.estimate, 1e-9)) >= min(
            check.threshold, 1 / check.threshold
        )
    return abs(check.estimate) <= check.threshold


def _none_beyond_check(checks: Sequence[Check]) -> Check:
    rows = max((check.rows or 0 for check in checks), default=0)
    return Check(
        name="realised fairness",
        claim="No gap between groups is beyond its limit",
        verdict=Verdict.PASS,
        why=f"No gap of {len(checks)} looks larger than its limit; more labelled rows would tell",
        rows=rows,
    )


def _absent_columns_check(names: Sequence[str]) -> Check:
    return Check(
        name="realised fairness",
        claim="The fairness rules hold for labelled rows",
        verdict=Verdict.UNKNOWN,
        why=f"The batches lack {', '.join(names)}, so nobody's group is known",
        remedy="Send these columns with each batch; the model need not see them.",
    )


def _unjudged_check(error: DataError) -> Check:
    return Check(
        name="realised fairness",
        claim="The fairness rules hold for labelled rows",
        verdict=Verdict.UNKNOWN,
        why=error.what,
        remedy=error.remedy or "",
    )


# --- judged -----------------------------------------------------------------------------------


def _judge_limits(
    predictions: pd.DataFrame, rules: RealisedFairnessRules, level: float
) -> list[FairnessLimit]:
    asked = rules.comparison.expand_rules(predictions, rules.rules, rules.sensitive)
    return judge_rules(asked, level)


_GapKey = tuple[str, str, str, str]  # metric, the class that is asked for, columns, group
_MixShifts = Mapping[_GapKey, float]  # to the mix's part


@dataclass(frozen=True)
class _Explanations:
    """Possible explanations of a gap: the mix of rows, and gaps that existed at registration."""

    shifts: _MixShifts
    mix: CaseMix | None
    unfair: Sequence[str]

    def why(
        self, check: Check, division: GroupDivision, pair: GroupPair, interval: Interval
    ) -> str | None:
        """The explanation in words; None for a gap that has none."""
        if check.name in self.unfair:
            return "it was so when the model was registered"
        more = self.shifts.get(_gap_key(division, pair))
        if self.mix is None or more is None or _beyond_without_mix(pair, interval, more):
            return None
        measure = pair.measures[pair.metric]
        part = measure.with_quantity(measure.gap_text(more) if measure.quantity else f"{more:+.3f}")
        said = f"{part} of it" if pair.ratio is None else f"a factor of {more:.3f}"
        columns = " and ".join(self.mix.columns)
        return f"{said} comes of the mix of {columns}: such rows had it before"


def _checks(
    limit: FairnessLimit, explained: _Explanations, comparison: GroupComparison
) -> list[Check]:
    """A limit's checks; a failed check becomes a caution if the mix or the past explains it."""
    pairs = {
        limit.division.group_name(pair.group): (pair, verdict.interval)
        for pair, verdict in zip(limit.pairs, limit.verdicts, strict=True)
    }
    eased = []
    for check in comparison.limit_checks(limit):
        failed = check.verdict is Verdict.FAIL and check.group in pairs
        why = explained.why(check, limit.division, *pairs[check.group or ""]) if failed else None
        eased.append(_ease_check(check, why) if why else check)
    return eased


def _ease_check(check: Check, why: str) -> Check:
    remedy = "Nothing broke, but people are treated so: ask those who set the limit."
    update = {"verdict": Verdict.CAUTION, "why": f"{check.why}; {why}", "remedy": remedy}
    return check.model_copy(update=update)


def _beyond_without_mix(pair: GroupPair, interval: Interval, mix_shift: float) -> bool:
    """Whether a gap is surely beyond its limit after the mix's contribution is removed."""
    least, most = pair.allowed_gap
    ends = (
        (-np.inf if interval.low is None else interval.low),
        (np.inf if interval.high is None else interval.high),
    )
    low, high = (end - mix_shift if pair.ratio is None else end / mix_shift for end in ends)
    return bool(low > most or high < least)


def _mix_shifts(
    reference: pa.Table, mix: CaseMix, rules: RealisedFairnessRules
) -> dict[_GapKey, float]:
    """The mix's part of each gap: the reference's gap at the current mix against its own."""
    frame = _answers_frame(reference, rules)
    at_mix = frame.assign(**{ROWS_COLUMN: np.round(mix.weights * _WEIGHT_PARTS).astype(np.int64)})
    plain, weighted = (_gaps_by_key(one, rules) for one in (frame, at_mix[at_mix[ROWS_COLUMN] > 0]))
    found = {}
    for key, (gap, ratio) in weighted.items():
        if key in plain and np.isfinite([gap, plain[key][0]]).all():
            before = plain[key][0]
            found[key] = gap / before if ratio and before > 0 else gap - before
    return found


def _gap_key(division: GroupDivision, pair: GroupPair) -> _GapKey:
    return pair.metric, division.outcome, division.title, pair.group


def _gaps_by_key(
    frame: pd.DataFrame, rules: RealisedFairnessRules
) -> dict[_GapKey, tuple[float, bool]]:
    return {
        _gap_key(one.division, pair): (pair.gap, pair.ratio is not None)
        for one in rules.comparison.expand_rules(frame, rules.rules, rules.sensitive)
        if one.metric in one.division.by_group
        for pair in one.division.pairs(one.rule, one.metric)
    }


# --- rows -------------------------------------------------------------------------------------


def _read_labelled(labelled: Table, rules: RealisedFairnessRules) -> pd.DataFrame:
    """The labelled rows as they are compared, reduced part by part."""
    compare, names = rules.comparison, [*_answer_columns(rules).values(), *rules.groups]
    parts = [
        compare.reduce_rows(
            _answers_frame(pa.Table.from_batches([batch]), rules), rules.rules, rules.groups
        )
        for batch in labelled.batches(names)
    ]
    return compare.reduce_rows(pd.concat(parts, ignore_index=True), rules.rules, rules.groups)


def _answers_frame(rows: pa.Table, rules: RealisedFairnessRules) -> pd.DataFrame:
    """The answers that the rules need, and the group labels."""
    held = {name: rows[column].to_numpy() for name, column in _answer_columns(rules).items()}
    for name in rules.groups:
        held[name] = unchecked_group_labels(
            rows[name].to_pandas(), rules.sensitive[name], name
        ).to_numpy()
    return pd.DataFrame(held)


def _answer_columns(rules: RealisedFairnessRules) -> Mapping[str, str]:
    return rules.comparison.answer_columns(rules.rules)
