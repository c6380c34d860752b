"""The monitoring gate: is the champion still as good, and as fair, as when it was registered?

It is `fail` (retrain) only if expected or realised performance, or realised fairness, is surely
worse than accepted at the level of this look, and a changed mix of rows does not explain it. Any
other finding is a caution (watch): late batches, missing labels, columns that shifted without harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from assay.config.gates import DriftSettings, FairnessRule
from assay.config.production import MonitoringSettings
from assay.gates.drift.binary_harm import estimate_binary_performance
from assay.gates.drift.prediction_harm import EstimatePerformance
from assay.gates.drift.scored_rows import ColumnRoles
from assay.gates.fairness.checks import gap_measurements
from assay.gates.monitoring import (
    arrivals,
    column_contents,
    labels,
    look_history,
    predictions,
    step_costs,
)
from assay.gates.monitoring.evidence import EvidenceSoFar
from assay.gates.monitoring.facts import Lack, LookSummary, MonitoringFacts
from assay.gates.monitoring.fairness import (
    RealisedFairness,
    RealisedFairnessRules,
    judge_realised_fairness,
    unjudged_fairness,
)
from assay.gates.monitoring.left_rows import LeftRows, judge_left_rows
from assay.gates.monitoring.predictions import LookTables, PredictionFindings
from assay.gates.monitoring.reasons import judge_first_reasons
from assay.gates.report import Check, Report, Sheet, Verdict, overall_verdict
from assay.learning.abstention import AbstainRule
from assay.tables.profiled_table import profile_and_sample
from assay.util.wording import format_count

Advice = Literal["healthy", "watch", "retrain"]


@dataclass(frozen=True)
class MonitoringRequest:
    """The use case's settings for monitoring. `features`: the columns that the model sees.
    `estimate`: whether predictions are harmed, as the question's type has it. `rules`: the fairness
    rules, None where there are none or a look cannot judge them for a question of this type;
    `unjudged_rules` are these. `abstain`: by which rule the champion leaves rows to a person.
    """

    monitor: MonitoringSettings
    drift: DriftSettings
    rules: RealisedFairnessRules | None
    roles: ColumnRoles
    features: Sequence[str]
    seed: int = 0
    estimate: EstimatePerformance = estimate_binary_performance
    unjudged_rules: Sequence[FairnessRule] = ()
    abstain: AbstainRule | None = None


@dataclass(frozen=True)
class MonitoringResult:
    """The result of a look: report, advice, reasons, and figures to follow over time.

    `lacks`: shortfalls that later looks add to their own, by the name of the realised check.
    """

    report: Report
    verdict: Advice
    reasons: list[str]
    figures: dict[str, float]
    lacks: Mapping[str, Lack]


def judge_monitoring(
    facts: MonitoringFacts, rows: LookTables, request: MonitoringRequest, *, subject: str
) -> MonitoringResult:
    """Judge everything that arrived since the last look.

    Too few rows or labels wait and are not judged; without either, the report covers only batches.
    Raises DataError for rows that hold no probabilities.
    """
    looked, fair = _judge_rows(facts, rows, request)
    came = arrivals.check_arrivals(facts, request.monitor)
    held, held_sheets = _judge_contents(rows, request)
    told, told_sheets = _judge_reasons(facts, rows, request)
    left = _judge_left_rows(facts, rows, request)
    checks = [
        *looked.checks,
        *fair.checks,
        *told,
        *left.checks,
        *came,
        *held,
        *labels.check_label_coverage(facts, request.monitor),
        *step_costs.check_step_costs(facts.costs),
    ]
    verdict = overall_verdict(checks)
    advice = _ADVICE.get(verdict, "watch")
    figures = _figures(facts, rows, request, looked, fair) | dict(left.figures)
    now = LookSummary(look=facts.look, as_of=facts.as_of, verdict=advice, figures=figures)
    over_time = look_history.look_figure(facts.earlier, now)
    report = Report(
        gate="monitoring",
        subject=subject,
        verdict=verdict,
        summary=_summary(advice, checks, looked, rows),
        checks=tuple(_failures_first(checks)),
        sheets=(
            look_history.look_sheet(facts.earlier, now),
            *looked.sheets,
            *fair.sheets,
            *told_sheets,
            *left.sheets,
            *([arrivals.batch_sheet(facts.arrived)] if facts.arrived else []),
            labels.label_sheet(facts),
            *held_sheets,
            *_some(step_costs.step_cost_sheet(facts.costs)),
        ),
        figures=(*([over_time] if over_time else []), *looked.figures, *fair.figures),
        notes=(*_notes(facts, rows, request, looked), *filter(None, [fair.worst])),
        measurements=(*looked.measurements, *gap_measurements(fair.checks)),
    )
    return MonitoringResult(report, advice, _reasons(report, advice), figures, looked.lacks)


_ADVICE: dict[Verdict, Advice] = {Verdict.PASS: "healthy", Verdict.FAIL: "retrain"}
_UNKNOWN_PREFIX = {Verdict.UNKNOWN: "Cannot tell: "}
_NO_FINDINGS = PredictionFindings((), (), (), (), "", {})


def _judge_rows(
    facts: MonitoringFacts, rows: LookTables, request: MonitoringRequest
) -> tuple[PredictionFindings, RealisedFairness]:
    if not rows.has_rows:
        return _NO_FINDINGS, RealisedFairness()
    assert facts.level is not None, "a look that judges predictions has a level"
    # Performance and fairness share the look's false alarm rate, so that together they
    # spend no more than it.
    rules, labelled = request.rules, rows.labelled
    level = facts.level / 2 if rules else facts.level
    so_far, share = EvidenceSoFar(), 1.0
    if facts.evidence_level is not None:
        # One half is for this look alone, the other for evidence over all looks.
        spent = facts.evidence_level / 2 if rules else facts.evidence_level
        so_far, share = EvidenceSoFar(facts.earlier, spent), 0.5
    ask = request.drift.model_copy(update={"confidence": 1 - level * share})
    looked = predictions.judge_predictions(
        rows,
        ask,
        request.roles,
        request.features,
        so_far=so_far,
        seed=request.seed,
        estimate=request.estimate,
    )
    if labelled is None or rules is None:
        return looked, unjudged_fairness(labelled, request.unjudged_rules)
    sample, mixed = predictions.weigh_reference(rows, ask, request.features, request.seed)
    rules = replace(rules, unfair=facts.unfair)
    return looked, judge_realised_fairness(labelled, sample, mixed, rules, level)


def _judge_left_rows(
    facts: MonitoringFacts, rows: LookTables, request: MonitoringRequest
) -> LeftRows:
    if request.abstain is None or facts.level is None:
        return LeftRows()
    return judge_left_rows(rows, request.abstain, request.roles, facts.level)


def _judge_contents(
    rows: LookTables, request: MonitoringRequest
) -> tuple[list[Check], list[Sheet]]:
    if rows.current is None:
        return [], []
    old, new = (
        profile_and_sample(one, seed=request.seed) for one in (rows.reference, rows.current)
    )
    names = request.features
    return column_contents.check_contents(old, new, names, request.drift), [
        column_contents.contents_sheet(old, new, names)
    ]


def _judge_reasons(
    facts: MonitoringFacts, rows: LookTables, request: MonitoringRequest
) -> tuple[list[Check], list[Sheet]]:
    if rows.reasons is None or facts.level is None:
        return [], []
    return judge_first_reasons(rows.reasons, request.drift, facts.level, request.seed)


def _figures(
    facts: MonitoringFacts,
    rows: LookTables,
    request: MonitoringRequest,
    findings: PredictionFindings,
    fair: RealisedFairness,
) -> dict[str, float]:
    gaps = list((fair.gaps or {}).values())
    return look_history.round_figures(
        {
            "rows": rows.current.rows if rows.current else None,
            "labelled": rows.labelled.rows if rows.labelled else None,
            **findings.values,
            "largest gap": max(gaps) if gaps else None,
            "coverage": labels.label_coverage(facts, request.monitor),
            "missed": facts.missed or None,
        }
    )


# --- in words ---------------------------------------------------------------------------------


def _failures_first(checks: Sequence[Check]) -> list[Check]:
    """The checks with failures first; the rest keep their order, where columns rank by effect."""
    return sorted(checks, key=lambda check: check.verdict is not Verdict.FAIL)


def _some(sheet: Sheet | None) -> list[Sheet]:
    return [sheet] if sheet else []


def _reasons(report: Report, advice: Advice) -> list[str]:
    """The findings without their remedies, which the report gives for each."""
    wanted = {"healthy": (), "retrain": (Verdict.FAIL,)}
    verdicts = wanted.get(advice, (Verdict.UNKNOWN, Verdict.CAUTION))
    checks = [check for verdict in verdicts for check in report.checks_with(verdict)]
    return [f"{_UNKNOWN_PREFIX.get(check.verdict, '')}{check.finding}" for check in checks]


def _summary(
    advice: Advice, checks: Sequence[Check], findings: PredictionFindings, rows: LookTables
) -> str:
    first = {"healthy": "Healthy", "watch": "Watch", "retrain": "Retrain"}[advice]
    failed = [c for c in checks if c.verdict is Verdict.FAIL]
    if failed:
        more = (
            f", and {format_count(len(failed) - 1, 'other check')} fail" if len(failed) > 1 else ""
        )
        return f"{first}. {failed[0].headline}{more}."
    odd = [c for c in checks if c.verdict is not Verdict.PASS and not c.name.startswith("shift[")]
    told = findings.summary or ("" if rows.has_rows else "No predictions were judged.")
    said = f" {odd[0].headline.removesuffix('.')}." if odd and odd[0].why not in told else ""
    return f"{first}. {told}{said}".strip()


def _notes(
    facts: MonitoringFacts,
    rows: LookTables,
    request: MonitoringRequest,
    findings: PredictionFindings,
) -> list[str]:
    least, found = request.monitor.rows, []
    if rows.current is None and facts.waiting:
        found.append(f"{facts.waiting:,} new rows wait: fewer than {least:,} are not judged.")
    if rows.labelled is None and facts.labels.new:
        found.append(f"{facts.labels.new:,} new labels wait: fewer than {least:,} are not judged.")
    if facts.level is not None:
        found.append(
            f"This look may call sound predictions harmed with a chance of {facts.level:.2%}; all "
            f"looks at this model together, {request.monitor.false_alarms:.0%}."
        )
    share = labels.label_coverage(facts, request.monitor)
    if rows.labelled is not None and share is not None and share < 1:
        found.append(f"{share:.0%} of rows have a label; what is realised is known of these alone.")
    return [*found, *findings.notes]
