"""Costs of steps over runs, looks and batches: does the last one stand out?

The last value of each is compared with the earlier ones by their median and median absolute
deviation, which a few outliers do not move (Leys et al., J. Exp. Soc. Psychol. 49, 2013).
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Final

from assay.gates.monitoring.facts import StepCost
from assay.gates.report import Check, Sheet, Verdict

MIN_EARLIER_VALUES: Final = 5  # earlier values that a comparison needs
_MAX_DEVIATIONS: Final = 5.0  # median absolute deviations
_MIN_RATIO: Final = 1.5  # times the median: the same work varies from day to day
_MIN_RISE: Final = {
    "seconds": 1.0,
    "bytes": 10e6,
    "seconds a thousand rows": 0.1,
}  # smaller rises do no harm


def check_step_costs(costs: Sequence[StepCost]) -> list[Check]:
    """One check for each cost that grew beyond its limit; a single passed check if none did."""
    judged = [cost for cost in costs if len(cost.values) > MIN_EARLIER_VALUES]
    grown = [_check(cost) for cost in judged if _upper_limit(cost) < cost.values[-1]]
    if grown or not judged:
        return grown
    return [
        Check(
            name="cost",
            claim="No step takes out of line longer or more than before",
            verdict=Verdict.PASS,
            why=f"{len(judged)} figures were compared with those of earlier looks",
        )
    ]


def step_cost_sheet(costs: Sequence[StepCost]) -> Sheet | None:
    """A sheet of the last and the usual cost of each step."""
    if not costs:
        return None
    return Sheet(
        title="What steps take",
        columns=("step", "unit", "last", "usual", "out of line above", "times"),
        rows=tuple(
            (
                cost.step,
                cost.unit,
                cost.values[-1],
                statistics.median(cost.values[:-1] or cost.values),
                _upper_limit(cost) if len(cost.values) > MIN_EARLIER_VALUES else None,
                len(cost.values),
            )
            for cost in costs
        ),
        note=f"Compared with at least {MIN_EARLIER_VALUES} earlier looks; usual is the median. "
        "Of a table, bytes are those of the list of its parts.",
        detail=True,
    )


def _upper_limit(cost: StepCost) -> float:
    """The limit above which the last value counts as grown."""
    before = cost.values[:-1]
    middle = statistics.median(before)
    spread = 1.4826 * statistics.median(abs(value - middle) for value in before)
    floor = _MIN_RISE.get(cost.unit.removesuffix(" of memory"), 0.0)
    return max(middle + _MAX_DEVIATIONS * spread, _MIN_RATIO * middle, middle + floor)


def _check(cost: StepCost) -> Check:
    last, middle = cost.values[-1], statistics.median(cost.values[:-1])
    return Check(
        name=f"cost[{cost.step}, {cost.unit}]",
        claim=f"{cost.step} takes no more {cost.unit} than is usual",
        verdict=Verdict.CAUTION,
        statistic=cost.unit,
        estimate=last,
        threshold=_upper_limit(cost),
        why=f"{cost.step} took {last:,.4g} {cost.unit}; {middle:,.4g} were usual in the "
        f"{len(cost.values) - 1} looks before",
        remedy="Look at what grew: the rows, the machine's other work, or the code.",
    )
