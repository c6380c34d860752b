"""The fairness gate: rates by group, and gaps to a reference judged against set tolerances.

Rates are Fairlearn's, over counted cells that stand for their rows by weight; intervals are
Wilson's on each rate's own denominator; `gaps` says how verdicts come about.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import Fairness, Rate
from assay.errors import DataError, nearest
from assay.evidence import fairness_display as display
from assay.evidence.cells import ROWS, confusion, count, denominators, reference_among
from assay.evidence.gaps import FEWEST, Division, Judged, Limit, Pair, judge
from assay.evidence.groups import intersect, reference_of
from assay.evidence.report import Check, Report, Verdict, overall


def audit(
    predictions: pd.DataFrame,
    rules: Sequence[Fairness],
    sensitive: Mapping[str, Sensitive],
    *,
    subject: str,
    seed: int = 0,
) -> Report:
    """Judge `predictions` against `rules`.

    Predictions hold bool columns `truth` and `decision`, and a column of group labels (see
    `groups.group_labels`) for every sensitive column. Every sensitive column and the intersection
    of all are tabled, whether or not a rule names them. Raises DataError for columns that are
    absent or hold nulls, and for a reference group that does not exist.
    """
    _check_columns(predictions, rules, sensitive)
    cells = count(predictions, list(sensitive))
    divisions = {by: _divide(cells, by, rules, sensitive) for by in _divisions(rules, sensitive)}
    limits = _limits(rules, divisions)
    checks = [check for limit in limits for check in _checks(limit)]
    verdict = overall(checks) if rules or not sensitive else Verdict.CAUTION
    sheets = [display.limit_sheet(limits, seed)] if limits else []
    return Report(
        gate="fairness",
        subject=subject,
        verdict=verdict,
        summary=display.summary(checks, rules, sensitive),
        checks=tuple(checks),
        sheets=(*sheets, *(display.rate_sheet(division) for division in divisions.values())),
        figures=tuple(display.gap_figure(limit) for limit in limits if limit.pairs),
        notes=display.notes(predictions["decision"], limits, divisions.values()),
    )


def rates(cells: pd.DataFrame, by: Sequence[str], metrics: Sequence[Rate]) -> pd.DataFrame:
    """Fairlearn's rates by group (index) and metric (columns), NaN where there is no denominator.

    Every cell enters once with its rows as weight, which gives the row-wise result exactly.
    """
    from fairlearn import metrics as fairlearn_metrics
    from sklearn.metrics import accuracy_score, precision_score

    own = {
        "accuracy_score": accuracy_score,
        "precision_score": functools.partial(precision_score, zero_division=0.0),
    }
    frame = fairlearn_metrics.MetricFrame(
        metrics={m: own.get(m) or getattr(fairlearn_metrics, m) for m in metrics},
        y_true=cells["truth"],
        y_pred=cells["decision"],
        sensitive_features=intersect([cells[name] for name in by]),
        sample_params={m: {"sample_weight": cells[ROWS]} for m in metrics},
    )
    table = confusion(cells, by)
    # Fairlearn gives 0 for a share of nothing, which is not a rate of zero.
    known = pd.DataFrame({m: denominators(table, m) > 0 for m in metrics})
    by_group: pd.DataFrame = frame.by_group[list(metrics)].astype(float)
    return by_group.where(known)


# --- dividing the people ----------------------------------------------------------------------


def _check_columns(
    predictions: pd.DataFrame, rules: Sequence[Fairness], sensitive: Mapping[str, Sensitive]
) -> None:
    if predictions.empty:
        raise DataError("there are no predictions to audit")
    for name in itertools.chain(*(rule.columns() for rule in rules)):
        if name not in sensitive:
            near = nearest(name, sensitive)
            raise DataError(
                f"a fairness rule names {name!r}, which is no sensitive column",
                remedy=f"Did you mean {near!r}?" if near else "Declare it as sensitive.",
            )
    for name in ("truth", "decision", *sensitive):
        if name not in predictions:
            near = nearest(name, map(str, predictions.columns))
            raise DataError(
                f"the predictions have no column {name!r}",
                remedy=f"Did you mean {near!r}?" if near else None,
            )
        if predictions[name].isna().any():
            raise DataError(f"the predictions' column {name!r} holds nulls")


def _divisions(
    rules: Sequence[Fairness], sensitive: Mapping[str, Sensitive]
) -> list[tuple[str, ...]]:
    """Every sensitive column, the intersection of all, and what else the rules name."""
    wanted = [(name,) for name in sensitive] + ([tuple(sensitive)] if sensitive else [])
    wanted += [_columns(by) for rule in rules for by in rule.by]
    return list(dict.fromkeys(wanted))


def _columns(by: str | tuple[str, ...]) -> tuple[str, ...]:
    return (by,) if isinstance(by, str) else by


def _divide(
    cells: pd.DataFrame,
    by: tuple[str, ...],
    rules: Sequence[Fairness],
    sensitive: Mapping[str, Sensitive],
) -> Division:
    table = confusion(cells, by)
    rows = table.sum(axis=1)
    single = [cells[ROWS].groupby(cells[name]).sum() for name in by]
    parts = [reference_of(n, sensitive[name], name) for n, name in zip(single, by, strict=True)]
    reference = reference_among(rows, parts)
    unlisted = 0
    if len(table) > display.MANY:
        keep = (rows >= FEWEST) | (table.index == reference)
        labels = intersect([cells[name] for name in by])
        unlisted = int((~keep).sum())
        table, cells = table[keep], cells[labels.isin(table.index[keep])]
    named = [rule.metric for rule in rules if by in map(_columns, rule.by)]
    metrics = list(dict.fromkeys([*display.SHOWN, *named]))
    return Division(by, reference, table, rates(cells, by, metrics), unlisted)


def _limits(
    rules: Sequence[Fairness], divisions: Mapping[tuple[str, ...], Division]
) -> list[Limit]:
    """All rules' pairs, judged as one family."""
    asked = [(rule, divisions[_columns(by)]) for rule in rules for by in rule.by]
    pairs = [division.pairs(rule) for rule, division in asked]
    judged = iter(judge(list(itertools.chain(*pairs))))
    return [
        Limit(rule, division, own, [next(judged) for _ in own])
        for (rule, division), own in zip(asked, pairs, strict=True)
    ]


