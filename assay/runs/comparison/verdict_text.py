"""What a comparison comes to, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from assay.config.gates import LOWER_IS_BETTER
from assay.gates.report import Interval
from assay.gates.statistics.intervals import Estimate
from assay.problems.answer_comparison import PairedScore
from assay.render.numbers import format_numbers
from assay.runs.comparison.changed_rows import ChangeCount
from assay.runs.comparison.model_comparison import PairComparison, PairedAnswers
from assay.util.wording import format_count

_MOST_NAMED = 4  # metrics in a sentence
_FINDINGS: Final = {
    "better": "{second} is better than {first}",
    "worse": "{second} is worse than {first}",
    "no worse": "{second} is no worse than {first}",
    "unclear": "whether {second} is worse than {first} cannot be told",
    "the same": "{second} answers as {first} does",
}


def verdict_sentence(pair: PairComparison) -> str:
    """The verdict first: which is better and by how much, on how many rows, and what flips."""
    first, second = pair.first.name, pair.second.name
    if pair.paired is None:
        return f"{second} and {first} cannot be compared row by row: {pair.problem}."
    paired = pair.paired
    said = _FINDINGS[paired.finding].format(first=first, second=second)
    rows = f"{paired.rows.pair.rows:,} same test rows"
    flips = changes_clause(paired)
    if paired.finding == "the same":
        return f"{_capital(said)}: no {paired.answers.changed.noun} differs on {rows}."
    others = [one for one in worse_scores(paired) if not one.headline]
    but = f", but {change_text(others[0])}" if others and paired.finding != "worse" else ""
    return f"{_capital(said)}: {change_text(paired.headline)} on {rows}{but}; {flips}."


def fact_sentences(pair: PairComparison) -> Iterator[str]:
    """What the verdict rests on, and what it does not tell."""
    paired = pair.paired
    if paired is None:
        yield "Each one's own scores are below: their difference has no interval."
        return
    own, rows = paired.rows.test_rows, paired.rows
    alike = own[0] == own[1] == rows.pair.rows
    yield f"Compared on {rows.pair.rows:,} test rows" + (
        f", all that both have: {rows.by}."
        if alike
        else f" that both have, of {own[0]:,} and {own[1]:,}: {rows.by}."
    )
    if rows.relabelled:
        what = format_count(rows.relabelled, "row")
        yield f"{what} left out, as the outcome is another in the two tables."
    if paired.finding in {"no worse", "unclear"}:
        within = "ends above" if paired.finding == "no worse" else "reaches beyond"
        margin = format_numbers([paired.margin])[0]
        yield (
            f"The interval of {paired.headline.title} {within} a loss of {margin}, which the use "
            "case accepts of a model in use (drift.margin)."
        )
    for word, scores in (("worse", worse_scores(paired)), ("better", better_scores(paired))):
        others = [one for one in scores if not one.headline]
        if others:
            named = ", ".join(change_text(one) for one in others[:_MOST_NAMED])
            left = len(others) - _MOST_NAMED
            more = f" and {left} more" if left > 0 else ""
            yield f"Surely {word}: {named}{more}."
    if (count := paired.counts[0]).count:
        noun = paired.answers.changed.noun
        yield (
            f"Of the {format_count(count.count, noun)} that {paired.answers.changed.verb}, "
            f"{pair.second.name} alone is right or nearer in {count.repaired:,}, "
            f"{pair.first.name} alone in {count.damaged:,}."
        )


def worse_scores(paired: PairedAnswers) -> list[PairedScore]:
    """Those by which the second is surely worse."""
    return [one for one in paired.answers.scores if (one.gain.interval.high or 0) < 0]


def better_scores(paired: PairedAnswers) -> list[PairedScore]:
    """Those by which the second is surely better."""
    return [one for one in paired.answers.scores if (one.gain.interval.low or 0) > 0]


def changes_clause(paired: PairedAnswers) -> str:
    """How many answers differ, and where most of them are: "213 decisions differ (2.2 %), ..."."""
    count, changed = paired.counts[0], paired.answers.changed
    if not count.count:
        return f"no {changed.noun} {changed.verb}s"
    verb = f"{changed.verb}s" if count.count == 1 else changed.verb
    said = f"{format_count(count.count, changed.noun)} {verb} ({_percent(count.share)})"
    kind, most = max(count.kinds.items(), key=lambda item: item[1])
    named = kind.name if most * 2 > count.count else ""
    group = _most_affected(paired.counts)
    where = ", ".join(part for part in (group, named) if part)
    return f"{said}, mostly {where}" if where else said


def _most_affected(counts: tuple[ChangeCount, ...]) -> str:
    """The group of most of the changes, where they are more frequent than elsewhere."""
    whole = counts[0]
    affected = [
        one
        for one in counts[1:]
        if one.group and one.count * 2 > whole.count and one.share > 1.15 * whole.share
    ]
    return str(max(affected, key=lambda one: one.count).group) if affected else ""


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.001 or not share else f"{100 * share:.2g} %"


def _capital(text: str) -> str:
    # A name such as income@2 stays as it is written.
    return f"W{text[1:]}" if text.startswith("whether ") else text


def change_text(score: PairedScore) -> str:
    """By how much a metric itself changes: "ROC AUC +0.001 [-0.002, 0.004]"."""
    if is_same(score):
        return f"the same {score.title}"
    change = metric_change(score)
    unit = f" {score.unit}" if score.unit else ""
    return f"{score.title} {signed_text(change)}{unit}"


def is_same(score: PairedScore) -> bool:
    """Whether the two score alike, and surely so."""
    return score.gain.value == score.gain.interval.low == score.gain.interval.high == 0


def metric_change(score: PairedScore) -> Estimate:
    """The second's value less the first's. The gain counts the other way round for losses."""
    return negate_estimate(score.gain) if score.metric in LOWER_IS_BETTER else score.gain


def negate_estimate(estimate: Estimate) -> Estimate:
    """The estimate of the same with the other sign."""
    low, high = estimate.interval.low, estimate.interval.high
    interval = Interval(
        low=None if high is None else 0.0 - high,
        high=None if low is None else 0.0 - low,
        level=estimate.interval.level,
    )
    return Estimate(0.0 - estimate.value, interval)


def signed_text(estimate: Estimate) -> str:
    """ "+0.001 [-0.002, 0.004]", or the value alone where there is no interval."""
    bounds = estimate.interval
    value, low, high = format_numbers([estimate.value, bounds.low, bounds.high], distinct=True)
    plus = "+" if estimate.value > 0 else ""
    if bounds.low is None or bounds.high is None:
        return f"{plus}{value} (no interval)"
    return f"{plus}{value} [{low}, {high}]"
