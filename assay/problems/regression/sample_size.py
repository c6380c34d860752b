"""Are there rows enough to learn amounts from?"""

from __future__ import annotations

import math

from assay.gates.feasibility.sample_size import (
    OPTIMISM,
    SHRINKAGE,
    count_parameters,
)
from assay.gates.report import Check, Sheet, Verdict
from assay.problems.regression.amount_rows import AmountRows
from assay.problems.regression.signal import estimate_r2
from assay.util.wording import format_rounded_up, is_reportable_count

RESIDUAL_ROWS = 234  # beyond the parameters, for the residual spread to 10 %
MEAN_MARGIN = 0.1


def check_sample_size(data: AmountRows) -> tuple[Check, Sheet, float]:
    """Whether there are rows enough; what is asked for, and how many training rows that is.

    Fails below the rows that the use case asks for (`feasibility.events`), else an advice. Riley et
    al., Statistics in Medicine 38 (2019) 1262, for continuous outcomes.
    """
    amounts, split = data.all_rows.truth, data.use_case.split.test
    limit, rows = data.use_case.feasibility.events, round(len(amounts) * (1 - split))
    parameters = max(sum(count_parameters(data.frame[name]) for name in data.features), 1)
    r2 = estimate_r2(data).value
    needs = riley_continuous(parameters, r2, float(amounts.mean()), float(amounts.std()))
    needed = max(needs.values())
    short = len(amounts) < limit
    verdict = Verdict.FAIL if short else Verdict.CAUTION if rows < needed else Verdict.PASS
    asked = (
        f"{format_rounded_up(needed)} training rows"
        if is_reportable_count(needed)
        else "more rows than can be had: the features explain nothing"
    )
    check = Check(
        name="sample_size",
        claim=f"There are rows enough to learn from: {limit} at the least",
        verdict=verdict,
        statistic="rows with an amount",
        estimate=float(len(amounts)),
        threshold=float(limit),
        why=f"{len(amounts):,} rows have an amount; feasibility.events asks for {limit}."
        if short
        else f"{rows:,} training rows, {parameters} parameters of a linear model, R2 {r2:.3f}."
        f" Riley's criteria ask for {asked}.",
        remedy=_remedy(verdict, limit - len(amounts), needed / (1 - split) - len(amounts)),
        rows=rows,
    )
    return check, _sheet(needs, parameters), needed


def riley_continuous(parameters: int, r2: float, mean: float, spread: float) -> dict[str, float]:
    """Training rows that each criterion asks for; infinite where nothing is explained.

    `r2` is adjusted for optimism, `mean` and `spread` are those of the amounts. The last criterion
    needs a mean that differs from 0, and is left out otherwise.
    """
    least = RESIDUAL_ROWS + parameters
    needs = {
        "coefficients shrink by a tenth at most": _rows_for_shrinkage(parameters, r2),
        "R2 is too good by 0.05 at most": math.ceil(1 + parameters * (1 - r2) / OPTIMISM),
        "the residual spread is known to a tenth": float(least),
    }
    if abs(mean) > spread / 10:
        needs["the mean is known to a tenth"] = _rows_for_mean(
            parameters, max(r2, 0.0), mean, spread, least
        )
    return needs


def _rows_for_shrinkage(parameters: int, r2: float) -> float:
    """The fewest rows at which the heuristic shrinkage factor is 0.9."""
    if r2 <= 0:
        return math.inf
    if parameters <= 2:
        return float(parameters + 2)

    def shrinkage(rows: int) -> float:
        apparent = (r2 * (rows - parameters - 1) + parameters) / (rows - 1)
        if apparent >= 1:
            return 1.0
        return 1 + (parameters - 2) / (rows * math.log(1 - apparent))

    low, high = parameters + 2, parameters + 2
    while shrinkage(high) < SHRINKAGE:
        low, high = high, 2 * high
        if not is_reportable_count(high):
            return math.inf
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shrinkage(middle) >= SHRINKAGE else (middle + 1, high)
    return float(low)


def _rows_for_mean(parameters: int, r2: float, mean: float, spread: float, least: int) -> float:
    from scipy.stats import t

    rows = least
    while rows < 10**7:
        freedom = rows - parameters - 1
        half = float(t.ppf(0.975, freedom)) * spread * math.sqrt((1 - r2) / rows)
        if half <= MEAN_MARGIN * abs(mean):
            return float(rows)
        rows = max(rows + 1, math.ceil(rows * min((half / (MEAN_MARGIN * abs(mean))) ** 2, 2)))
    return math.inf


def _remedy(verdict: Verdict, lacking: int, more: float) -> str:
    if verdict is Verdict.PASS:
        return ""
    if verdict is Verdict.FAIL:
        return f"Add at least {lacking} rows. To go on all the same, lower feasibility.events."
    if is_reportable_count(more) and more > 0:
        return f"Add about {format_rounded_up(more)} rows, or prefer a penalised model."
    return "Prefer a penalised model, and read each amount with its interval."


def _sheet(needs: dict[str, float], parameters: int) -> Sheet:
    return Sheet(
        title="Training rows needed",
        columns=("so that", "rows"),
        rows=tuple((name, rows if math.isfinite(rows) else None) for name, rows in needs.items()),
        note="Riley and others, Statistics in Medicine 38 (2019) 1262: an advice, for a linear"
        f" model of {parameters} parameters. Empty: no number would do.",
    )
