"""What people look up beside the checks: sheets, figures, the summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from assay.config.gates import DriftSettings
from assay.gates.drift.case_mix import CaseMix
from assay.gates.drift.checks import assumption, metric_name
from assay.gates.drift.column_shift import ColumnShift
from assay.gates.drift.performance_drop import DropInputs, PerformanceDrop
from assay.gates.report import Cell, Check, Figure, Point, Series, Sheet, Verdict
from assay.gates.statistics.distances import to_shares

_FIGURES = 4  # of columns
_BARS = 16  # a figure; the smallest cells are put together
_NAMES = 3

ShiftEffects = Mapping[str, float | None]


def rank_shifts(
    shifts: Sequence[ColumnShift], effects: ShiftEffects, mix: CaseMix | None
) -> list[ColumnShift]:
    """Those that explain the others' shift first, then by what their shift does to the
    predictions, then those that moved most.
    """
    explaining = mix.columns if mix else ()

    def key(shift: ColumnShift) -> tuple[bool, bool, float, float, str]:
        effect, first = effects.get(shift.name), shift.name in explaining
        return (not shift.has_shifted, not first, -abs(effect or 0.0), -shift.effect, shift.name)

    return sorted(shifts, key=key)


def column_sheet(shifts: Sequence[ColumnShift], effects: ShiftEffects, metric: str | None) -> Sheet:
    """Every measure of every column, in the order given."""
    effect = [f"change of expected {metric_name(metric)}"] if metric else []
    heads = (
        "column", "verdict", *effect, "Jensen-Shannon", "by chance", "p", "p, corrected", "PSI",
        "KS", "chi-square", "Wasserstein", "missing before", "missing now", "never seen", "new",
        "gone",
    )  # fmt: skip
    return Sheet(
        title="Columns, those that matter most first",
        columns=heads,
        rows=tuple(_row(s, [effects.get(s.name)] if metric else []) for s in shifts),
        note="Changes of expected performance are what each shift would do alone, by giving the "
        "reference's rows the current shares of that column. Wasserstein is in the reference's "
        "standard deviations.",
    )


def _row(shift: ColumnShift, effect: Sequence[Cell]) -> tuple[Cell, ...]:
    said = {
        Verdict.PASS: "stable", Verdict.CAUTION: "shifted", Verdict.UNKNOWN: "cannot tell",
    }  # fmt: skip
    return (
        shift.name, said[shift.verdict], *effect, shift.effect, shift.chance_effect, shift.p,
        shift.adjusted_p, shift.psi, shift.ks, shift.chi_square, shift.wasserstein,
        *shift.missing_shares, shift.unseen_share, _first_names(shift.new_values),
        _first_names(shift.lost_values),
    )  # fmt: skip


def _first_names(values: Sequence[str]) -> str:
    more = f" and {len(values) - _NAMES} more" if len(values) > _NAMES else ""
    return ", ".join(values[:_NAMES]) + more


def performance_sheet(outcomes: Sequence[PerformanceDrop]) -> Sheet:
    """Expected and realised performance, overall and by group."""
    rows: list[tuple[Cell, ...]] = [
        (
            o.group or "all rows", metric_name(o.metric), o.rows, _finite(o.reference),
            _finite(o.current), _finite(o.drop.value), o.drop.interval.low, o.drop.interval.high,
            _finite(o.weighted), _finite(o.reference_at_mix), o.labelled_rows or None,
            _finite(o.realised_reference), _finite(o.realised_value),
        )
        for o in outcomes
    ]  # fmt: skip
    return Sheet(
        title="Performance",
        columns=(
            "rows of", "metric", "rows", "expected of the reference", "expected now", "drop",
            "drop at least", "drop at most", "expected by features", "reference at this mix",
            "labelled",
            "realised in the reference", "realised now",
        ),
        rows=tuple(rows),
        note="Expected values need no labels; they hold while outcomes follow the probabilities as "
        "in the reference. Those by features hold while outcomes follow the features; they come of "
        "reference rows weighted to the current ones, where features moved.",
    )  # fmt: skip


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def column_figures(shifts: Sequence[ColumnShift]) -> list[Figure]:
    """The distributions of the columns that shifted, the first few."""
    return [_bars(shift) for shift in shifts if shift.has_shifted][:_FIGURES]


def _bars(shift: ColumnShift) -> Figure:
    before, after = to_shares(shift.reference), to_shares(shift.current)
    occupied = [i for i in range(len(before)) if before[i] > 0 or after[i] > 0]
    largest = sorted(occupied, key=lambda i: (-max(before[i], after[i]), i))[:_BARS]
    kept = [i for i in occupied if i in largest]
    rest = [i for i in occupied if i not in largest]
    series = []
    for name, share in (("reference", before), ("current", after)):
        points = [Point(label=shift.grid.labels[i], value=float(share[i])) for i in kept]
        if rest:
            points.append(Point(label="all others", value=float(share[rest].sum())))
        series.append(Series(name=name, points=tuple(points)))
    moved = sorted(kept, key=lambda i: (-abs(after[i] - before[i]), i))[:3]
    told = "; ".join(
        f"{shift.grid.labels[i]} from {before[i]:.1%} to {after[i]:.1%} of rows" for i in moved
    )
    return Figure(
        title=f"{shift.name} then and now",
        kind="bars",
        series=tuple(series),
        axis="share of rows",
        alt=f"Shares of rows by value of {shift.name}. Largest changes: {told}.",
    )


def performance_figure(outcomes: Sequence[PerformanceDrop], ask: DriftSettings) -> Figure | None:
    """The drop of expected performance with its interval, against what is accepted."""
    points = [
        Point(
            label=f"{metric_name(o.metric)}{f', {o.group}' if o.group else ''}",
            value=o.drop.value,
            low=o.drop.interval.low,
            high=o.drop.interval.high,
        )
        for o in outcomes
        if _finite(o.drop.value) is not None and o.rows >= ask.rows
    ]
    if not points:
        return None
    told = "; ".join(f"{p.label}: {p.value:+.3f}" for p in points)
    return Figure(
        title="Drop of expected performance",
        kind="intervals",
        series=(Series(name="reference minus current", points=tuple(points)),),
        axis="drop",
        reference=ask.margin,
        alt=f"Drop of expected performance, of which {ask.margin:g} is accepted: {told}.",
    )


def drift_summary(
    checks: Sequence[Check],
    shifts: Sequence[ColumnShift],
    outcomes: Sequence[PerformanceDrop],
    sides: DropInputs | None,
    shifted_outputs: Sequence[str] = (),
) -> str:
    """One or two sentences: whether predictions are harmed, and what moved.

    `shifted_outputs`: outputs and labels that moved.
    """
    moved = [shift.name for shift in shifts if shift.has_shifted]
    first = f"Shifted ({_first_names(moved)})" if moved else "Nothing shifted"
    if shifted_outputs and not moved:
        first = f"No feature shifted, but outputs or labels did ({_first_names(shifted_outputs)})"
    stopping = [c for c in checks if c.verdict is Verdict.UNKNOWN and not c.accepted]
    if not shifts:
        return (
            f"Cannot tell: {_reason(stopping[0])}." if stopping else "There is nothing to compare."
        )
    if not outcomes:
        after = f"Cannot tell more: {_reason(stopping[0])}" if stopping else _NO_PROBABILITIES
        return f"{first}. {after}."
    harmed = [harm for outcome in outcomes if (harm := _describe_harm(outcome))]
    if harmed:
        return f"Predictions harmed: {harmed[0]}. {first}."
    assert sides is not None, "drops are measured from both sides"
    if stopping:
        value = _describe_expectation(outcomes[0])
        why = _reason(stopping[0])
        return f"Cannot tell whether predictions are harmed: {why}. {first}; {value}."
    return f"{first}. {_describe_calm(outcomes[0], sides)}."


_NO_PROBABILITIES = "Without probabilities, nothing is known of the predictions"


def _reason(check: Check) -> str:
    return f"{check.name}, {check.why}"


def _describe_expectation(main: PerformanceDrop) -> str:
    name = metric_name(main.metric)
    return f"expected {name} {main.current:.3f}, {main.reference:.3f} in the reference"


def _describe_calm(main: PerformanceDrop, sides: DropInputs) -> str:
    """That predictions are not harmed, and what that rests on."""
    name = metric_name(main.metric)
    if main.verdict is Verdict.CAUTION and sides.mix is not None and main.reference_at_mix:
        return (
            f"{name} is expected to fall from {main.reference:.3f} to {main.current:.3f}, as more "
            "of the harder rows come: reference rows with the current mix of "
            f"{' and '.join(sides.mix.columns)} have {main.reference_at_mix:.3f}"
        )
    if main.realised_verdict is Verdict.PASS and main.realised_value is not None:
        return (
            f"Predictions are unharmed: {name} is {main.realised_value:.3f} on "
            f"{main.labelled_rows:,} labelled rows, {main.realised_reference:.3f} in the reference"
        )
    rests_on = assumption(sides)
    if main.weighted is not None:
        rests_on = "if outcomes still follow the features as in the reference"
    return f"Predictions are expected to be unharmed {rests_on}: {_describe_expectation(main)}"


def _describe_harm(outcome: PerformanceDrop) -> str:
    """What is worse than it was, in words; empty if nothing is."""
    what = metric_name(outcome.metric) + (f" of {outcome.group}" if outcome.group else "")
    if (
        outcome.realised_verdict is Verdict.FAIL
        and outcome.realised_value is not None
        and outcome.realised_shortfall is not None
    ):
        due = outcome.realised_value + outcome.realised_shortfall.value
        return f"{what} fell to {outcome.realised_value:.3f}; {due:.3f} was expected of these rows"
    if outcome.verdict is Verdict.FAIL:
        return (
            f"{what} is expected to be {outcome.current:.3f}; it is {outcome.reference:.3f} in "
            "the reference"
        )
    return ""
