"""The shadow gate for answers other than yes or no: what would a challenger have answered?

As the binary gate in `assay.gates.shadow`: `fail` where the challenger surely leaves rows
unanswered, or, by labels that have come, surely performs worse, or treats a group beyond what
people accept and worse than the champion does. To answer otherwise is no failure.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import pandas as pd

from assay.config.use_case import UseCase
from assay.gates.performance import display
from assay.gates.report import Cell, Check, Report, Sheet, Verdict, overall_verdict
from assay.gates.shadow import answers
from assay.gates.shadow.facts import ShadowFacts
from assay.gates.shadow.rows import CHAMPION_PREFIX, MAX_LABELLED, TRUTH, ShadowRows
from assay.gates.statistics.intervals import Bools, Estimate, verdict_at_least
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.answer_comparison import AnswerComparison, AnswerPair, PairedScore
from assay.problems.problem_type import ProblemType
from assay.problems.shadow_fairness import check_fairness
from assay.tables.table import Table
from assay.util.wording import format_count

_ALL_ROWS: Final = "all"
_MAX_GROUPS: Final = 40  # of a column, the largest


@dataclass(frozen=True, eq=False)
class ShadowChanges:
    """Which rows the challenger answers otherwise, and how. `rule` says what counts as another
    answer; `kinds` counts the ways, and `moves` are the differences of amounts, in `unit`.
    """

    changed: Bools
    rule: str
    kinds: Sequence[tuple[str, int]]
    moves: np.ndarray | None = None
    unit: str = ""


class ShadowAnswers(Protocol):
    """What a problem type brings to the comparison."""

    @property
    def shift_columns(self) -> Sequence[str]:
        """Columns of an answer whose distribution is compared with that of the test rows."""

    def find_changes(self, pair: AnswerPair) -> ShadowChanges:
        """How the second model's answers differ. No outcome is needed."""

    def too_few(self, pair: AnswerPair) -> str:
        """What to do where labelled rows are too few to judge; empty where they are enough."""

    def compare(self, pair: AnswerPair) -> AnswerComparison:
        """Scores and groups of labelled rows, in pairs."""

    def check_champion(self, pair: AnswerPair) -> list[Check]:
        """The performance gate's paired test of the second model against the first."""


