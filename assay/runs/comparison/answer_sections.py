"""Groups and answers that differ, as sections of a comparison."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from assay.gates.report import Cell, Figure, Point, Series, Sheet
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.answer_comparison import ChangeKind, GroupChange
from assay.render.comparison_page import ComparisonSection
from assay.runs.comparison.changed_rows import ChangeCount
from assay.runs.comparison.model_comparison import PairComparison, PairedAnswers
from assay.runs.comparison.verdict_text import changes_clause, signed_text

INTERVAL_NOTE: Final = "Intervals at 95 %, paired by row; each stands by itself."
_MOST_PICTURED_GROUPS = 12
_MOST_KIND_COLUMNS = 4  # ways of changing that stand as columns; more are a table of their own


def answer_sections(pair: PairComparison, paired: PairedAnswers) -> Iterator[ComparisonSection]:
    """Groups, where there are any, then answers that differ."""
    if paired.answers.groups:
        yield _group_section(pair, paired.answers.groups)
    yield _change_section(pair, paired)


def _group_section(pair: PairComparison, groups: Sequence[GroupChange]) -> ComparisonSection:
    first, second = pair.first.name, pair.second.name
    rates = Sheet(
        title="By group",
        columns=("metric and group", "rows", first, second, "change"),
        rows=tuple(
            (_name(one), one.rows, one.first, one.second, _change_text(one)) for one in groups
        ),
        note=INTERVAL_NOTE,
    )
    gaps = [one for one in groups if one.gaps is not None and one.gap_change is not None]
    gap_rows = tuple(
        (_name(one), *one.gaps, signed_text(one.gap_change))
        for one in gaps
        if one.gaps and one.gap_change
    )
    distances = Sheet(
        title="Gaps to the reference group",
        columns=("gap", first, second, "change"),
        rows=gap_rows,
        note=f"A group's value minus its reference group's. {INTERVAL_NOTE}",
    )
    return ComparisonSection(
        title="Groups",
        summary=_gap_summary(gaps, first, second),
        brief=(distances,) if gap_rows else (rates,),
        sheets=(rates,) if gap_rows else (),
        figures=tuple(_gap_figures(gaps, second)),
    )


def _name(one: GroupChange) -> str:
    return f"{one.title} of {one.name}"


def _change_text(one: GroupChange) -> str:
    return signed_text(one.change) if one.first is not None and one.second is not None else ""


def _gap_summary(gaps: Sequence[GroupChange], first: str, second: str) -> str:
    """The gaps that surely grow and shrink."""
    wider: list[GroupChange] = []
    narrower: list[GroupChange] = []
    for one in gaps:
        if one.gaps is None or one.gap_change is None:
            continue
        low, high = one.gap_change.interval.low, one.gap_change.interval.high
        if low is None or high is None or low <= 0 <= high:
            continue
        grown = abs(one.gaps[1]) > abs(one.gaps[0])
        (wider if grown else narrower).append(one)
    if not wider and not narrower:
        return f"No gap between groups surely changes from {first} to {second}."
    said = []
    for word, found in (("grow", wider), ("shrink", narrower)):
        if found:
            largest = max(found, key=lambda one: abs(one.gap_change.value if one.gap_change else 0))
            assert largest.gaps is not None, "a gap that changes has both values"
            what = (
                f"1 gap surely {word}s" if len(found) == 1 else f"{len(found)} gaps surely {word}"
            )
            said.append(
                f"{what}, most of all {largest.title} of {largest.name}: from "
                f"{largest.gaps[0]:+.3f} to {largest.gaps[1]:+.3f}"
            )
    return "; ".join(said) + "."


def _gap_figures(gaps: Sequence[GroupChange], second: str) -> Iterator[Figure]:
    """How the gap of each group changes, for the metrics of the rules first."""
    metric = gaps[0].metric if gaps else ""
    shown = [one for one in gaps if one.metric == metric][:_MOST_PICTURED_GROUPS]
    if not shown:
        return
    points = tuple(
        Point(
            label=one.name,
            value=one.gap_change.value,
            low=one.gap_change.interval.low,
            high=one.gap_change.interval.high,
        )
        for one in shown
        if one.gap_change
    )
    told = "; ".join(f"{p.label} {p.value:+.3f}" for p in points)
    yield Figure(
        title=f"How gaps of {shown[0].title.lower()} change",
        kind="intervals",
        series=(Series(name=second, points=points),),
        axis="change of the gap, with 95 % interval",
        reference=0.0,
        reference_name="no change",
        alt=f"Change of the gap in {shown[0].title.lower()} to the reference group: {told}.",
    )


def _change_section(pair: PairComparison, paired: PairedAnswers) -> ComparisonSection:
    changed = paired.answers.changed
    title = f"{changed.noun.capitalize()}s that {changed.verb}"
    summary = f"{changes_clause(paired)}: counted where {changed.rule}."
    summary = f"{summary[:1].upper()}{summary[1:]}"
    if not changed.count:
        return ComparisonSection(title, summary)
    few = len(changed.kinds) <= _MOST_KIND_COLUMNS
    kinds = changed.kinds if few else ()
    is_decision = changed.noun == "decision"
    alone = "alone right" if is_decision else "nearer"
    names = tuple(kind.name for kind in kinds)
    counts = Sheet(
        title="By group",
        columns=(
            *("rows of", "rows", changed.verb, "share"),
            *names,
            *(f"{run.name} {alone}" for run in (pair.second, pair.first)),
        ),
        rows=tuple(_count_row(one, kinds) for one in paired.counts),
        note="Intervals are Wilson's, at 95 %.",
    )
    return ComparisonSection(
        title,
        summary,
        brief=(counts,) if few else (counts, _kind_sheet(pair, paired)),
        sheets=(_example_sheet(pair, paired),),
    )


def _count_row(count: ChangeCount, kinds: Sequence[ChangeKind]) -> tuple[Cell, ...]:
    interval = wilson_interval(count.count, max(count.rows, 1))
    low, high = (100 * (end or 0.0) for end in (interval.low, interval.high))
    return (
        count.group or "all rows",
        count.rows,
        count.count,
        f"{100 * count.share:.1f} % [{low:.1f}, {high:.1f}]",
        *(count.kinds[kind] for kind in kinds),
        count.repaired,
        count.damaged,
    )


def _kind_sheet(pair: PairComparison, paired: PairedAnswers) -> Sheet:
    """From class to class: a row for what the first decided, a column for what the second does."""
    kinds = paired.counts[0].kinds
    names = list(dict.fromkeys([*(k.before for k in kinds), *(k.after for k in kinds)]))
    held = {(kind.before, kind.after): count for kind, count in kinds.items()}
    return Sheet(
        title=f"From {pair.first.name}'s answer to {pair.second.name}'s",
        columns=("from", *(f"to {name}" for name in names)),
        rows=tuple((a, *(held.get((a, b), 0 if a != b else None) for b in names)) for a in names),
        note="Rows that are answered otherwise.",
    )


def _example_sheet(pair: PairComparison, paired: PairedAnswers) -> Sheet:
    return Sheet(
        title="Examples",
        columns=("row", pair.first.name, pair.second.name, "outcome", "what the models see"),
        rows=tuple(
            (one.identity, one.first, one.second, one.outcome, _features_text(one.features))
            for one in paired.examples
        ),
        note="Those whose answers moved most, of every way in turn.",
    )


def _features_text(features: dict[str, Any]) -> str:
    return "; ".join(f"{name} {'missing' if v is None else v}" for name, v in features.items())
