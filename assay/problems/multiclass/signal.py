"""Whether the features tell any class from the rest."""

from __future__ import annotations

import numpy as np

from assay.gates.report import Check, Sheet, Verdict
from assay.problems.feasibility.signal_test import (
    ALPHA,
    first_rows,
    noticed_r2,
    rows_to_notice,
    signal_p,
)
from assay.problems.multiclass.class_areas import ClassArea, class_areas
from assay.problems.multiclass.class_rows import ClassRows
from assay.util.wording import format_rounded_up, is_reportable_count


def explained_share(area: float, share: float) -> float:
    """The share of an indicator's variance that goes with a ROC AUC of `area`, for a class that is
    a `share` of the rows: scores of both sides normal, with one spread.
    """
    from scipy.stats import norm

    distance = float(np.sqrt(2) * norm.ppf(area))
    between = share * (1 - share) * distance**2
    return between / (1 + between)


def area_of_share(explained: float, share: float) -> float:
    """The inverse of `explained_share`."""
    from scipy.stats import norm

    distance = np.sqrt(explained / (1 - explained) / (share * (1 - share)))
    return float(norm.cdf(distance / np.sqrt(2)))


def check_signal(data: ClassRows) -> tuple[Check, Sheet]:
    """Whether real classes are told better than shuffled ones; and the rows that would show it.

    The largest ROC AUC of a class against the rest counts. Fails when nothing is told, though the
    rows would show `feasibility.lift` even of the rarest class with power 0.9; unknown when they
    are fewer. A signal that is uncertain (p > .01), or maybe less than useful, is a caution.
    """
    useful = 0.5 + data.use_case.feasibility.lift
    first = first_rows(data.entities)
    shares = np.bincount(data.labels[first], minlength=len(data.classes)) / len(first)
    rarest = float(np.clip(shares[shares > 0].min(), 1e-6, 1 - 1e-6))
    needed = rows_to_notice(explained_share(useful, rarest), len(data.features))
    areas = class_areas(data, data.answers())
    best, p = max(areas, key=lambda one: one.area.value), signal_p(data)
    if p > ALPHA:
        verdict = Verdict.FAIL if len(first) >= needed else Verdict.UNKNOWN
    else:
        sure = p <= 0.01 and best.low >= useful
        verdict = Verdict.PASS if sure else Verdict.CAUTION
    check = Check(
        name="signal",
        claim=f"The features tell a class from the rest with a ROC AUC of at least {useful:g}",
        verdict=verdict,
        statistic="largest ROC AUC of a class against the rest, cross-validated",
        estimate=best.area.value,
        interval=best.area.interval,
        threshold=useful,
        why=_why(best, p, len(first), rarest, len(data.features)),
        remedy=_remedy(verdict, needed - len(first)),
        rows=len(data.sampled_rows),
    )
    return check, _sheet(data, areas)


def _why(best: ClassArea, p: float, rows: int, rarest: float, features: int) -> str:
    told = "can" if p <= ALPHA else "cannot"
    text = (
        f"A quick learner tells {best.name} from the rest with a ROC AUC of {best.text}; chance has"
        f" 0.5. The classes {told} be told from shuffled ones (p = {p:.3g})."
    )
    if p <= ALPHA:
        return text
    noticed = noticed_r2(rows, features)
    area = None if noticed is None else area_of_share(noticed, rarest)
    shown = "no such ROC AUC" if area is None else f"one of {area:.2f} or more"
    return f"{text} In 90 of 100 data sets {rows:,} independent rows show {shown}."


def _remedy(verdict: Verdict, more: float) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return "Add columns that bear on the outcome, and check that classes belong to their rows."
    if verdict is Verdict.CAUTION:
        return "Add rows, or columns that bear on the outcome."
    add = f"Add about {format_rounded_up(more)} rows" if is_reportable_count(more) else "Add rows"
    return f"{add}, or columns that bear on the outcome; or ask for more (feasibility.lift)."


def _sheet(data: ClassRows, areas: list[ClassArea]) -> Sheet:
    counts = np.bincount(data.all_rows.truth, minlength=len(data.classes))
    total = int(counts.sum())
    useful = 0.5 + data.use_case.feasibility.lift
    rows = []
    for one in areas:
        share = float(np.clip(counts[one.code] / total, 1e-6, 1 - 1e-6))
        needed = float(np.ceil(rows_to_notice(explained_share(useful, share), len(data.features))))
        area, interval = one.area, one.area.interval
        rows.append(
            (
                *(one.name, int(counts[one.code]), share),
                *(area.value, interval.low, interval.high),
                needed if is_reportable_count(needed) else None,
            )
        )
    return Sheet(
        title="Classes against the rest",
        columns=("class", "rows", "share", "ROC AUC", "low", "high", "rows to see the lift"),
        rows=tuple(rows),
        note="ROC AUC of a quick learner, out of fold. The last column: rows of all classes that"
        " would show the smallest useful ROC AUC of that class in 90 of 100 data sets.",
    )
