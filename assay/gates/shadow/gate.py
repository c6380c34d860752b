"""The shadow gate: what would a challenger have decided, on rows that the champion answered?

Both versions' answers to the same rows are compared in pairs. `fail` where the challenger surely
leaves rows unanswered, treats a group beyond what people accept and worse than the champion does,
or, by labels that have come, surely performs worse. To decide otherwise is no failure: it is what
a new model is for, and the report says of whom.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import DriftSettings, FairnessRule, Performance
from assay.errors import DataError
from assay.gates.report import Check, Report, Verdict, overall_verdict
from assay.gates.shadow import answers, changed_decisions, fairness, outcomes
from assay.gates.shadow.changed_decisions import DecisionChange
from assay.gates.shadow.facts import ShadowFacts
from assay.gates.shadow.rows import DecisionCells, count_decisions, labelled_rows
from assay.tables.table import Table
from assay.util.wording import format_count

GATE = "shadow"


@dataclass(frozen=True)
class ShadowRequest:
    """What the use case asks of a challenger. `unfit`: the share of rows that may be unfit."""

    performance: Performance
    rules: Sequence[FairnessRule]
    sensitive: Mapping[str, Sensitive]
    drift: DriftSettings
    unfit: float
    seed: int = 0


def compare_versions(
    facts: ShadowFacts, rows: Table, reference: Table, request: ShadowRequest
) -> Report:
    """Compare a challenger with the champion on `rows` that both answered.

    `rows` has the columns of `shadow.rows.TAKEN`, truth missing where no label has come, and one
    of labels for each sensitive column that the batches hold; `reference` the challenger's answers
    to its own test rows: probability, decision. Intervals are at 95 % but where a family of checks
    is corrected by Holm; the rows of one person in several batches count as several.
    """
    by = [name for name in request.sensitive if name in rows.schema.names]
    rules = fairness.ShadowFairnessRules(request.rules, request.sensitive)
    held = count_decisions(rows, by)
    names = by if rules.of_probabilities else ()
    told = labelled_rows(rows, names, held.stride) if facts.known else None
    whole, groups = (
        changed_decisions.decision_change(held.cells, changed_decisions.ALL_ROWS),
        changed_decisions.changes_by_group(held),
    )
    checks = [
        *answers.check_enough_answers(facts, request.drift),
        answers.check_unanswered(facts, request.unfit),
        *(_outcome_checks(told, request) if told is not None else []),
        *fairness.check_fairness(held, told if rules.of_probabilities else None, rules),
        *_selection_checks(groups, rules),
        *answers.check_answer_shift(rows, reference, request.drift, request.seed),
        *answers.check_latency(facts),
    ]
    scores = (
        outcomes.outcome_sheet(told, request.performance, request.seed)
        if told is not None
        else None
    )
    return Report(
        gate=GATE,
        subject=f"{facts.challenger} beside {facts.champion}",
        verdict=overall_verdict(checks),
        summary=_summary(facts, whole, checks),
        checks=tuple(checks),
        sheets=(
            changed_decisions.change_sheet(whole, groups),
            *([scores] if scores else []),
            answers.paired_batch_sheet(facts),
        ),
        figures=(changed_decisions.change_figure(whole, groups),),
        notes=tuple(_notes(facts, held, told)),
    )


def _outcome_checks(labelled: pd.DataFrame, request: ShadowRequest) -> list[Check]:
    return outcomes.check_outcomes(
        labelled, request.performance, request.drift.margin, request.seed
    )


def _selection_checks(
    groups: Mapping[str, Sequence[DecisionChange]], rules: fairness.ShadowFairnessRules
) -> list[Check]:
    try:
        return changed_decisions.check_selection_rates(groups, rules.rules, rules.sensitive)
    except DataError:
        return []  # the rules' own check says which group is not there


def _summary(facts: ShadowFacts, whole: DecisionChange, checks: Sequence[Check]) -> str:
    failed = [check for check in checks if check.verdict is Verdict.FAIL and check.hard]
    told = (
        f"{facts.challenger} decides {whole.changed_share:.1%} of "
        f"{format_count(whole.rows, 'row')} otherwise than {facts.champion}, in "
        f"{format_count(len(facts.pairs), 'batch')}: {whole.gains:,} yes instead of no, "
        f"{whole.losses:,} no instead of yes."
    )
    if not failed:
        return told
    return f"{told} {failed[0].why.removesuffix('.')}."


def _notes(
    facts: ShadowFacts, cells: DecisionCells, labelled: pd.DataFrame | None
) -> Iterator[str]:
    if not facts.known:
        yield _NO_LABELS
    elif labelled is not None and cells.stride > 1:
        yield (
            f"What rests on labels and probabilities rests on {len(labelled):,} of the labelled "
            f"rows, one in {cells.stride}."
        )


_NO_LABELS = (
    "No labels of these rows have come: nothing is said of how good either version is, and rules "
    "about outcomes were not held against them."
)
