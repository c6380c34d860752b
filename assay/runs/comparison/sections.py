"""A comparison as sections with sheets and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from assay.gates.report import Cell, Figure, Point, Series, Sheet
from assay.gates.statistics.proportions import wilson_interval
from assay.problems.answer_comparison import GroupChange
from assay.render.comparison_page import ComparisonPage, ComparisonPart, ComparisonSection
from assay.runs.comparison.changed_rows import ChangeCount
from assay.runs.comparison.input_sections import input_sections
from assay.runs.comparison.model_comparison import ModelComparison, PairComparison, PairedAnswers
from assay.runs.comparison.run_costs import RunCosts
from assay.runs.comparison.verdict_text import (
    changes_clause,
    fact_sentences,
    signed_text,
    verdict_sentence,
)

_MOST_BRIEF_GROUPS = 12
_MOST_KIND_COLUMNS = 4  # ways of changing that stand as columns; more are a table of their own
_NOTE: Final = "Intervals at 95 %, paired by row; each stands by itself."


def comparison_page(comparison: ModelComparison) -> ComparisonPage:
    """The whole comparison as a page."""
    names = [run.name for run in comparison.runs]
    record = comparison.runs[0].record["configuration"]
    return ComparisonPage(
        title=" and ".join([", ".join(names[:-1]), names[-1]]),
        question=str(record.get("question", "")),
        parts=tuple(_part(pair) for pair in comparison.pairs),
        overview=_overview(comparison) if len(comparison.pairs) > 1 else None,
    )


def _overview(comparison: ModelComparison) -> Sheet:
    rows: list[tuple[Cell, ...]] = []
    for pair in comparison.pairs:
        paired = pair.paired
        gain = paired.headline.gain if paired else None
        rows.append(
            (
                pair.second.name,
                paired.finding if paired else "not paired",
                gain.value if gain else None,
                *(_ends(gain.interval) if gain else (None, None)),
                paired.rows.pair.rows if paired else None,
                paired.counts[0].count if paired else None,
            )
        )
    paired = next((pair.paired for pair in comparison.pairs if pair.paired), None)
    better = f"{paired.headline.title} better by" if paired else "better by"
    columns = ("model", "is", better, "low", "high", "same rows", "answers that differ")
    return Sheet(
        title=f"Against {comparison.runs[0].name}", columns=columns, rows=tuple(rows), note=_NOTE
    )


def _part(pair: PairComparison) -> ComparisonPart:
    scores = [_paired_scores(pair, pair.paired)] if pair.paired else [_own_scores(pair)]
    answers = list(_answer_sections(pair, pair.paired)) if pair.paired else []
    return ComparisonPart(
        title=f"{pair.second.name} against {pair.first.name}",
        verdict=verdict_sentence(pair),
        facts=tuple(fact_sentences(pair)),
        sections=(*scores, *answers, *input_sections(pair), _costs(pair)),
    )


# --- scores -----------------------------------------------------------------------------------


def _paired_scores(pair: PairComparison, paired: PairedAnswers) -> ComparisonSection:
    first, second = pair.first.name, pair.second.name
    rows = tuple(
        (
            one.title,
            one.unit,
            one.first.value,
            one.second.value,
            one.gain.value,
            one.gain.interval.low,
            one.gain.interval.high,
        )
        for one in paired.answers.scores
    )
    sheet = Sheet(
        title="Scores",
        columns=("score", "unit", first, second, "better by", "low", "high"),
        rows=rows if any(row[1] for row in rows) else tuple((*r[:1], *r[2:]) for r in rows),
        note=f"Better by more than 0: {second} is better. {_NOTE}",
    )
    if not any(row[1] for row in rows):
        sheet = sheet.model_copy(update={"columns": (*sheet.columns[:1], *sheet.columns[2:])})
    return ComparisonSection(
        title="Performance",
        summary=f"By {paired.headline.title}, the metric that chooses, {second} is "
        f"{_better_words(paired)}.",
        brief=(sheet,),
        notes=paired.answers.notes,
    )


def _better_words(paired: PairedAnswers) -> str:
    gain, unit = paired.headline.gain, paired.headline.unit
    return f"better by {signed_text(gain)}{f' {unit}' if unit else ''}"


def _own_scores(pair: PairComparison) -> ComparisonSection:
    rows = [
        (run.name, one.metric, one.value, *_ends(one.interval))
        for run, scores in zip((pair.first, pair.second), pair.own_scores, strict=True)
        for one in scores
    ]
    sheet = Sheet(
        title="Scores on each one's own test rows",
        columns=("model", "score", "value", "low", "high"),
        rows=tuple(rows),
        note="Intervals at 95 %, each its own. The test rows are others, so that a difference may "
        "be theirs.",
    )
    summary = "Each is judged on its own test rows." if rows else "No scores were reported."
    return ComparisonSection("Performance", summary, brief=(sheet,) if rows else ())


def _ends(interval: Any) -> tuple[float | None, float | None]:
    return (interval.low, interval.high) if interval else (None, None)


# --- groups and answers -----------------------------------------------------------------------


def _answer_sections(pair: PairComparison, paired: PairedAnswers) -> Iterator[ComparisonSection]:
    if paired.answers.groups:
        yield _group_section(pair, paired.answers.groups)
    yield _change_section(pair, paired)


def _group_section(pair: PairComparison, groups: Sequence[GroupChange]) -> ComparisonSection:
    first, second = pair.first.name, pair.second.name
    columns = ("metric", "group", "rows", first, second, "change", "low", "high")
    rows = tuple(
        (
            one.title,
            one.name,
            one.rows,
            one.first,
            one.second,
            one.change.value if one.first is not None and one.second is not None else None,
            one.change.interval.low,
            one.change.interval.high,
        )
        for one in groups
    )
    gaps = [one for one in groups if one.gaps is not None and one.gap_change is not None]
    gap_columns = ("metric", "group", f"gap, {first}", f"gap, {second}", "change", "low", "high")
    gap_rows = tuple(
        (one.title, one.name, *one.gaps, change.value, change.interval.low, change.interval.high)
        for one in gaps
        if one.gaps and (change := one.gap_change)
    )
    rates = Sheet(title="By group", columns=columns, rows=rows, note=_NOTE)
    distances = Sheet(
        title="Gaps to the reference group",
        columns=gap_columns,
        rows=gap_rows,
        note=f"A group's value minus its reference group's. {_NOTE}",
    )
    return ComparisonSection(
        title="Groups",
        summary=_gap_summary(gaps, first, second),
        brief=(distances,) if gap_rows else (rates,),
        sheets=(rates,) if gap_rows else (),
        figures=tuple(_gap_figures(gaps, second)),
    )


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
    shown = [one for one in gaps if one.metric == metric][:_MOST_BRIEF_GROUPS]
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
        axis="change of the gap to the reference group, with 95 % interval",
        reference=0.0,
        reference_name="no change",
        alt=f"Change of the gap in {shown[0].title.lower()} to the reference group: {told}.",
    )


def _change_section(pair: PairComparison, paired: PairedAnswers) -> ComparisonSection:
    changed = paired.answers.changed
    title = "Decisions that flip" if changed.noun == "decision" else "Answers that move"
    summary = f"{changes_clause(paired)}: counted where {changed.rule}."
    if not changed.count:
        return ComparisonSection(title, summary[:1].upper() + summary[1:])
    few = len(changed.kinds) <= _MOST_KIND_COLUMNS
    kinds = changed.kinds if few else ()
    alone = (f"{pair.second.name} alone right", f"{pair.first.name} alone right")
    if changed.noun != "decision":
        alone = (f"{pair.second.name} nearer", f"{pair.first.name} nearer")
    columns = (
        "rows of",
        "rows",
        "differ",
        "share",
        "low",
        "high",
        *(k.name for k in kinds),
        *alone,
    )
    rows = tuple(_count_row(one, tuple(kinds)) for one in paired.counts)
    counts = Sheet(title="By group", columns=columns, rows=rows, note="Intervals are Wilson's.")
    sheets = () if few else (_kind_sheet(pair, paired),)
    return ComparisonSection(
        title,
        summary[:1].upper() + summary[1:],
        brief=(counts,),
        sheets=(*sheets, _example_sheet(pair, paired)),
    )


def _count_row(count: ChangeCount, kinds: tuple[Any, ...]) -> tuple[Cell, ...]:
    interval = wilson_interval(count.count, max(count.rows, 1))
    return (
        count.group or "all rows",
        count.rows,
        count.count,
        count.share,
        interval.low,
        interval.high,
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


# --- costs ------------------------------------------------------------------------------------


def _costs(pair: PairComparison) -> ComparisonSection:
    first, second = pair.costs
    rows: list[tuple[Cell, ...]] = [
        ("whole run, seconds", *_rounded(first.total_seconds, second.total_seconds)),
        ("fit of the model, seconds", *_rounded(first.fit_seconds, second.fit_seconds)),
        ("most memory of a step, MB", *_rounded(_mega(first.peak_bytes), _mega(second.peak_bytes))),
        ("model, kB", *_rounded(_kilo(first.model_bytes), _kilo(second.model_bytes))),
        ("a single row, ms", *_rounded(_row_ms(first, 0), _row_ms(second, 0))),
        ("a single row, 95 of 100 calls, ms", *_rounded(_row_ms(first, 1), _row_ms(second, 1))),
        ("rows a second, many at once", *_rounded(first.rows_per_second, second.rows_per_second)),
    ]
    known = tuple((*row, _ratio(row[1], row[2])) for row in rows if row[1:] != (None, None))
    columns = ("what", pair.first.name, pair.second.name, "times")
    stages = dict.fromkeys((*first.seconds, *second.seconds))
    steps = tuple((s, *_rounded(first.seconds.get(s), second.seconds.get(s))) for s in stages)
    same = pair.first.record == pair.second.record
    return ComparisonSection(
        title="Cost",
        summary="Both come from one run; the models differ in size and speed."
        if same
        else "What each run and its model took, on the machines that they ran on.",
        brief=(Sheet(title="Time and bytes", columns=columns, rows=known),),
        sheets=(Sheet(title="Seconds by stage, all candidates", columns=columns[:3], rows=steps),),
        notes=("Seconds are those of when a step was last computed.",),
    )


def _rounded(*values: float | None) -> tuple[float | None, ...]:
    return tuple(None if v is None else float(f"{v:.3g}") for v in values)


def _mega(size: int | None) -> float | None:
    return None if size is None else size / 1e6


def _kilo(size: int | None) -> float | None:
    return None if size is None else size / 1e3


def _row_ms(costs: RunCosts, place: int) -> float | None:
    return None if costs.row_seconds is None else 1e3 * costs.row_seconds[place]


def _ratio(first: Cell, second: Cell) -> str:
    if isinstance(first, float) and isinstance(second, float) and first > 0:
        return f"{second / first:.2f}"
    return ""
