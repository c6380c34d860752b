"""What was found about columns, rows and predictions, as checks."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from assay.config.gates import DriftSettings
from assay.dataset.groups import MISSING_LABEL, MOST_GROUPS
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.performance_drop import DropInputs, PerformanceDrop
from assay.gates.drift.scored_rows import GroupCodes
from assay.gates.report import Check, Interval, Measurement, MeasurementKind, Verdict
from assay.gates.statistics.intervals import Estimate
from assay.tables.profile import ColumnProfile
from assay.tables.profiled_table import ProfiledTable


def row_count_check(reference: int, current: int, ask: DriftSettings) -> Check:
    """Whether there are rows enough to say anything."""
    fewer = min(reference, current)
    verdict = Verdict.PASS if fewer >= ask.rows else Verdict.UNKNOWN
    return Check(
        name="rows",
        claim=f"Each side has at least {ask.rows:,} rows",
        verdict=verdict,
        statistic="rows",
        estimate=float(fewer),
        threshold=float(ask.rows),
        why=f"The reference has {reference:,} rows, the current batch {current:,}",
        remedy="" if verdict is Verdict.PASS else "Wait for more rows, or put batches together.",
        rows=fewer,
    )


def absent_column_check(name: str, side: str) -> Check:
    """A column that one side lacks."""
    return Check(
        name=f"present[{name}]",
        claim=f"{name} is there on both sides",
        verdict=Verdict.UNKNOWN,
        why=f"{name} is not in the {side}, so nothing can be said of it",
        remedy="Mend the source, or leave the column out of the comparison.",
    )


def type_change_check(name: str, old: ColumnProfile, new: ColumnProfile) -> Check:
    """A column whose values became of another sort."""
    return Check(
        name=f"type[{name}]",
        claim=f"{name} holds the same sort of values on both sides",
        verdict=Verdict.UNKNOWN,
        why=f"{name} is {old.kind} in the reference and {new.kind} in the current batch, so its "
        "values cannot be compared",
        remedy="Mend the source, or declare the column's type.",
    )


def incomparable_groups_check(
    name: str, old: GroupCodes, new: GroupCodes, ask: DriftSettings
) -> Check | None:
    """A column by whose groups nothing can be compared; None where it can."""
    why = _why_incomparable(name, old, new, ask)
    if why is None:
        return None
    return Check(
        name=f"groups[{name}]",
        claim=f"The groups of {name} can be compared",
        verdict=Verdict.UNKNOWN,
        why=f"{why}, so groups are not compared",
        remedy=f"Mend the source, or what data.sensitive says of {name}: bins, or other values.",
    )


def _why_incomparable(
    name: str, old: GroupCodes, new: GroupCodes, ask: DriftSettings
) -> str | None:
    for side, (_, labels) in (("reference", old), ("current batch", new)):
        if set(labels) <= {MISSING_LABEL}:
            return f"{name} has no value in the {side}"
    (_, known), (codes, labels) = old, new
    if len(known) > MOST_GROUPS:
        return f"{name} has {len(known):,} groups in the reference, more than {MOST_GROUPS}"
    strange = _unseen_groups(old, new)
    share = float(np.isin(codes, strange).mean())
    if share <= ask.unseen:
        return None
    told = _first_few([labels[code] for code in strange])
    return f"{name} is of groups that the reference never held in {share:.1%} of rows ({told})"


def _unseen_groups(old: GroupCodes, new: GroupCodes) -> list[int]:
    """The codes of groups that the reference never held."""
    held = set(old[1])
    return [code for code, label in enumerate(new[1]) if label not in held]


def unseen_groups_note(sides: DropInputs) -> list[str]:
    """A note on the groups that the reference never held, where they are few."""
    told = []
    for name in sides.group_columns:
        old, new = (side.groups[name] for side in (sides.reference, sides.current))
        if strange := _unseen_groups(old, new):
            told.append(f"{name}: {_first_few([new[1][code] for code in strange])}")
    return [f"Not compared by group, as the reference has none: {'; '.join(told)}."] if told else []


def column_shift_check(
    shift: ColumnShift, effect: float | None, ask: DriftSettings, rows: int, *, output: bool = False
) -> Check:
    """One column's shift; `effect` is what it alone does to the first expected metric.

    `output`: whether it holds what the model says, or labels.
    """
    known = effect is not None
    alone = (
        f"; alone it changes the expected {metric_name(ask.metrics[0])} by {effect:+.3f}"
        if known
        else ""
    )
    return Check(
        name=f"shift[{shift.name}]",
        claim=f"{shift.name} is distributed as in the reference",
        verdict=shift.verdict,
        statistic="Jensen-Shannon distance",
        estimate=shift.effect,
        threshold=ask.effect,
        why=_describe_shift(shift) + alone,
        remedy=_remedy_shift(shift, known, output),
        accepted=True,
        rows=rows,
    )


def _remedy_shift(shift: ColumnShift, has_effect: bool, output: bool) -> str:
    if shift.verdict is Verdict.UNKNOWN:
        return (
            "Stretches of the reference differ as much. More rows would tell; so would, if their "
            "order means nothing, drift.order: arbitrary."
        )
    if shift.has_shifted and output:
        return "Find out why; the checks of performance say what it costs."
    if shift.has_shifted and not has_effect:
        return "Find out why, and name the model's probabilities to see what it does to them."
    return ""


def _describe_shift(shift: ColumnShift) -> str:
    p = format_p_value(shift.adjusted_p)
    moved, chance_move = f"{shift.effect:.3f}", f"{shift.chance_effect:.3f}"
    said = [f"{shift.name} moved by {moved}, where chance makes {chance_move} ({p})"]
    chance = (
        f" (chance makes {shift.expected_unseen:.1%})" if shift.expected_unseen >= 0.001 else ""
    )
    if shift.new_values:
        share = f", {shift.unseen_share:.1%} of rows{chance}" if shift.unseen_share else ""
        said.append(f"new: {_first_few(shift.new_values)}{share}")
    elif shift.unseen_share:
        said.append(f"{shift.unseen_share:.1%} of rows lie outside what the reference held{chance}")
    if shift.lost_values:
        said.append(f"gone: {_first_few(shift.lost_values)}")
    before, after = shift.missing_shares
    if abs(after - before) >= 0.005:
        said.append(f"missing in {after:.1%} of rows, before in {before:.1%}")
    if shift.alike_rows is not None:
        said.append(
            f"over {shift.alike_rows:,.0f} neighbouring rows of the reference are alike, so longer "
            "stretches of it were compared: of these it has few, and a reference with more rows "
            "would tell more"
        )
    return "; ".join(said)


def format_p_value(value: float) -> str:
    """As in sentences: "p 0.012"."""
    return "p below 0.001" if value < 0.001 else f"p {value:.3f}"


def _first_few(values: Sequence[str]) -> str:
    more = f" and {len(values) - 3:,} more" if len(values) > 3 else ""
    return ", ".join(value if len(value) <= 40 else value[:39] + "…" for value in values[:3]) + more


def performance_checks(
    outcome: PerformanceDrop, sides: DropInputs, ask: DriftSettings
) -> list[Check]:
    """Expected performance, and realised where there are labels.

    For groups too small to judge, report only estimates beyond the limit; otherwise every small
    group would raise a warning.
    """
    found = [_expected_check(outcome, sides, ask)]
    found += [_realised_check(outcome, ask)] if outcome.realised_verdict is not None else []
    return [check for check in found if outcome.group is None or not _tells_nothing(check, ask)]


def performance_values(outcome: PerformanceDrop) -> list[Measurement]:
    """Expected performance, and realised where there are labels, for programs."""
    values: dict[MeasurementKind, float | None] = {"expected": outcome.current}
    if outcome.realised_verdict is not None:
        values["realised"] = outcome.realised_value
    return [
        Measurement(
            kind=kind,
            metric=outcome.metric,
            value=value if value is not None and math.isfinite(value) else None,
            group=outcome.group,
        )
        for kind, value in values.items()
    ]


def drop_measurements(checks: Sequence[Check]) -> list[Measurement]:
    """The drops of performance that these checks judged, for programs."""
    kinds: dict[str, MeasurementKind] = {"expected": "expected_drop", "realised": "realised_drop"}
    return [
        Measurement(
            kind=kinds[check.family],
            metric=check.subject.removesuffix(f", {check.group}"),
            value=check.estimate,
            interval=check.interval,
            limit=check.threshold,
            group=check.group,
        )
        for check in checks
        if check.family in kinds
    ]


def _tells_nothing(check: Check, ask: DriftSettings) -> bool:
    if check.verdict is not Verdict.UNKNOWN:
        return False
    return (check.rows or 0) < ask.rows or check.estimate is None or check.estimate <= ask.margin


def too_few_rows_note(
    outcomes: Sequence[PerformanceDrop], sides: DropInputs, ask: DriftSettings
) -> list[str]:
    """A note on the groups that are too small to judge."""
    groups = {
        outcome.group: outcome.rows
        for outcome in outcomes
        if outcome.group
        if len(performance_checks(outcome, sides, ask)) < 1 + (outcome.realised_verdict is not None)
    }
    told = ", ".join(f"{group} ({rows:,} rows)" for group, rows in groups.items())
    return [f"Too few rows to tell: {told}."] if groups else []


def metric_name(metric: str) -> str:
    """As in sentences: "ROC AUC", "balanced accuracy"."""
    return _METRIC_NAMES.get(metric, metric.replace("_", " "))


_METRIC_NAMES = {
    "roc_auc": "ROC AUC",
    "roc_auc_ovr": "ROC AUC (one class against the rest)",
    "macro_f1": "macro F1",
    "mae": "MAE",
    "rmse": "RMSE",
}


def _measured(outcome: PerformanceDrop) -> str:
    """As in sentences: "ROC AUC of sex=f"."""
    return metric_name(outcome.metric) + (f" of {outcome.group}" if outcome.group else "")


def realised_check_name(outcome: PerformanceDrop) -> str:
    """The name of the check of what the labels say of a metric and group."""
    return _check_name("realised", outcome)


def _check_name(kind: str, outcome: PerformanceDrop) -> str:
    return f"{kind}[{outcome.metric}{f', {outcome.group}' if outcome.group else ''}]"


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _expected_check(outcome: PerformanceDrop, sides: DropInputs, ask: DriftSettings) -> Check:
    return Check(
        name=_check_name("expected", outcome),
        claim=f"Expected {_measured(outcome)} falls by no more than {ask.margin:g}",
        verdict=outcome.verdict,
        statistic=f"drop of the expected {metric_name(outcome.metric)}",
        estimate=_number(outcome.drop.value),
        interval=outcome.drop.interval,
        threshold=ask.margin,
        why=_why_expected(outcome, sides, ask),
        remedy=_remedy_expected(outcome, sides),
        accepted=outcome.group is not None,  # small groups do not hold the whole
        rows=outcome.rows,
        group=outcome.group,
    )


def _why_expected(outcome: PerformanceDrop, sides: DropInputs, ask: DriftSettings) -> str:
    if outcome.rows < ask.rows:
        return f"{outcome.rows:,} rows are too few to judge the expected {_measured(outcome)}"
    why = (
        f"{_measured(outcome)} of {outcome.current:.3f} is expected {assumption(sides)}; it was "
        f"{outcome.reference:.3f} in the reference"
    )
    if outcome.weighted is not None and outcome.weighted_drop is not None:
        drop = outcome.weighted_drop
        why += (
            f"; {outcome.weighted:.3f} if they follow the features (a drop of {drop.value:.3f}"
            f"{_limits(drop.interval)})"
        )
    if sides.weighted is not None and not sides.weighted.has_support:
        why += f"; {sides.weighted.unsupported_share:.1%} of rows are unlike any in the reference"
    if sides.mix is not None and outcome.reference_at_mix is not None:
        mixed = " and ".join(sides.mix.columns)
        why += (
            f"; reference rows with the current mix of {mixed} have {outcome.reference_at_mix:.3f}"
            f", and that mix explains {sides.mix.explained_share:.0%} of the other columns' shift"
        )
    if sides.unseen_columns:
        why += f"; {', '.join(sides.unseen_columns)} hold values that the reference never did"
    return why


def _limits(interval: Interval) -> str:
    if interval.low is None or interval.high is None:
        return ""
    return f" [{interval.low:.3f}, {interval.high:.3f}]"


def assumption(sides: DropInputs) -> str:
    """What an expectation without labels rests on, as a clause."""
    if not sides.ladder.is_calibrated:
        return "if the probabilities are right"
    return "if outcomes still follow the probabilities as in the reference"


def _remedy_expected(outcome: PerformanceDrop, sides: DropInputs) -> str:
    if outcome.verdict is Verdict.CAUTION:
        return "Nothing broke: such rows were as hard before. Look at why more of them come."
    if outcome.verdict is Verdict.FAIL:
        return "Look at the columns that cost most; label some of these rows; then retrain."
    if outcome.verdict is Verdict.UNKNOWN:
        if not sides.has_support:
            return "Cannot tell without labels: label some of these rows."
        if outcome.estimates_differ:
            return "The two estimates differ. Cannot tell without labels: label some of these rows."
        return "More rows, or labels, would tell."
    return ""


def _realised_check(outcome: PerformanceDrop, ask: DriftSettings) -> Check:
    assert outcome.realised_shortfall is not None, "realised"
    assert outcome.realised_verdict is not None, "realised"
    return Check(
        name=realised_check_name(outcome),
        claim=f"Realised {_measured(outcome)} lies no more than {ask.margin:g} below what was to "
        "be expected of the same rows",
        verdict=outcome.realised_verdict,
        statistic=f"expected minus realised {metric_name(outcome.metric)}, beyond the reference's",
        estimate=_number(outcome.realised_shortfall.value),
        interval=outcome.realised_shortfall.interval,
        threshold=ask.margin,
        why=_why_realised(outcome),
        remedy=_REALISED_REMEDIES[outcome.realised_verdict],
        accepted=outcome.group is not None,
        rows=outcome.labelled_rows,
        group=outcome.group,
    )


def _why_realised(outcome: PerformanceDrop) -> str:
    """What the labels say, beside what was expected of the same rows."""
    assert outcome.realised_shortfall is not None, "realised"
    short = outcome.realised_shortfall
    return (
        f"{_measured(outcome)} is {outcome.realised_value:.3f} on {outcome.labelled_rows:,} "
        f"labelled rows, {_shortfall_text(short)} was to be expected of them; it was "
        f"{outcome.realised_reference:.3f} in the reference"
    )


def _shortfall_text(short: Estimate) -> str:
    """As in sentences: "0.425 [0.377, 0.472] less than"."""
    if math.isnan(short.value):
        return "which cannot be compared with what"
    if short.value >= 0:
        return f"{short.value:.3f}{_limits(short.interval)} less than"
    low, high = (None if end is None else -end for end in (short.interval.high, short.interval.low))
    return f"{-short.value:.3f}{_limits(Interval(low=low, high=high))} more than"


_REALISED_REMEDIES = {
    Verdict.PASS: "",
    Verdict.CAUTION: "",
    Verdict.UNKNOWN: "More labels would tell.",
    Verdict.FAIL: "What the labels follow from has changed: retrain on newer rows.",
}


def unsupported_features(
    shifts: Sequence[ColumnShift], features: Sequence[str], side: ProfiledTable, ask: DriftSettings
) -> list[str]:
    """Features with so many values never seen that a model's probabilities say nothing. Dates
    are left out: they are always new."""
    kinds = {name: side.profile.columns[name].kind for name in features}
    return [
        s.name
        for s in shifts
        if s.unseen_share - s.expected_unseen > ask.unseen and kinds.get(s.name, "date") != "date"
    ]
