"""Realised fairness: the use case's rules on the labelled rows, as the fairness gate judges them.

A gap may open because other rows come: where the reference's rows, weighted to the present mix,
have it too, the model treats nobody worse than before. Such a gap, and one that the champion had
when it was registered, is no reason to train anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa

from assay.config.data import Sensitive
from assay.config.gates import Fairness
from assay.errors import DataError
from assay.evidence.cells import ROWS, count
from assay.evidence.drift.mix import Mix
from assay.evidence.fairness import figures, sheets
from assay.evidence.fairness.checks import checks_of
from assay.evidence.fairness.divisions import Limit
from assay.evidence.fairness.gaps import Pair
from assay.evidence.fairness.limits import asked, judged
from assay.evidence.fairness.metrics import OF_PROBABILITIES
from assay.evidence.groups import labels_of
from assay.evidence.report import Check, Figure, Interval, Sheet, Verdict
from assay.tables.read import Table

_FINE: Final = 1000  # parts of a row that a weight is counted in
_ANSWERS: Final = ("truth", "decision", "probability")


@dataclass(frozen=True)
class Rules:
    """What the use case asks, and where rows hold it. `columns`: what a table calls truth,
    decision and probability. `unfair`: checks that the champion failed when it was registered.
    """

    rules: Sequence[Fairness]
    sensitive: Mapping[str, Sensitive]
    columns: tuple[str, str, str]
    unfair: Sequence[str] = ()

    @property
    def of_probabilities(self) -> bool:
        """Whether a rule asks for more than can be counted."""
        return any(m in OF_PROBABILITIES for rule in self.rules for m in rule.metrics)

    @property
    def groups(self) -> list[str]:
        return list(dict.fromkeys(name for rule in self.rules for name in rule.columns()))

    def without(self, columns: Sequence[str]) -> Rules:
        """Those that need none of these columns."""
        return replace(self, rules=[r for r in self.rules if not {*columns} & {*r.columns()}])


@dataclass(frozen=True)
class Realised:
    """What was found; `gaps` by check, for the figures over time."""

    checks: Sequence[Check] = ()
    sheets: Sequence[Sheet] = ()
    figures: Sequence[Figure] = ()
    gaps: Mapping[str, float] | None = None


def realised(
    labelled: Table, reference: pa.Table, mixed: Mix | None, rules: Rules, level: float
) -> Realised:
    """Judge the labelled rows at the look's level, as one family.

    `reference`: sampled rows of the reference, in the order of the weights of `mixed`. Rules that
    cannot be judged on such rows are `unknown`; so are those about columns that hold nothing.
    """
    absent = [name for name in rules.groups if not _held(labelled, name)]
    lacking, rules = [_absent(absent)] if absent else [], rules.without(absent)
    if not rules.rules:
        return Realised(lacking)
    try:
        limits = _limits(_cells(labelled, rules), rules, level)
        moved = _moved(reference, mixed, rules) if mixed else {}
    except DataError as error:
        return Realised([*lacking, _untold(error)])
    explained = _Explained(moved, mixed, rules.unfair)
    checks = [check for limit in limits for check in _checks(limit, explained)]
    told = [c for c in checks if not _idle(c)]
    divisions = {limit.division.by: limit.division for limit in limits}
    return Realised(
        [*lacking, *(told or [_quiet(checks)])],
        [sheets.group_sheet(division) for division in divisions.values()],
        [figures.limit_figure(limit) for limit in limits if limit.pairs],
        {c.name: abs(c.estimate) for c in checks if c.estimate is not None},
    )


def _held(rows: Table, name: str) -> bool:
    """Whether anybody's group is known."""
    if name not in rows.schema.names:
        return False
    return any(batch.column(0).null_count < batch.num_rows for batch in rows.batches([name]))


def _idle(check: Check) -> bool:
    """Whether a check cannot be told and nothing looks wrong: else small groups never rest."""
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


def _quiet(checks: Sequence[Check]) -> Check:
    rows = max((check.rows or 0 for check in checks), default=0)
    return Check(
        name="realised fairness",
        claim="No gap between groups is beyond its limit",
        verdict=Verdict.PASS,
        why=f"none of {len(checks)} looks like it; more labelled rows would make it sure",
        rows=rows,
    )


def _absent(names: Sequence[str]) -> Check:
    return Check(
        name="realised fairness",
        claim="The fairness rules hold for labelled rows",
        verdict=Verdict.UNKNOWN,
        why=f"the batches lack {', '.join(names)}, so nobody's group is known",
        remedy="Send these columns with each batch; the model need not see them.",
    )


def _untold(error: DataError) -> Check:
    return Check(
        name="realised fairness",
        claim="The fairness rules hold for labelled rows",
        verdict=Verdict.UNKNOWN,
        why=error.what,
        remedy=error.remedy or "",
    )


