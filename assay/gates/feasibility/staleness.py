"""Check 10 in part: are there rows enough whose label is young enough to be true still?"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from assay.gates.feasibility.all_rows import time_column
from assay.gates.feasibility.labelled_rows import LabelledRows
from assay.gates.feasibility.periods import format_moment
from assay.gates.report import Check, Verdict
from assay.util.wording import format_rounded_up, is_reportable_count


def check_staleness(data: LabelledRows, needed_rows: float) -> tuple[Check | None, str]:
    """Rows that are younger than the horizon against those `needed_rows` to learn from (training
    rows, by the check of the sample size); or no check, and the words why not.

    Ages count from feasibility.as_of, else from the newest row of the table, with or without a
    label: never from the clock, so that the same table gives the same report.
    """
    horizon, column = data.use_case.feasibility.horizon, time_column(data.use_case)
    if horizon is None:
        return None, "the use case states no horizon (feasibility.horizon)"
    if column is None:
        return None, "the use case names no column of time (data.time)"
    times = data.all_rows.columns[column]
    dated = pd.api.types.is_datetime64_any_dtype(times)
    end = _age_reference(data, dated)
    if end is None or not (dated or pd.api.types.is_numeric_dtype(times)):
        return _unknown_check(column), ""
    # In days as floats: a horizon may be longer than any date is old.
    ages = (end - times) / pd.Timedelta(days=1) if dated else end - times
    young = int(np.asarray(ages <= horizon).sum())
    limit = f"{horizon:g} {'days ' if dated else ''}before {format_moment(end)}"
    return _check(data, f"{column} not older than {limit}", young, needed_rows), ""


def _age_reference(data: LabelledRows, dated: bool) -> Any:
    """The moment from which ages count; None where that makes no sense."""
    stated = data.use_case.feasibility.as_of
    if stated is None:
        newest = data.all_rows.newest_time
        return newest if newest is None or not dated else pd.Timestamp(newest)
    try:
        if dated:
            return pd.Timestamp(stated) if isinstance(stated, str) else None
        return float(stated)
    except ValueError:
        return None


def _check(data: LabelledRows, limit: str, young: int, needed_rows: float) -> Check:
    total = len(data.all_rows.truth)
    wanted = (
        math.ceil(needed_rows / (1 - data.use_case.split.test))
        if is_reportable_count(needed_rows)
        else 0
    )
    verdict = Verdict.PASS if young >= max(wanted, 1) else Verdict.CAUTION
    if young == 0:
        verdict = Verdict.FAIL
    more = wanted - young
    lack = f"about {format_rounded_up(more)} more labelled rows" if more > 0 else "labelled rows"
    return Check(
        name="staleness",
        claim="Enough rows have labels that are not older than the horizon",
        verdict=verdict,
        statistic="labelled rows within the horizon",
        estimate=float(young),
        threshold=float(wanted) if wanted else None,
        why=f"{young:,} of {total:,} labelled rows have {limit}"
        + (f"; {wanted:,} are needed to learn from." if wanted else "."),
        remedy="" if verdict is Verdict.PASS else f"Add {lack} with {limit}.",
        rows=total,
    )


def _unknown_check(column: str) -> Check:
    return Check(
        name="staleness",
        claim="Enough rows have labels that are not older than the horizon",
        verdict=Verdict.UNKNOWN,
        why=f"Ages by {column} cannot be counted: it, and feasibility.as_of where that is stated,"
        " must both be dates or both be numbers.",
        remedy="Correct data.time or feasibility.as_of.",
    )
