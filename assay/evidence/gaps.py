"""Gaps between groups and their reference, judged together against tolerances.

Two errors matter, and each is bounded at `ALPHA` for the gate as a whole:

- To fail a model whose every gap is tolerable. Any one pair can fail the gate, so the pairs of
  all rules are one family: a pair fails when its Newcombe interval lies beyond the tolerance at
  the level that Holm's step-down procedure grants it.
- To pass a model of which some gap is intolerable. Every pair must pass for the gate to pass, so
  no correction is due (an intersection-union test: Berger, Technometrics 24, 1982): a pair passes
  when its interval at level 1 - 2 ALPHA, that is two one-sided tests of size ALPHA, lies inside.

Everything between is `unknown`. The interval shown is the one that decided. The largest gap less
the smallest is never judged: over small groups it is biased upward.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from assay.config.gates import Fairness, Rate
from assay.evidence.cells import denominators, successes
from assay.evidence.report import Interval, Verdict
from assay.evidence.statistics import Bools, Floats, newcombe_limits

ALPHA = 0.05
FEWEST = 10  # a share of fewer rows is not judged, whatever its interval says
MOST_DEALT = 10**9  # rows from which NumPy refuses to draw hypergeometrically


@dataclass(frozen=True, slots=True)
class Pair:
    """One group against its reference, in one metric: successes out of rows."""

    metric: Rate
    by: tuple[str, ...]
    group: str
    reference: str
    successes: int
    rows: int
    reference_successes: int
    reference_rows: int
    tolerance: float

    @property
    def judgeable(self) -> bool:
        return min(self.rows, self.reference_rows) >= FEWEST


@dataclass(frozen=True, slots=True)
class Judged:
    """A pair's verdict, with the interval that it rests on."""

    verdict: Verdict
    interval: Interval


def judge(pairs: Sequence[Pair], alpha: float = ALPHA) -> list[Judged]:
    """One verdict a pair, in order, the pairs being one family. See the module's text."""
    if not pairs:
        return []
    able = np.array([pair.judgeable for pair in pairs], dtype=bool)
    limit = np.array([pair.tolerance for pair in pairs], dtype=float)
    failed, passed = np.zeros_like(able), np.zeros_like(able)
    low, high, levels = np.zeros_like(limit), np.zeros_like(limit), np.zeros_like(limit)

    def take(level: float, where: Bools) -> Bools:
        """Put the intervals at `level` in place, and say which of them are judged."""
        new_low, new_high = _limits(pairs, level)
        low[where], high[where], levels[where] = new_low[where], new_high[where], level
        return np.asarray(where & able)

    while True:
        # Holm: those rejected at this level leave the family, which eases it for the rest.
        level = 1 - alpha / max(int((able & ~failed).sum()), 1)
        rejected = take(level, ~failed) & ((low > limit) | (high < -limit))
        if not rejected.any():
            break
        failed |= rejected
    low90, high90 = _limits(pairs, 1 - 2 * alpha)
    passed = able & ~failed & (low90 >= -limit) & (high90 <= limit)
    take(1 - 2 * alpha, passed)
    return [
        Judged(
            Verdict.FAIL if failed[i] else Verdict.PASS if passed[i] else Verdict.UNKNOWN,
            Interval(low=float(low[i]), high=float(high[i]), level=float(levels[i])),
        )
        for i in range(len(pairs))
    ]


def _limits(pairs: Sequence[Pair], level: float) -> tuple[Floats, Floats]:
    counts = [[p.successes, p.rows, p.reference_successes, p.reference_rows] for p in pairs]
    k, n, base_k, base_n = np.array(counts, dtype=float).reshape(-1, 4).T
    return newcombe_limits(k, n, base_k, base_n, level)


@dataclass(frozen=True, slots=True)
class Need:
    """What would turn an `unknown` into an answer, if the shares stayed as they are."""

    more: int | None = None  # rows of the metric's denominator in the group alone
    both: tuple[int, int] | None = None  # or so many rows in the group, and in the reference


