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
from assay.config.gates import Drift, Fairness, Performance
from assay.errors import DataError
from assay.evidence.amounts import some
from assay.evidence.report import Check, Report, Verdict, overall
from assay.evidence.shadow import answers, fairness, otherwise, outcomes
from assay.evidence.shadow.facts import Facts
from assay.evidence.shadow.otherwise import Change
from assay.evidence.shadow.rows import Counted, counted, labelled
from assay.tables.read import Table

GATE = "shadow"


@dataclass(frozen=True)
class Asked:
    """What the use case asks of a challenger. `unfit`: the share of rows that may be unfit."""

    performance: Performance
    rules: Sequence[Fairness]
    sensitive: Mapping[str, Sensitive]
    drift: Drift
    unfit: float
    seed: int = 0


def compare(facts: Facts, rows: Table, reference: Table, asked: Asked) -> Report:
    """Compare a challenger with the champion on `rows` that both answered.

    `rows` has the columns of `shadow.rows.TAKEN`, truth missing where no label has come, and one
    of labels for each sensitive column that the batches hold; `reference` the challenger's answers
    to its own test rows: probability, decision. Intervals are at 95 % but where a family of checks
    is corrected by Holm; the rows of one person in several batches count as several.
    """
    by = [name for name in asked.sensitive if name in rows.schema.names]
    rules = fairness.Rules(asked.rules, asked.sensitive)
    held = counted(rows, by)
    names = by if rules.of_probabilities else ()
    told = labelled(rows, names, held.every) if facts.known else None
    whole, groups = otherwise.change_of(held.cells, otherwise.ALL), otherwise.by_group(held)
    checks = [
        *answers.enough(facts, asked.drift),
        answers.answered(facts, asked.unfit),
        *(_outcomes(told, asked) if told is not None else []),
        *fairness.checks(held, told if rules.of_probabilities else None, rules),
        *_moved(groups, rules),
        *answers.as_before(rows, reference, asked.drift, asked.seed),
        *answers.quick(facts),
    ]
    scores = outcomes.sheet(told, asked.performance, asked.seed) if told is not None else None
    return Report(
        gate=GATE,
        subject=f"{facts.challenger} beside {facts.champion}",
        verdict=overall(checks),
        summary=_summary(facts, whole, checks),
        checks=tuple(checks),
        sheets=(
            otherwise.sheet(whole, groups),
            *([scores] if scores else []),
            answers.sheet(facts),
        ),
        figures=(otherwise.figure(whole, groups),),
        notes=tuple(_notes(facts, held, told)),
    )


def _outcomes(told: pd.DataFrame, asked: Asked) -> list[Check]:
    return outcomes.checks(told, asked.performance, asked.drift.margin, asked.seed)


def _moved(groups: Mapping[str, Sequence[Change]], rules: fairness.Rules) -> list[Check]:
    try:
        return otherwise.checks(groups, rules.rules, rules.sensitive)
    except DataError:
        return []  # the rules' own check says which group is not there


def _summary(facts: Facts, whole: Change, checks: Sequence[Check]) -> str:
    failed = [check for check in checks if check.verdict is Verdict.FAIL and check.hard]
    told = (
        f"{facts.challenger} decides {whole.otherwise:.1%} of {some(whole.rows, 'row')} otherwise "
        f"than {facts.champion}, in {some(len(facts.pairs), 'batch')}: {whole.gained:,} yes "
        f"instead of no, {whole.lost:,} no instead of yes."
    )
    return f"{told} {failed[0].claim}: {failed[0].why.removesuffix('.')}." if failed else told


def _notes(facts: Facts, held: Counted, told: pd.DataFrame | None) -> Iterator[str]:
    if not facts.known:
        yield _NO_LABELS
    elif told is not None and held.every > 1:
        yield (
            f"What rests on labels and probabilities rests on {len(told):,} of the labelled rows, "
            f"one in {held.every}."
        )


_NO_LABELS = (
    "No labels of these rows have come: nothing is said of how good either version is, and rules "
    "about outcomes were not held against them."
)