# --- judged -----------------------------------------------------------------------------------


def _limits(predictions: pd.DataFrame, rules: Rules, level: float) -> list[Limit]:
    return judged(asked(predictions, rules.rules, rules.sensitive), level)


_Moved = Mapping[tuple[str, str, str], float]  # (metric, columns, group) to what the mix adds


@dataclass(frozen=True)
class _Explained:
    """What may explain a gap: the mix of rows and what it adds to each, and the past."""

    moved: _Moved
    mixed: Mix | None
    unfair: Sequence[str]

    def why(self, check: Check, pair: Pair, interval: Interval) -> str | None:
        """In words; None for a gap that neither explains."""
        if check.name in self.unfair:
            return "it was so when the model was registered"
        more = self.moved.get((pair.metric, " & ".join(pair.by), pair.group))
        if self.mixed is None or more is None or _beyond(pair, interval, more):
            return None
        said = f"{more:+.3f} of it" if pair.ratio is None else f"a factor of {more:.3f}"
        columns = " and ".join(self.mixed.columns)
        return f"{said} comes of the mix of {columns}: such rows had it before"


def _checks(limit: Limit, explained: _Explained) -> list[Check]:
    """A limit's checks; those that fail are eased where the mix or the past explains them."""
    pairs = {
        limit.division.named(pair.group): (pair, verdict.interval)
        for pair, verdict in zip(limit.pairs, limit.judged, strict=True)
    }
    eased = []
    for check in checks_of(limit):
        failed = check.verdict is Verdict.FAIL and check.group in pairs
        why = explained.why(check, *pairs[check.group or ""]) if failed else None
        eased.append(_caution(check, why) if why else check)
    return eased


def _caution(check: Check, why: str) -> Check:
    remedy = "Nothing broke, but people are treated so: ask those who set the limit."
    update = {"verdict": Verdict.CAUTION, "why": f"{check.why}; {why}", "remedy": remedy}
    return check.model_copy(update=update)


def _beyond(pair: Pair, interval: Interval, more: float) -> bool:
    """Whether a gap is surely beyond its limit without what the mix adds to it."""
    least, most = pair.allowed
    ends = (
        (-np.inf if interval.low is None else interval.low),
        (np.inf if interval.high is None else interval.high),
    )
    low, high = (end - more if pair.ratio is None else end / more for end in ends)
    return bool(low > most or high < least)


def _moved(reference: pa.Table, mixed: Mix, rules: Rules) -> dict[tuple[str, str, str], float]:
    """What the mix alone does to each gap: the reference's at that mix, against its own."""
    frame = _frame(reference, rules)
    at_mix = frame.assign(**{ROWS: np.round(mixed.weights * _FINE).astype(np.int64)})
    plain, weighted = (_gaps(one, rules) for one in (frame, at_mix[at_mix[ROWS] > 0]))
    found = {}
    for key, (gap, ratio) in weighted.items():
        if key in plain and np.isfinite([gap, plain[key][0]]).all():
            before = plain[key][0]
            found[key] = gap / before if ratio and before > 0 else gap - before
    return found


def _gaps(frame: pd.DataFrame, rules: Rules) -> dict[tuple[str, str, str], tuple[float, bool]]:
    return {
        (one.metric, one.division.title, pair.group): (pair.gap, pair.ratio is not None)
        for one in asked(frame, rules.rules, rules.sensitive)
        if one.metric in one.division.by_group
        for pair in one.division.pairs(one.rule, one.metric)
    }


# --- rows -------------------------------------------------------------------------------------


def _cells(labelled: Table, rules: Rules) -> pd.DataFrame:
    """The rows as the gate takes them: counted into cells part by part, but where a rule asks for
    probabilities."""
    truth, decision, probability = rules.columns
    names = [truth, decision, *([probability] if rules.of_probabilities else []), *rules.groups]
    parts: list[pd.DataFrame] = []
    for batch in labelled.batches(names):
        frame = _frame(pa.Table.from_batches([batch]), rules)
        parts.append(frame if rules.of_probabilities else count(frame, rules.groups))
    whole = pd.concat(parts, ignore_index=True)
    return whole if rules.of_probabilities else count(whole, rules.groups)


def _frame(rows: pa.Table, rules: Rules) -> pd.DataFrame:
    """Columns truth, decision, perhaps probability, and the labels of groups."""
    answers = dict(zip(_ANSWERS, rules.columns, strict=True))
    if not rules.of_probabilities:
        del answers["probability"]
    held = {name: rows[column].to_numpy() for name, column in answers.items()}
    for name in rules.groups:
        held[name] = labels_of(rows[name].to_pandas(), rules.sensitive[name], name).to_numpy()
    return pd.DataFrame(held)