# --- checks -----------------------------------------------------------------------------------


def _checks(limit: Limit) -> list[Check]:
    found = [_check(limit, p, j) for p, j in zip(limit.pairs, limit.judged, strict=True)]
    if limit.division.unlisted:  # what is not listed one by one is no less unknown
        found.append(_too_small(limit))
    return found or [_one_group(limit)]


def _too_small(limit: Limit) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=f"{rule.metric}[{division.title}: too small]",
        claim=f"{display.title(rule.metric)} of every small group of {division.title} is within "
        f"{rule.tolerance:g} of that of {division.reference}",
        verdict=Verdict.UNKNOWN,
        statistic=rule.metric,
        threshold=rule.tolerance,
        why=f"{division.unlisted:,} groups have fewer than {FEWEST} rows each, too few to judge",
        remedy="Merge groups, or audit on more rows.",
        accepted=rule.on_unknown == "accept",
    )


def _one_group(limit: Limit) -> Check:
    division, rule = limit.division, limit.rule
    return Check(
        name=f"{rule.metric}[{division.title}]",
        claim=f"{display.title(rule.metric)} is alike for all groups of {division.title}",
        verdict=Verdict.UNKNOWN,
        statistic=rule.metric,
        threshold=rule.tolerance,
        why=f"all rows are of one group, {division.reference}",
        remedy="Audit on rows of more than one group.",
        accepted=rule.on_unknown == "accept",
        rows=int(division.table.to_numpy().sum()),
    )


def _check(limit: Limit, pair: Pair, judged: Judged) -> Check:
    rule, division = limit.rule, limit.division
    shares = division.rates[rule.metric]
    gap = float(shares[pair.group] - shares[pair.reference])
    group, base = division.named(pair.group), division.named(pair.reference)
    return Check(
        name=f"{rule.metric}[{group}]",
        claim=f"{display.title(rule.metric)} of {group} is within {rule.tolerance:g} "
        f"of that of {base}",
        verdict=judged.verdict,
        statistic=f"{rule.metric}, group minus reference",
        estimate=None if np.isnan(gap) else gap,
        interval=judged.interval,
        threshold=rule.tolerance,
        why=display.why(pair, judged),
        remedy=display.remedy(rule, pair, judged),
        accepted=rule.on_unknown == "accept",
        rows=pair.rows,
        group=group,
    )