def need(pair: Pair, level: float, alpha: float = ALPHA) -> Need:
    """About how much more data would decide `pair`, judged at `level` for a failure.

    A share of fewer than `FEWEST` rows is too rough to plan with: then the reference's is taken.
    """
    if pair.reference_rows < FEWEST:
        return Need()
    base = pair.reference_successes / pair.reference_rows
    share = pair.successes / pair.rows if pair.rows >= FEWEST else base
    growth = np.geomspace(1, 100, 120)  # more than a hundredfold helps nobody
    rows = max(pair.rows, FEWEST) * growth
    grown = pair.reference_rows * growth

    def first(reference_rows: Floats) -> int | None:
        """Index of the first size at which the pair would pass or fail."""
        counts = (share * rows, rows, base * reference_rows, reference_rows)
        low, high = newcombe_limits(*counts, 1 - 2 * alpha)
        passes = (low >= -pair.tolerance) & (high <= pair.tolerance)
        low, high = newcombe_limits(*counts, level)
        decided = np.flatnonzero(passes | (low > pair.tolerance) | (high < -pair.tolerance))
        return int(decided[0]) if len(decided) else None

    alone = first(np.full_like(rows, pair.reference_rows))
    if alone is not None:
        return Need(more=max(int(np.ceil(rows[alone])) - pair.rows, 1))
    together = first(grown)
    if together is None:
        return Need()
    return Need(both=(int(np.ceil(rows[together])), int(np.ceil(grown[together]))))


def permutation_p(pairs: Sequence[Pair], *, draws: int = 1999, seed: int = 0) -> float | None:
    """How often chance gives a gap as large as the largest of `pairs`, were all groups alike.

    The pairs share metric, columns and reference. The successes are dealt out anew among the
    groups' rows, which is a multivariate hypergeometric draw; of a billion rows or more it differs
    from binomial draws at the pooled share by nothing that shows. Gaps are measured in pooled
    standard errors, lest the smallest groups drown the rest. None when fewer than two groups have
    rows.
    """
    held = [pair for pair in pairs if pair.rows and pair.reference_rows]
    if not held:
        return None
    rows = np.array([held[0].reference_rows, *(pair.rows for pair in held)])
    dealt = np.array([held[0].reference_successes, *(pair.successes for pair in held)])
    rng = np.random.default_rng(seed)
    if rows.sum() < MOST_DEALT:
        total = int(dealt.sum())
        drawn = rng.multivariate_hypergeometric(rows, total, size=draws, method="marginals")
    else:
        drawn = rng.binomial(rows, dealt.sum() / rows.sum(), size=(draws, len(rows)))
    observed = _largest(dealt[None, :], rows)[0]
    exceed = int((_largest(drawn, rows) >= observed - 1e-12).sum())
    return (1 + exceed) / (1 + draws)


def _largest(successes: np.ndarray, rows: np.ndarray) -> Floats:
    """Per draw, the largest gap to the first group in units that make sizes comparable."""
    shares = successes / rows
    errors = np.sqrt(1 / rows[1:] + 1 / rows[0])  # the pooled share is the same in every draw
    return np.asarray((np.abs(shares[:, 1:] - shares[:, :1]) / errors).max(axis=1))


@dataclass(frozen=True, slots=True)
class Division:
    """The people divided by one column, or by several at once."""

    by: tuple[str, ...]
    reference: str
    table: pd.DataFrame  # confusion counts by group
    rates: pd.DataFrame  # Fairlearn's, by group and metric
    unlisted: int = 0  # groups too small to judge that were left out, being too many

    @property
    def title(self) -> str:
        return " & ".join(self.by)

    def named(self, group: str) -> str:
        return f"{self.title}={group}"

    def pairs(self, rule: Fairness) -> list[Pair]:
        k, n = successes(self.table, rule.metric), denominators(self.table, rule.metric)
        base = self.reference
        return [
            Pair(
                metric=rule.metric,
                by=self.by,
                group=group,
                reference=base,
                successes=int(k[group]),
                rows=int(n[group]),
                reference_successes=int(k[base]),
                reference_rows=int(n[base]),
                tolerance=rule.tolerance,
            )
            for group in self.table.index
            if group != base
        ]


@dataclass(frozen=True, slots=True)
class Limit:
    """One rule applied to one division: its pairs and their verdicts."""

    rule: Fairness
    division: Division
    pairs: Sequence[Pair]
    judged: Sequence[Judged]
