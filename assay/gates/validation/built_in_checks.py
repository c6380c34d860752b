"""What no table may lack, whatever its use case expects: rows, values, a target to learn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pyarrow as pa

from assay.config.data import Target
from assay.dataset.row_source import RowSource
from assay.dataset.target import UNLABELLED_REMEDY, labels_from_column, no_label_error
from assay.errors import DataError, suggest_name
from assay.gates.report import Check, Sheet, Verdict
from assay.sources.quarantine import QuarantineSummary
from assay.sources.reading_notes import ReadingNotes
from assay.tables.columns import MAX_NUMBER
from assay.util.wording import format_count

MOST_MALFORMED = 0.05
CheckTarget = Callable[[RowSource, Target], Check]
_NOTHING = ReadingNotes()
_MOST_HINTS = 8  # shown; the last one names the line to add


def built_in_checks(
    rows: RowSource,
    target: Target | None,
    malformed: QuarantineSummary | None = None,
    as_text: Sequence[str] = (),
    notes: ReadingNotes = _NOTHING,
    *,
    check_target: CheckTarget | None = None,
) -> list[Check]:
    """Rows, how many could not be read, columns without a value, and the outcomes where a target is
    given (`check_target`: those of a yes or no, unless said otherwise). Where there are any: rows
    that were left out, columns that had to be read as text, and values that no learner takes as
    they are.
    """
    checks = [_rows_check(rows), _malformed_check(rows.count, malformed or QuarantineSummary())]
    if as_text:
        checks.append(_read_as_text_check(rows.count, as_text))
    if notes.left_out:
        checks.append(_left_out_check(rows.count, notes))
    if extreme := _extreme_values(rows, notes):
        checks.append(_extreme_values_check(rows.count, extreme))
    if rows.count:
        checks.append(_empty_columns_check(rows, target))
        if target is not None:
            checks.append((check_target or check_binary_target)(rows, target))
    return checks


def _rows_check(source: RowSource) -> Check:
    rows = source.count
    return Check(
        name="rows",
        claim="The table has rows",
        verdict=Verdict.PASS if rows else Verdict.FAIL,
        statistic="rows",
        estimate=float(rows),
        threshold=1.0,
        why=f"{rows:,} rows.",
        remedy="" if rows else "Point data.source at a source that holds rows.",
        rows=rows,
    )


def _malformed_check(good: int, malformed: QuarantineSummary) -> Check:
    """Rows set aside are seldom a random choice: some are a caution, many are a stop."""
    rows = good + malformed.rows
    share = malformed.rows / max(rows, 1)
    which = f": {malformed.reasons}" if malformed.reasons else ""
    listed = f"`assay show {malformed.table}` lists them. " if malformed.table else ""
    verdict = Verdict.FAIL if share > MOST_MALFORMED else Verdict.CAUTION
    return Check(
        name="malformed",
        claim="The rows of the source can be read",
        verdict=verdict if malformed.rows else Verdict.PASS,
        statistic="share of malformed rows",
        estimate=share,
        threshold=MOST_MALFORMED,
        why=f"{malformed.rows:,} of {rows:,} rows were malformed and set aside{which}.",
        remedy=f"{listed}Mend the source, or declare its delimiter, encoding, types or missing "
        "marks under data."
        if malformed.rows
        else "",
        rows=rows,
    )


def _left_out_check(rows: int, notes: ReadingNotes) -> Check:
    """The use case asked for it, so it passes; how many they are must be seen."""
    reasons = {"data.where": notes.filtered, "data.target.unlabelled: leave_out": notes.unlabelled}
    reasons["their weight of 0"] = notes.weightless
    said = " and ".join(f"{count:,} by {why}" for why, count in reasons.items() if count)
    left_out = notes.left_out
    return Check(
        name="left_out",
        claim="Rows are left out only as the use case says",
        verdict=Verdict.PASS,
        statistic="share of rows left out",
        estimate=left_out / max(notes.rows, 1),
        why=f"{left_out:,} of {notes.rows:,} rows were left out: {said}. {rows:,} are judged.",
        rows=notes.rows,
    )


def _extreme_values(rows: RowSource, notes: ReadingNotes) -> list[str]:
    """What is said of each column with values that no learner takes as they are."""
    found = []
    for name, column in rows.columns.items():
        infinite = column.infinite + notes.infinite.get(name, 0)
        if infinite:
            found.append(f"{name}: {format_count(infinite, 'infinite value')}, treated as missing")
        if column.huge:
            values = format_count(column.huge, "value")
            found.append(f"{name}: {values} beyond {MAX_NUMBER:g}, learnt as {MAX_NUMBER:g}")
    return found


def _extreme_values_check(rows: int, extreme: Sequence[str]) -> Check:
    return Check(
        name="extreme_values",
        claim="No number is infinite or too large to learn from",
        verdict=Verdict.CAUTION,
        statistic="columns with such numbers",
        estimate=float(len(extreme)),
        threshold=0.0,
        why="; ".join(extreme) + ".",
        remedy="Mend the source, such as a division by zero, or list the value under data.missing.",
        hard=False,
        rows=rows,
    )


def _read_as_text_check(rows: int, as_text: Sequence[str]) -> Check:
    shown = as_text if len(as_text) <= _MOST_HINTS else [*as_text[:_MOST_HINTS], as_text[-1]]
    said = "; ".join(shown)
    if left_out := len(as_text) - len(shown):
        said += f"; and {left_out:,} more columns"
    return Check(
        name="read_as_text",
        claim="No column of numbers is read as text",
        verdict=Verdict.CAUTION,
        statistic="columns read as text",
        estimate=float(len(as_text)),
        threshold=0.0,
        why=f"{said[0].upper()}{said[1:]}.",
        remedy="Do so, or mend the source: as text, numbers are learned as words. If a column is"
        " text, declare that under data.types.",
        hard=False,
        rows=rows,
    )


def _empty_columns_check(rows: RowSource, target: Target | None) -> Check:
    empty = [name for name, column in rows.columns.items() if column.missing == rows.count]
    names_target = target is not None and target.column in empty
    why = f"Without any value: {', '.join(empty)}." if empty else "Every column holds values."
    return Check(
        name="empty_columns",
        claim="No column is entirely missing",
        verdict=Verdict.FAIL if empty else Verdict.PASS,
        statistic="columns without a value",
        estimate=float(len(empty)),
        threshold=0.0,
        why=why,
        remedy="Mend the source, or list them under data.exclude." if empty else "",
        hard=names_target,
        rows=rows.count,
    )


def check_binary_target(rows: RowSource, target: Target) -> Check:
    """A third value is seldom an outcome: a mark of what is missing, or a misspelt yes. As it
    might be one, it is a caution until the use case says that it means no."""
    positives, others, what, remedy = _count_outcomes(rows, target)
    missing = rows.columns[target.column].missing if target.column in rows.columns else 0
    known = rows.count - missing
    counted = f"{positives:,} of {known:,} labelled rows are positive."
    unlabelled = f" {missing:,} rows have no label." if missing else ""
    if missing and not remedy:
        remedy = UNLABELLED_REMEDY
    several = len(others) > 1 and not target.negative and target.above is None
    return Check(
        name="target",
        claim=_target_claim(target),
        verdict=Verdict.FAIL if what or missing else Verdict.CAUTION if several else Verdict.PASS,
        statistic="share of positive rows",
        estimate=positives / known if known and not what else None,
        why=(f"{what[0].upper()}{what[1:]}." if what else counted)
        + unlabelled
        + (f" As no count {_listed(others)}." if several else ""),
        remedy=remedy or (_WHICH_MEAN_NO if several else ""),
        rows=known,
    )


def _target_claim(target: Target) -> str:
    if target.above is not None:
        return f"The target {target.column!r} holds numbers above and below {target.above:g}"
    rest = "what is said to mean no" if target.negative else "one other value"
    return f"The target {target.column!r} holds {target.positive!r} and {rest}"


_WHICH_MEAN_NO = (
    "Leave rows whose value is no outcome out of the source. If all of these mean no, say so:"
    " list them under data.target.negative."
)
_SHOWN = 10


def _listed(others: dict[str, int]) -> str:
    """Values with their rows, the most frequent first."""
    ordered = sorted(others, key=lambda value: (-others[value], value))
    more = f" and {len(ordered) - _SHOWN:,} more" if ordered[_SHOWN:] else ""
    return ", ".join(f"{value!r} ({others[value]:,})" for value in ordered[:_SHOWN]) + more


def _count_outcomes(rows: RowSource, target: Target) -> tuple[int, dict[str, int], str, str]:
    """How many rows are positive, and how many have each other value; or what is wrong with the
    target and what to do about it."""
    try:
        if target.column not in rows.columns:
            raise missing_target_error(target, list(rows.columns))
        values, counts = rows.values(target.column)
        if not len(values):
            raise no_label_error(target)
        yes = labels_from_column(pa.chunked_array([values]), target)
        no = zip(values.filter(pa.array(~yes)).to_pylist(), counts[~yes], strict=True)
        return int(counts[yes].sum()), {str(value): int(n) for value, n in no}, "", ""
    except DataError as error:
        return 0, {}, error.what, error.remedy or "Bring rows that hold it."


def missing_target_error(target: Target, columns: list[str]) -> DataError:
    """The error that names the nearest column."""
    return DataError(
        f"the table has no target column {target.column!r}",
        remedy=suggest_name(target.column, columns, "Name a column of the table."),
    )


def columns_sheet(rows: RowSource) -> Sheet:
    """Each column with its type, its missing values and how many different ones it holds."""
    held = tuple((c.name, c.type, c.missing, c.distinct) for c in rows.columns.values())
    return Sheet(title="Columns", columns=("column", "type", "missing", "different"), rows=held)
