"""The fairness gate: every metric by group, and gaps to a reference judged against set limits.

Metrics of decisions are Fairlearn's, over counted cells that stand for their rows by weight;
`metrics` says what each is and how sure, `gaps` how verdicts come about.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from assay.config.data import Sensitive
from assay.config.gates import FairnessRule
from assay.errors import DataError, nearest_name
from assay.gates.confusion_cells import ROWS_COLUMN
from assay.gates.fairness import figures, sheets
from assay.gates.fairness.checks import gap_measurements, limit_checks
from assay.gates.fairness.divisions import (
    FairnessLimit,
    GroupColumns,
    GroupDivision,
    divide_groups,
    group_columns,
)
from assay.gates.fairness.gaps import ALPHA, MIN_ROWS
from assay.gates.fairness.metric_rules import MetricRule, judge_rules
from assay.gates.fairness.tally import tally_predictions
from assay.gates.fairness.undeclared import SENSITIVE_COLUMNS, undeclared_summaries
from assay.gates.report import Check, Report, Sheet, Verdict, overall_verdict
from assay.gates.statistics.cluster_errors import MIN_CLUSTERS, Clusters, cluster_rows
from assay.gates.statistics.design_effect import weights_note
from assay.gates.statistics.intervals import Bools, Floats


def audit_fairness(
    predictions: pd.DataFrame,
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
    *,
    subject: str,
    seed: int = 0,
    by: Sequence[str | tuple[str, ...]] | None = None,
    units: pd.Series | None = None,
    weights: Floats | None = None,
    declarations: Sequence[Check] = (),
) -> Report:
    """Judge `predictions` against `rules`.

    Predictions hold bool columns `truth` and `decision`, a column of group labels (see
    `groups.group_labels`) for every sensitive column, perhaps `probability` (float64 in [0, 1]),
    and perhaps "(rows)": how many rows each stands for (int64). Tabled are, whether or not a rule
    names them, the divisions `by`, each a column or the intersection of several; left out, every
    sensitive column and the intersection of all. `units` says which of the rows belong together,
    and by its name of what they are; where some do, every interval is cluster-robust. `weights`
    says how much each row counts, of a sample whose rows were drawn with unequal chances. The
    checks of what the use case declares (see `undeclared`) come beside. Raises
    DataError for columns that are absent or hold what they may not, and for a reference group that
    does not exist.
    """
    check_rule_columns(rules, sensitive)
    if weights is not None:
        predictions = predictions.assign(**{ROWS_COLUMN: weights})
    present = _validate_predictions(predictions, sensitive)
    predictions = predictions[present]
    weights = None if weights is None else weights[present]
    clusters = cluster_rows(None if units is None else units[present], weights)
    counted = tally_predictions(predictions, list(sensitive), clusters)
    asked = list_divisions(rules, sensitive, by)
    divisions = {columns: divide_groups(counted, columns, sensitive) for columns in asked}
    limits = judge_limits(rules, divisions)
    gaps = [check for limit in limits for check in limit_checks(limit)]
    checks = [*gaps, *declarations]
    drawn = [figures.limit_figure(limit) for limit in limits if limit.pairs]
    if counted.ranked is not None:
        single = [division for division in divisions.values() if len(division.by) == 1]
        drawn += [figures.calibration_figure(counted, division) for division in single]
    return Report(
        gate="fairness",
        subject=subject,
        verdict=weigh_gaps(checks, has_rules=bool(rules)),
        summary=" ".join(
            [summarize_gaps(gaps, rules, sensitive), *undeclared_summaries(declarations)]
        ),
        checks=tuple(checks),
        sheets=tuple(_sheets(limits, list(divisions.values()), seed)),
        figures=tuple(drawn),
        notes=(
            *_notes(predictions, limits, list(divisions.values()), clusters),
            *weights_note(weights),
        ),
        measurements=gap_measurements(checks),
    )


def weigh_gaps(checks: Sequence[Check], *, has_rules: bool) -> Verdict:
    """What is not judged is not passed, unless people declared that there is nothing to judge."""
    nothing_to_judge = any(
        c.name == SENSITIVE_COLUMNS and c.verdict is Verdict.PASS for c in checks
    )
    if has_rules or nothing_to_judge:
        return overall_verdict(checks)
    return Verdict.worst([Verdict.CAUTION, overall_verdict(checks)])


def join_newest_report(report: Report, newest_report: Report, rows: int) -> Report:
    """The report, joined by what the newest rows alone say: there a gap that many old rows hide
    would show. Where these are too few to tell, the report on all rows stands.
    """
    told = f" on the {rows:,} test rows that came since"
    checks = [
        check.model_copy(
            update={"name": f"newest {check.name}", "claim": check.claim + told, "accepted": True}
        )
        for check in newest_report.checks
    ]
    every = (*report.checks, *checks)
    notes = (*report.notes, f"The rules were also held against the {rows:,} newest test rows.")
    return report.model_copy(
        update={
            "checks": every,
            "verdict": overall_verdict(every),
            "notes": notes,
            "measurements": gap_measurements(every),
        }
    )


# --- what is asked ----------------------------------------------------------------------------


def check_rule_columns(rules: Sequence[FairnessRule], sensitive: Mapping[str, Sensitive]) -> None:
    """Raise DataError for a rule's column that is not declared as sensitive."""
    for name in itertools.chain(*(rule.sensitive_columns() for rule in rules)):
        if name not in sensitive:
            near = nearest_name(name, sensitive)
            raise DataError(
                f"a fairness rule names {name!r}, which is no sensitive column",
                remedy=f"Did you mean {near!r}?" if near else "Declare it as sensitive.",
            )


