"""A comparison as sections with sheets and figures."""

from __future__ import annotations

from typing import Any

from assay.gates.report import Cell, Sheet
from assay.render.comparison_page import ComparisonPage, ComparisonPart, ComparisonSection
from assay.runs.comparison.answer_sections import INTERVAL_NOTE, answer_sections
from assay.runs.comparison.input_sections import input_sections
from assay.runs.comparison.model_comparison import ModelComparison, PairComparison, PairedAnswers
from assay.runs.comparison.run_costs import RunCosts
from assay.runs.comparison.verdict_text import (
    fact_sentences,
    is_same,
    negate_estimate,
    signed_text,
    verdict_sentence,
)


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
        title=f"Against {comparison.runs[0].name}",
        columns=columns,
        rows=tuple(rows),
        note=INTERVAL_NOTE,
    )


def _part(pair: PairComparison) -> ComparisonPart:
    scores = [_paired_scores(pair, pair.paired)] if pair.paired else [_own_scores(pair)]
    answers = list(answer_sections(pair, pair.paired)) if pair.paired else []
    return ComparisonPart(
        title=f"{pair.second.name} against {pair.first.name}",
        verdict=verdict_sentence(pair),
        facts=tuple(fact_sentences(pair)),
        sections=(*scores, *answers, *input_sections(pair), _costs(pair)),
    )


# --- scores -----------------------------------------------------------------------------------


def _paired_scores(pair: PairComparison, paired: PairedAnswers) -> ComparisonSection:
    first, second = pair.first.name, pair.second.name
    has_units = any(one.unit for one in paired.answers.scores)
    rows = tuple(
        (
            one.title,
            *((one.unit,) if has_units else ()),
            one.first.value,
            one.second.value,
            signed_text(one.gain),
        )
        for one in paired.answers.scores
    )
    units = ("unit",) if has_units else ()
    sheet = Sheet(
        title="Scores",
        columns=("score", *units, first, second, "better by"),
        rows=rows,
        note=f"Better by more than 0: {second} is better. {INTERVAL_NOTE}",
    )
    return ComparisonSection(
        title="Performance",
        summary=f"By {paired.headline.title}, the metric that chooses, {second} is "
        f"{_better_words(paired, first)}.",
        brief=(sheet,),
        notes=paired.answers.notes,
    )


def _better_words(paired: PairedAnswers, first: str) -> str:
    """ "better by 0.012 [0.004, 0.020]", "worse by 0.116 [0.097, 0.135] dollars an hour"."""
    if is_same(paired.headline):
        return f"as good as {first}: the scores are the same"
    gain, unit = paired.headline.gain, paired.headline.unit
    shown = f" {unit}" if unit else ""
    if gain.value < 0:
        return f"worse by {signed_text(negate_estimate(gain)).removeprefix('+')}{shown}"
    return f"better by {signed_text(gain).removeprefix('+')}{shown}"


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
