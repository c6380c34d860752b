"""Whether the features predict the amount at all."""

from __future__ import annotations

import math

import numpy as np

from assay.gates.report import Check, Interval, Sheet, Verdict
from assay.gates.statistics.intervals import Estimate
from assay.problems.feasibility.signal_test import (
    ALPHA,
    first_rows,
    noticed_r2,
    rows_to_notice,
    signal_p,
)
from assay.problems.regression.amount_rows import MEAN, AmountRows
from assay.util.wording import format_rounded_up, is_reportable_count

SHOWN_R2 = (0.02, 0.05, 0.1, 0.25)


def smallest_useful_r2(lift: float) -> float:
    """What `feasibility.lift` means for amounts: the R2 at which, of two rows of a bivariate
    normal law, the larger is told with probability 0.5 + lift.

    Kendall's tau is then 2 lift, and the correlation sin(pi lift): Kruskal, JASA 53 (1958).
    """
    return math.sin(math.pi * lift) ** 2


def estimate_r2(data: AmountRows) -> Estimate:
    """R2 of the quick learner, out of fold, with its 95 % interval."""
    found = data.estimate("r2", data.answers(MEAN)[None, :])
    low, high = found.limits()
    return Estimate(float(found.values[-1]), Interval(low=low, high=min(high, 1.0)))


def check_signal(data: AmountRows) -> tuple[Check, Sheet]:
    """Whether real amounts are told better than shuffled ones; and the rows that would show it.

    Fails when they are not, though the rows would show the smallest useful R2 with power 0.9;
    unknown when they are not and the rows are fewer. A signal that is uncertain (p > .01), or maybe
    less than useful, is a caution.
    """
    useful, rows = (
        smallest_useful_r2(data.use_case.feasibility.lift),
        len(first_rows(data.entities)),
    )
    needed = rows_to_notice(useful, len(data.features))
    found, p = estimate_r2(data), signal_p(data)
    low = found.interval.low
    if p > ALPHA:
        verdict = Verdict.FAIL if rows >= needed else Verdict.UNKNOWN
    else:
        sure = p <= 0.01 and low is not None and low >= useful
        verdict = Verdict.PASS if sure else Verdict.CAUTION
    check = Check(
        name="signal",
        claim=f"The features predict the amount with an R2 of at least {useful:.3g}",
        verdict=verdict,
        statistic="R2, cross-validated",
        estimate=found.value,
        interval=found.interval,
        threshold=useful,
        why=_why(data, found, p, rows),
        remedy=_remedy(verdict, needed - rows),
        rows=len(data.sampled_rows),
    )
    return check, _sheet(len(data.features))


def _why(data: AmountRows, found: Estimate, p: float, rows: int) -> str:
    lift = data.use_case.feasibility.lift
    text = (
        f"A quick learner has R2 {found.value:.3f} [{found.interval.low:.3f},"
        f" {found.interval.high:.3f}]; the mean alone has 0. It {'can' if p <= ALPHA else 'cannot'}"
        f" be told from shuffled amounts (p = {p:.3g})."
        f" feasibility.lift of {lift:g} asks for R2 {smallest_useful_r2(lift):.3g}: of two rows the"
        f" larger is then told in {0.5 + lift:.0%} of the pairs."
    )
    if p <= ALPHA:
        return text
    noticed = noticed_r2(rows, len(data.features))
    shown = "none at all" if noticed is None else f"{noticed:.3f} or more"
    return f"{text} In 90 of 100 data sets {rows:,} independent rows show an R2 of {shown}."


def _remedy(verdict: Verdict, more: float) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return "Add columns that bear on the amount, and check that amounts belong to their rows."
    if verdict is Verdict.CAUTION:
        return "Add rows, or columns that bear on the amount."
    add = f"Add about {format_rounded_up(more)} rows" if is_reportable_count(more) else "Add rows"
    return f"{add}, or columns that bear on the amount; or ask for more (feasibility.lift)."


def _sheet(features: int) -> Sheet:
    return Sheet(
        title="Rows that would show a signal",
        columns=("true R2", "rows"),
        rows=tuple((r2, float(np.ceil(rows_to_notice(r2, features)).item())) for r2 in SHOWN_R2),
        note="In 90 of 100 data sets, by the F test of as many columns as there are features, at"
        " the level of one of three tests. Rows of one entity count as one.",
    )
