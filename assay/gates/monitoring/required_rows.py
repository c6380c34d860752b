"""How many rows would decide an `unknown` check of realised performance, if any number would.

Realised performance is compared with the reference, the rows that the model was tested on. Both are
samples. The interval of the difference narrows with the rows of either, about with the root of
1/n + 1/m. If the reference is small, as after a retraining on few rows, no number of labels is
enough, and waiting for more would be in vain.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from assay.dataset.groups import unchecked_group_labels
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.report import Check, Verdict
from assay.tables.table import Table
from assay.util.wording import format_rounded_up

ALL_ROWS: Final = ""
_MAX_TIMES: Final = 100.0  # times the present rows; more is unrealistic


@dataclass(frozen=True)
class RequiredRows:
    """Labelled rows, or reference rows, that would decide; None for a side that alone cannot."""

    labels: float | None
    reference: float | None


def add_required_rows(checks: Sequence[Check], reference: Table, roles: ColumnRoles) -> list[Check]:
    """The checks of realised performance; an `unknown` one says how many rows would decide it."""
    if not any(check.verdict is Verdict.UNKNOWN for check in checks):
        return list(checks)
    held = _rows_by_group(reference, roles)
    return [_add_remedy(check, held) for check in checks]


def required_rows(check: Check, reference: int) -> RequiredRows | None:
    """The rows that would decide a check, if its estimate stays.

    None for a check without an interval or rows. `reference`: the reference's rows of the same
    group.
    """
    span, rows, limit = check.interval, check.rows, check.threshold
    known = span is not None and span.low is not None and span.high is not None
    if not known or not rows or not reference or limit is None or check.estimate is None:
        return None
    assert span is not None, "it is known"
    half = ((span.high or 0.0) - (span.low or 0.0)) / 2
    distance = abs(limit - check.estimate)
    if half <= 0 or distance <= 0:
        return RequiredRows(None, None)
    most = (1 / rows + 1 / reference) * (distance / half) ** 2  # limit on 1/n + 1/m
    return RequiredRows(
        _rows_of_one_side(most, reference, rows), _rows_of_one_side(most, rows, reference)
    )


def _rows_of_one_side(max_inverse_sum: float, fixed: int, now: int) -> float | None:
    """The rows that one side needs if the other side stays as it is."""
    left = max_inverse_sum - 1 / fixed
    return 1 / left if left > 0 and 1 / left <= _MAX_TIMES * now else None


def _add_remedy(check: Check, reference_counts: Mapping[str, int]) -> Check:
    reference = reference_counts.get(check.group or ALL_ROWS, 0)
    found = required_rows(check, reference) if check.verdict is Verdict.UNKNOWN else None
    if found is None:
        return check
    return check.model_copy(update={"remedy": _remedy(found, check.rows or 0, reference)})


def _remedy(requirement: RequiredRows, rows: int, reference: int) -> str:
    if requirement.labels is not None:
        looks = math.ceil(requirement.labels / rows)
        return (
            f"About {format_rounded_up(requirement.labels)} labelled rows judged together would "
            f"tell: those of {looks} such looks. Raise monitor.rows to make a look wait for them."
        )
    told = f"No number of labels would tell: it was tested on {reference:,} such rows"
    if requirement.reference is None:
        return f"{told}, and the estimate lies too near the margin."
    return (
        f"{told}. About {format_rounded_up(requirement.reference)} test rows would: retrain on "
        "more rows (retrain.window), or set more of them aside (split.test)."
    )


def _rows_by_group(reference: Table, roles: ColumnRoles) -> dict[str, int]:
    """The reference's row counts by group, such as "sex=f", and of all rows."""
    found = {ALL_ROWS: reference.rows}
    for name in roles.by:
        column = reference.to_arrow([name])[name].to_pandas()
        counts = unchecked_group_labels(column, roles.sensitive[name], name).value_counts()
        found |= {f"{name}={group}": int(count) for group, count in counts.items()}
    return found
