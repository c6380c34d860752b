"""Rows that a champion leaves to a person: how many, and whether the machine's share of them still
holds what was promised, where labels came.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.monitoring.predictions import LookTables
from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.proportions import newcombe_limits, wilson_interval
from assay.learning.abstention import ANSWER, PERSON, AbstainRule
from assay.tables.table import Table

MOVED: Final = 0.05
"""How far the share of rows left to a person may move, up or down, and how far what is held of an
outcome may fall below what was promised; more is a caution.
"""
MIN_ROWS: Final = 30
FIGURE: Final = "left to a person"


@dataclass
class LeftCounts:
    """Rows, those left to a person, and by outcome (no, yes) the labelled ones and those held."""

    rows: int
    left: int
    labelled: tuple[int, int]
    held: tuple[int, int]

    @property
    def share(self) -> float:
        return self.left / self.rows


@dataclass(frozen=True)
class LeftRows:
    """What a look finds of them; `figures` are followed from look to look."""

    checks: tuple[Check, ...] = ()
    sheets: tuple[Sheet, ...] = ()
    figures: tuple[tuple[str, float], ...] = ()


def judge_left_rows(
    tables: LookTables, rule: AbstainRule, roles: ColumnRoles, level: float
) -> LeftRows:
    """Compare the rows of a look with the reference, at this false alarm `level` for all together.

    Answers are made of probability and decision as the model makes them. Nothing is judged without
    current or labelled rows.
    """
    before = count_left_rows(tables.reference, rule, roles)
    checks: list[Check] = []
    shown, figures = [("reference", before)], []
    each = level / 3  # the share, and what is held of two outcomes
    if tables.current is not None:
        now = count_left_rows(tables.current, rule, roles)
        checks.append(_check_share(before, now, 1 - each))
        shown.append(("this look", now))
        figures.append((FIGURE, round(now.share, 6)))
    if tables.labelled is not None:
        known = count_left_rows(tables.labelled, rule, roles)
        if rule.coverage is not None:
            checks += [_check_held(known, code, rule.coverage, 1 - each) for code in (1, 0)]
        shown.append(("rows with new labels", known))
    if len(shown) == 1:
        return LeftRows()
    return LeftRows(tuple(checks), (_left_sheet(shown),), tuple(figures))


def count_left_rows(table: Table, rule: AbstainRule, roles: ColumnRoles) -> LeftCounts:
    """Counted part by part, in bounded memory."""
    names = [roles.probability, roles.prediction, roles.truth]
    columns = [name for name in names if name and name in table.schema.names]
    found = LeftCounts(0, 0, (0, 0), (0, 0))
    for batch in table.batches(columns):
        frame = batch.to_pandas()
        decision = frame[roles.prediction].to_numpy(bool)
        answers = rule.answer(frame[roles.probability].to_numpy(float), decision)
        left = answers[ANSWER] == PERSON
        found.rows += len(frame)
        found.left += int(left.sum())
        if roles.truth not in columns:
            continue
        known = frame[roles.truth].notna().to_numpy()
        truth = frame[roles.truth].fillna(False).to_numpy(bool)
        held = left | (decision == truth)
        no, yes = known & ~truth, known & truth
        found.labelled = _add(found.labelled, no, yes)
        found.held = _add(found.held, no & held, yes & held)
    return found


def _add(counts: tuple[int, int], no: np.ndarray, yes: np.ndarray) -> tuple[int, int]:
    return counts[0] + int(no.sum()), counts[1] + int(yes.sum())


def _check_share(before: LeftCounts, now: LeftCounts, level: float) -> Check:
    limits = newcombe_limits(now.left, now.rows, before.left, before.rows, level)
    low, high = (float(side) for side in limits)
    moved = now.share - before.share
    verdict = Verdict.UNKNOWN if now.rows < MIN_ROWS else Verdict.PASS
    if verdict is Verdict.PASS and (low > MOVED or high < -MOVED):
        verdict = Verdict.FAIL
    return Check(
        name="left_to_a_person",
        claim=f"The share of rows left to a person has not surely moved by more than {MOVED:g}",
        verdict=verdict,
        statistic="share of rows left to a person, minus that of the reference",
        estimate=moved,
        interval=Interval(low=low, high=high, level=level),
        threshold=MOVED,
        why=f"{now.left:,} of {now.rows:,} rows ({now.share:.1%}) are left to a person;"
        f" {before.share:.1%} in the reference, a difference of {moved:+.1%}"
        f" (between {low:+.1%} and {high:+.1%})",
        remedy={
            Verdict.FAIL: "See that enough people answer them, and look at which columns moved.",
            Verdict.UNKNOWN: "More rows would tell.",
        }.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=now.rows,
    )


def _check_held(known: LeftCounts, code: int, coverage: float, level: float) -> Check:
    word, rows, held = ("no", "yes")[code], known.labelled[code], known.held[code]
    least = max(coverage - MOVED, 0.0)
    seen = wilson_interval(held, rows, level)
    few = rows < MIN_ROWS
    fails = not few and seen.high is not None and seen.high < least
    verdict = Verdict.UNKNOWN if few else Verdict.FAIL if fails else Verdict.PASS
    share = held / rows if rows else None
    return Check(
        name=f"held_outcomes_{word}",
        claim=f"Of the rows whose outcome is {word}, surely no less than {least:.1%} are decided"
        " rightly or left to a person",
        verdict=verdict,
        statistic="share of labelled rows decided rightly or left to a person",
        estimate=share,
        interval=seen if rows else None,
        threshold=least,
        why=f"Of {rows:,} rows whose outcome became {word}, {share or 0:.1%} were decided rightly"
        f" or left to a person (between {seen.low:.1%} and {seen.high:.1%}); {coverage:.1%} are"
        " promised"
        if not few
        else f"There are labels of {rows:,} rows whose outcome is {word}; {MIN_ROWS} are needed",
        remedy={
            Verdict.FAIL: "Retrain on rows like these: the band is learnt anew.",
            Verdict.UNKNOWN: "More labels would tell.",
        }.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=rows,
    )


def _left_sheet(shown: list[tuple[str, LeftCounts]]) -> Sheet:
    return Sheet(
        title="Left to a person",
        columns=("rows of", "rows", "to a person", "share", "yes held", "no held"),
        rows=tuple(
            (
                name,
                one.rows,
                one.left,
                one.share,
                one.held[1] / one.labelled[1] if one.labelled[1] else None,
                one.held[0] / one.labelled[0] if one.labelled[0] else None,
            )
            for name, one in shown
        ),
        note="Held: of the rows with this outcome, the share decided rightly or left to a person.",
    )