def _validate_predictions(predictions: pd.DataFrame, sensitive: Mapping[str, Sensitive]) -> Bools:
    """Which predictions stand for a row at all, once all are known to be sound."""
    optional = [name for name in ("probability", ROWS_COLUMN) if name in predictions]
    for name in ("truth", "decision", *sensitive, *optional):
        if name not in predictions:
            near = nearest_name(name, map(str, predictions.columns))
            raise DataError(
                f"the predictions have no column {name!r}",
                remedy=f"Did you mean {near!r}?" if near else None,
            )
        if predictions[name].isna().any():
            raise DataError(f"the predictions' column {name!r} holds nulls")
    if "probability" in predictions and not predictions["probability"].between(0, 1).all():
        raise DataError("the predictions' column 'probability' holds values outside 0 to 1")
    present = np.ones(len(predictions), dtype=bool)
    if ROWS_COLUMN in predictions:
        present = predictions[ROWS_COLUMN].to_numpy() > 0
    if not present.any():
        raise DataError("there are no predictions to audit")
    return present


def list_divisions(
    rules: Sequence[FairnessRule],
    sensitive: Mapping[str, Sensitive],
    by: Sequence[str | tuple[str, ...]] | None,
) -> list[GroupColumns]:
    """What is to be tabled, and what else the rules name."""
    wanted = [(name,) for name in sensitive] + ([tuple(sensitive)] if sensitive else [])
    if by is not None:
        wanted = [group_columns(one) for one in by]
    wanted += [group_columns(one) for rule in rules for one in rule.by]
    return list(dict.fromkeys(wanted))


def judge_limits(
    rules: Sequence[FairnessRule], divisions: Mapping[GroupColumns, GroupDivision]
) -> list[FairnessLimit]:
    """All rules' pairs, judged as one family. `divisions` hold all that the rules name."""
    return judge_rules(
        [
            MetricRule(rule, metric, divisions[group_columns(by)])
            for rule in rules
            for metric in rule.metrics
            for by in rule.by
        ]
    )


# --- what is said -----------------------------------------------------------------------------


def _sheets(
    limits: Sequence[FairnessLimit], divisions: Sequence[GroupDivision], seed: int
) -> list[Sheet]:
    found = [sheets.limit_sheet(limits, seed)] if limits else []
    found += [sheets.group_sheet(division) for division in divisions]
    for division in divisions:
        if len(division.groups) > 1:
            found += [sheets.gap_sheet(division), sheets.summary_sheet(division, seed)]
        found.append(sheets.metric_sheet(division))
    return found


def summarize_gaps(
    checks: Sequence[Check], rules: Sequence[FairnessRule], sensitive: Mapping[str, Sensitive]
) -> str:
    """How many gaps are within their limits, or why none was judged."""
    if not sensitive:
        return "Not judged: no sensitive column is declared, so no groups were compared."
    if not rules:
        return "Not judged: no limit is set, so no gap was compared with one."
    tally = {v: sum(check.verdict is v for check in checks) for v in Verdict}
    return (
        f"Gaps held to a limit: {len(checks)}. Within it: {tally[Verdict.PASS]}, "
        f"beyond it: {tally[Verdict.FAIL]}, cannot be told: {tally[Verdict.UNKNOWN]}."
    )


def _notes(
    predictions: pd.DataFrame,
    limits: Sequence[FairnessLimit],
    divisions: Sequence[GroupDivision],
    clusters: Clusters | None,
) -> tuple[str, ...]:
    """How the verdicts came about, and what limits them."""
    found = judgement_notes(limits, len(predictions), clusters)
    decisions = predictions["decision"]
    if decisions.all() or not decisions.any():
        found.append(f"Every decision is {'yes' if bool(decisions.iloc[0]) else 'no'}.")
    if "probability" in predictions and np.ptp(predictions["probability"]) == 0:
        found.append("All probabilities are alike.")
    found += unlisted_notes(divisions)
    return tuple(found)


def judgement_notes(
    limits: Sequence[FairnessLimit], rows: int, clusters: Clusters | None
) -> list[str]:
    """How the verdicts on all pairs came about."""
    found = []
    family = sum(pair.judgeable for limit in limits for pair in limit.pairs)
    if limits:
        found.append(
            f"Failures are judged as one family of {family} (Holm, {ALPHA:.0%}); a pass is "
            f"an equivalence test at {ALPHA:.0%}. What rests on fewer than {MIN_ROWS} rows is not "
            "judged."
        )
    if clusters is not None and clusters.name:
        count = int(clusters.codes.max()) + 1
        found.append(
            f"{rows:,} rows hold {count:,} different values of {clusters.name}. Every "
            "interval of a group takes into account that rows of one value may err together, and "
            f"what rests on fewer than {MIN_CLUSTERS} (counted as if equally large) is not judged."
        )
    return found


def unlisted_notes(divisions: Sequence[GroupDivision]) -> list[str]:
    """How many groups are not listed, being too small and too many."""
    return [
        f"{division.unlisted} groups of {division.title} with fewer than {MIN_ROWS} rows are not "
        "listed."
        for division in divisions
        if division.unlisted
    ]