def compare_versions(
    problem: ProblemType, held: ShadowAnswers, seen: ShadowRows, use_case: UseCase
) -> Report:
    """Compare a challenger with the champion on rows that both answered.

    Intervals are at 95 % but where a family of checks is corrected by Holm; the rows of one person
    in several batches count as several.
    """
    facts, drift = seen.facts, use_case.drift
    by = [name for name in use_case.data.sensitive if name in seen.rows.schema.names]
    kinds = problem.answer_columns(use_case.data.target)
    stride = -(-seen.rows.rows // MAX_LABELLED) or 1
    pair = _read_pair(seen.rows, [*kinds], by, stride)
    changes = held.find_changes(pair)
    labelled = _labelled(pair)
    judged = labelled.rows and not held.too_few(labelled)
    compared = held.compare(labelled) if judged else None
    checks = [
        *answers.check_enough_answers(facts, drift),
        answers.check_unanswered(facts, use_case.monitor.malformed),
        *_outcome_checks(held, labelled, compared, drift.margin),
        *(check_fairness(problem, labelled, compared, use_case) if labelled.rows else ()),
        *answers.check_answer_shift(
            seen.rows, seen.reference, drift, use_case.seed, held.shift_columns
        ),
        *answers.check_latency(facts),
    ]
    return Report(
        gate="shadow",
        subject=f"{facts.challenger} beside {facts.champion}",
        verdict=overall_verdict(checks),
        summary=_summary(facts, changes, checks),
        checks=tuple(checks),
        sheets=(
            _change_sheet(changes, pair, by),
            _kind_sheet(changes),
            *([_score_sheet(compared, labelled.rows)] if compared else []),
            answers.paired_batch_sheet(facts),
        ),
        notes=tuple(_notes(labelled, stride)),
    )


# --- rows -------------------------------------------------------------------------------------


def _read_pair(rows: Table, names: Sequence[str], by: Sequence[str], stride: int) -> AnswerPair:
    """The champion's answers and the challenger's, of one row in `stride`."""
    theirs = [CHAMPION_PREFIX + name for name in names]
    frame = rows.to_arrow([*names, *theirs, TRUTH, *by]).to_pandas()[::stride]
    frame = frame.reset_index(drop=True)
    shared = frame[[TRUTH, *by]]
    old = frame[theirs].rename(columns=dict(zip(theirs, names, strict=True)))
    return AnswerPair(pd.concat([old, shared], axis=1), frame[[*names, TRUTH, *by]])


def _labelled(pair: AnswerPair) -> AnswerPair:
    known = pair.second[TRUTH].notna().to_numpy()
    first, second = (one[known].reset_index(drop=True) for one in (pair.first, pair.second))
    return AnswerPair(first, second)


# --- judged -----------------------------------------------------------------------------------


def _outcome_checks(
    held: ShadowAnswers, labelled: AnswerPair, compared: AnswerComparison | None, margin: float
) -> list[Check]:
    """The paired test of training, and whether performance is surely lost; nothing of no labels."""
    if not labelled.rows:
        return []
    if compared is None:
        return [_too_few_labels_check(labelled.rows, held.too_few(labelled))]
    where = f" on {labelled.rows:,} rows whose labels have come"
    beats = [
        check.model_copy(update={"claim": check.claim + where})
        for check in held.check_champion(labelled)
    ]
    return [*beats, _no_worse_check(compared.headline, margin, labelled.rows)]


def _no_worse_check(score: PairedScore, margin: float, rows: int) -> Check:
    """Of amounts in a unit the margin is a share of the champion's, as in the drift gate."""
    limit = -margin * abs(score.first.value) if score.unit else -margin
    accepted = f"{margin:.0%} of the champion's" if score.unit else f"{margin:g}"
    verdict = verdict_at_least(score.gain.interval, limit)
    return Check(
        name="no_worse",
        claim=f"{score.title} is no more than {accepted} worse than the champion's on {rows:,} rows"
        " whose labels have come",
        verdict=verdict,
        statistic=f"{score.metric}, improvement over the champion",
        estimate=score.gain.value,
        interval=score.gain.interval,
        threshold=limit,
        why=f"{score.title} is {_gain_text(score.gain)} on {rows:,} rows whose labels have come;"
        f" {accepted} worse is accepted",
        remedy=display.suggest_remedy(verdict, score.gain, limit, rows),
        accepted=score.gain.value >= limit,
        rows=rows,
    )


def _gain_text(gain: Estimate) -> str:
    return display.gain_text(gain, "the champion's")


def _too_few_labels_check(rows: int, remedy: str) -> Check:
    return Check(
        name="beats_champion",
        claim="The challenger is as good as the champion on rows whose labels have come",
        verdict=Verdict.UNKNOWN,
        why=f"Only {rows:,} labels have come",
        remedy=remedy,
        accepted=True,
        rows=rows,
    )


# --- in words ---------------------------------------------------------------------------------


def _change_sheet(changes: ShadowChanges, pair: AnswerPair, by: Sequence[str]) -> Sheet:
    masks = {(_ALL_ROWS, ""): np.ones(pair.rows, bool)}
    for name in by:
        labels = pair.second[name].astype(str)
        largest = labels.value_counts().index[:_MAX_GROUPS]
        masks |= {(name, str(group)): (labels == group).to_numpy() for group in largest}
    moved = [] if changes.moves is None else [f"mean move, {changes.unit}"]
    rows: list[tuple[Cell, ...]] = []
    for (name, group), mask in masks.items():
        count, changed = int(mask.sum()), int(changes.changed[mask].sum())
        found = wilson_interval(changed, count)
        share = changed / count if count else None
        cells: tuple[Cell, ...] = (name, group, count, changed, share, found.low, found.high)
        if changes.moves is not None:
            cells = (*cells, float(changes.moves[mask].mean()) if count else None)
        rows.append(cells)
    return Sheet(
        title="Answers that change",
        columns=("column", "group", "rows", "changed", "share", "low", "high", *moved),
        rows=tuple(rows),
        note=f"An answer changes where {changes.rule}. Shares have 95 % intervals.",
    )


def _kind_sheet(changes: ShadowChanges) -> Sheet:
    return Sheet(
        title="How answers change",
        columns=("change", "rows"),
        rows=tuple(changes.kinds),
        detail=len(changes.kinds) > 10,
    )


def _score_sheet(compared: AnswerComparison, rows: int) -> Sheet:
    cells: list[tuple[Cell, ...]] = []
    for score in compared.scores:
        gain = score.gain
        unit = f", {score.unit}" if score.unit else ""
        cells.append(
            (
                score.title + unit,
                score.first.value,
                score.second.value,
                gain.value,
                gain.interval.low,
                gain.interval.high,
            )
        )
    return Sheet(
        title="Performance on rows whose labels have come",
        columns=("metric", "champion", "challenger", "improvement", "low", "high"),
        rows=tuple(cells),
        note=f"{rows:,} rows. An improvement above 0 is in the challenger's favour; its 95 %"
        " interval is paired.",
    )


def _summary(facts: ShadowFacts, changes: ShadowChanges, checks: Sequence[Check]) -> str:
    share = float(changes.changed.mean()) if len(changes.changed) else 0.0
    ways = ", ".join(f"{count:,} {name}" for name, count in changes.kinds[:3] if count)
    told = (
        f"{facts.challenger} answers {share:.1%} of {format_count(facts.answered, 'row')} otherwise"
        f" than {facts.champion}, in {format_count(len(facts.pairs), 'batch')}"
        f"{f': {ways}' if ways else ''}."
    )
    failed = [check for check in checks if check.verdict is Verdict.FAIL and check.hard]
    return f"{told} {failed[0].why.removesuffix('.')}." if failed else told


def _notes(labelled: AnswerPair, stride: int) -> Iterator[str]:
    if not labelled.rows:
        yield (
            "No labels of these rows have come: nothing is said of how good either version is, and"
            " fairness rules were not held against them."
        )
    if stride > 1:
        yield f"What changes and what labels say rests on one row in {stride}."
