"""What the machine decides alone of the test rows, and what it leaves to a person.

A row is held where the machine decides it rightly or leaves it to a person. Of the rows of each
outcome, that is what `performance.abstain.coverage` promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import Abstain
from assay.gates.performance.metric_titles import metric_title
from assay.gates.report import Cell, Check, Sheet, Verdict
from assay.gates.statistics.cluster_errors import Clusters, weighted_mean
from assay.gates.statistics.intervals import Bools, make_interval, verdict_at_least
from assay.learning.abstention import ANSWER, PERSON, AbstainRule
from assay.problems.row_parts import (
    MIN_ROWS,
    RowPart,
    WorstPart,
    find_worst_part,
    part_share,
    share_limits,
    verdict_of_parts,
)

GROUPS_TITLE = "Who waits for a person"


@dataclass(frozen=True)
class MachineAnswers:
    """Test rows: the outcomes, the decisions, and whether a person is to decide; all bool. `groups`
    are the parts by sensitive column.
    """

    truth: Bools
    decision: Bools
    waits: Bools
    groups: tuple[RowPart, ...]

    @classmethod
    def of(cls, answers: pd.DataFrame, sensitive: Iterable[str]) -> MachineAnswers:
        """From the columns truth, decision and answer, and those of the groups."""
        return cls(
            answers["truth"].to_numpy(bool),
            answers["decision"].to_numpy(bool),
            (answers[ANSWER] == PERSON).to_numpy(bool),
            tuple(
                RowPart(f"{name}={group}", (answers[name] == group).to_numpy(bool))
                for name in sensitive
                for group in sorted(answers[name].unique())
            ),
        )

    @property
    def held(self) -> Bools:
        """Decided rightly by the machine, or left to a person."""
        found: Bools = self.waits | (self.decision == self.truth)
        return found

    @property
    def every(self) -> RowPart:
        return RowPart("all rows", np.ones(len(self.truth), bool))

    @property
    def outcomes(self) -> tuple[RowPart, RowPart]:
        return RowPart("outcome yes", self.truth), RowPart("outcome no", ~self.truth)


def describe_waiting(machine: MachineAnswers, clusters: Clusters | None = None) -> str:
    """How many rows go to a person, and how right the machine is of the others, in a sentence."""
    share = weighted_mean(machine.waits, clusters)
    alone = RowPart("", ~machine.waits)
    if not alone.inside.any():
        return "Every row is left to a person."
    right = part_share(machine.decision == machine.truth, alone, clusters)
    return (
        f"{share:.1%} of the rows are left to a person; of the others the machine decides"
        f" {right:.1%} rightly."
    )


# --- checks -----------------------------------------------------------------------------------


def check_machine_answers(
    machine: MachineAnswers, asked: Abstain, error: float, clusters: Clusters | None = None
) -> list[Check]:
    """That the promised share of each outcome is held, but for `error`: of all rows of an outcome,
    and of those of each group. A band that people set promises nothing, and has no checks.

    Too small a share of an outcome fails the gate; of a group it is a caution.
    """
    if asked.coverage is None:
        return []
    least = max(asked.coverage - error, 0.0)
    return [
        *(
            _check_outcome(machine, part, asked.coverage, least, clusters)
            for part in machine.outcomes
        ),
        *([_check_groups(machine, asked.coverage, least, clusters)] if machine.groups else []),
    ]


def _check_outcome(
    machine: MachineAnswers,
    part: RowPart,
    coverage: float,
    least: float,
    clusters: Clusters | None,
) -> Check:
    held, rows = machine.held.astype(float), int(part.inside.sum())
    found = find_worst_part(held, [part], at_least=least, clusters=clusters)
    verdict = Verdict.UNKNOWN if found is None else verdict_at_least(found.interval, least)
    word = part.label.removeprefix("outcome ")
    share = part_share(held, part, clusters)
    low, high = (float(side.item()) for side in share_limits(held, [part], 0.95, clusters))
    wait = part_share(machine.waits, part, clusters)
    return Check(
        name=f"held_outcomes_{word}",
        claim=f"Of the rows whose outcome is {word}, at least {least:.1%} are decided rightly or "
        f"left to a person, as {coverage:.1%} are promised",
        verdict=verdict,
        statistic="share of rows decided rightly or left to a person",
        estimate=share,
        interval=make_interval(low, high),
        threshold=least,
        why=f"Of {rows:,} rows whose outcome is {word}, {share:.1%} are decided rightly or left to "
        f"a person (between {low:.1%} and {high:.1%}); {wait:.1%} are left to a person",
        remedy={
            Verdict.FAIL: "The test rows are unlike those of training: retrain on rows that are "
            "like them, or raise performance.abstain.coverage.",
            Verdict.UNKNOWN: "More test rows would tell.",
        }.get(verdict, ""),
        accepted=True,
        rows=rows,
    )


def _check_groups(
    machine: MachineAnswers, coverage: float, least: float, clusters: Clusters | None
) -> Check:
    """Of each group and outcome: a group that hardly has yeses must not hide how they fare."""
    parts = [
        RowPart(f"{group.label}, {outcome.label}", group.inside & outcome.inside)
        for group in machine.groups
        for outcome in machine.outcomes
    ]
    found = find_worst_part(machine.held.astype(float), parts, at_least=least, clusters=clusters)
    verdict = verdict_of_parts(found)
    return Check(
        name="held_outcomes_by_group",
        claim=f"In no group are surely less than {least:.1%} of the rows of an outcome decided "
        "rightly or left to a person",
        verdict=verdict,
        statistic="share of rows decided rightly or left to a person, the least",
        estimate=found.share if found else None,
        interval=found.interval if found else None,
        threshold=least,
        why=f"No group has {MIN_ROWS} rows of an outcome"
        if found is None
        else f"Of the rows with {found.part.label}, {found.share:.1%} are decided rightly or left "
        f"to a person ({_between(found)}), the least of all groups; {coverage:.1%} are promised of "
        f"each outcome over all groups{_others(found)}",
        remedy={
            Verdict.FAIL: "Raise performance.abstain.coverage, or give the model what tells these "
            "rows apart.",
            Verdict.UNKNOWN: "Bring more test rows.",
        }.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=int(found.part.inside.sum()) if found else len(machine.truth),
        group=found.part.label.partition(", ")[0] if found and found.failed else None,
    )


def check_waiting(
    machine: MachineAnswers, asked: Abstain, clusters: Clusters | None = None
) -> Check:
    """That no group's share of rows left to a person lies surely more than `gap` above that of all
    rows; more is a caution.
    """
    waits = machine.waits.astype(float)
    everyone = part_share(waits, machine.every, clusters)
    most = min(everyone + asked.gap, 1.0)
    found = find_worst_part(waits, machine.groups, at_most=most, clusters=clusters)
    verdict = verdict_of_parts(found)
    return Check(
        name="waiting_for_a_person",
        claim=f"No group is surely left to a person in more than {most:.1%} of its rows, which is "
        f"{asked.gap:g} above that of everyone",
        verdict=verdict,
        statistic="share of rows left to a person, the largest",
        estimate=found.share if found else None,
        interval=found.interval if found else None,
        threshold=most,
        why=f"No group has {MIN_ROWS} rows"
        if found is None
        else f"Of {found.part.label}, {found.share:.1%} of the rows are left to a person "
        f"({_between(found)}), the most of all groups; of everyone {everyone:.1%}{_others(found)}",
        remedy={
            Verdict.FAIL: "Give the model what tells these rows apart, see that people answer them "
            "as soon as the machine would, or allow more in performance.abstain.gap.",
            Verdict.UNKNOWN: "Bring more test rows.",
        }.get(verdict, ""),
        hard=False,
        accepted=True,
        rows=int(found.part.inside.sum()) if found else len(machine.truth),
        group=found.part.label if found and found.failed else None,
    )


def _between(found: WorstPart) -> str:
    return f"between {found.interval.low or 0:.1%} and {found.interval.high or 1:.1%}"


def _others(found: WorstPart) -> str:
    return f"; so of {found.failed - 1} more" if found.failed > 1 else ""


# --- sheets -----------------------------------------------------------------------------------


def machine_sheet(
    machine: MachineAnswers, rule: AbstainRule, clusters: Clusters | None = None
) -> Sheet:
    """What is left to a person, and what is held, of all rows, by outcome and by group."""
    held, waits = machine.held.astype(float), machine.waits.astype(float)
    rows: list[tuple[Cell, ...]] = []
    for part in (machine.every, *machine.outcomes, *machine.groups):
        if part.inside.any():
            low, high = (float(side.item()) for side in share_limits(held, [part], 0.95, clusters))
            waiting, size = part_share(waits, part, clusters), int(part.inside.sum())
            rows.append((part.label, size, waiting, part_share(held, part, clusters), low, high))
    learnt = f", learnt for {rule.coverage:g} of each outcome" if rule.coverage else ""
    return Sheet(
        title="Left to a person",
        columns=("rows of", "rows", "to a person", "held", "low", "high"),
        rows=tuple(rows),
        note="Held: decided rightly by the machine, or left to a person; limits at 95 %. Yes is "
        f"plausible from a probability of {rule.yes_from:.4g} on, no up to {rule.no_to:.4g}"
        f"{learnt}; the machine decides where its decision is the only plausible answer.",
    )


def group_sheet(machine: MachineAnswers, clusters: Clusters | None = None) -> Sheet:
    """How many rows of each group wait for a person, and the machine's rates on the others."""
    waits = machine.waits.astype(float)
    right = machine.decision == machine.truth
    rows: list[tuple[Cell, ...]] = []
    for part in (machine.every, *machine.groups):
        low, high = (float(side.item()) for side in share_limits(waits, [part], 0.95, clusters))
        alone = RowPart(part.label, part.inside & ~machine.waits)
        rates = [
            _rate(values, RowPart("", alone.inside & of), clusters)
            for values, of in (
                (right, machine.every.inside),
                (machine.decision, machine.every.inside),
                (machine.decision, machine.truth),
                (machine.decision, ~machine.truth),
            )
        ]
        size = int(part.inside.sum())
        rows.append((part.label, size, part_share(waits, part, clusters), low, high, *rates))
    rates_of = ("accuracy", "selection_rate", "true_positive_rate", "false_positive_rate")
    return Sheet(
        title=GROUPS_TITLE,
        columns=(
            "rows of",
            "rows",
            "to a person",
            "low",
            "high",
            *(metric_title(name) for name in rates_of),
        ),
        rows=tuple(rows),
        note="The last four are of the rows that the machine decides alone. Limits at 95 %.",
    )


def _rate(values: Bools, part: RowPart, clusters: Clusters | None) -> float | None:
    return part_share(values, part, clusters) if part.inside.any() else None
