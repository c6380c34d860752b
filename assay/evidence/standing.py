"""What no table may lack, whatever its use case expects: rows, values, a target to learn."""

from __future__ import annotations

import pyarrow as pa

from assay.config.data import Target
from assay.errors import DataError, meant
from assay.evidence.report import Check, Sheet, Verdict
from assay.evidence.rows import Rows
from assay.learning.target import no_label, outcomes

MOST_MALFORMED = 0.05


def standing_checks(rows: Rows, target: Target | None, malformed: int = 0) -> list[Check]:
    """Rows, how many could not be read, columns without a value, and both classes of the target
    where one is given.
    """
    checks = [_has_rows(rows), _readable(rows.count, malformed)]
    if rows.count:
        checks.append(_no_empty_column(rows, target))
        if target is not None:
            checks.append(_two_classes(rows, target))
    return checks


def _has_rows(held: Rows) -> Check:
    rows = held.count
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


def _readable(rows: int, malformed: int) -> Check:
    """Rows set aside are seldom a random choice: some are a caution, many are a stop."""
    share = malformed / max(rows + malformed, 1)
    verdict = Verdict.FAIL if share > MOST_MALFORMED else Verdict.CAUTION
    return Check(
        name="malformed",
        claim="The rows of the source can be read",
        verdict=verdict if malformed else Verdict.PASS,
        statistic="share of malformed rows",
        estimate=share,
        threshold=MOST_MALFORMED,
        why=f"{malformed:,} of {rows + malformed:,} rows were malformed and set aside.",
        remedy="Open the quarantine table: it has each one's line and reason. Mend the source, or "
        "declare its delimiter, encoding, types or missing marks under data."
        if malformed
        else "",
        rows=rows + malformed,
    )


def _no_empty_column(rows: Rows, target: Target | None) -> Check:
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


def _two_classes(rows: Rows, target: Target) -> Check:
    positives, what, remedy = _positives(rows, target)
    missing = rows.columns[target.column].missing if target.column in rows.columns else 0
    known = rows.count - missing
    counted = f"{positives:,} of {known:,} labelled rows are positive."
    unlabelled = f" {missing:,} rows have no label." if missing else ""
    if missing and not remedy:
        remedy = "Rows without a label can neither teach nor test: leave them out of the source."
    return Check(
        name="target",
        claim=f"The target {target.column!r} holds {target.positive!r} and something else",
        verdict=Verdict.FAIL if what or missing else Verdict.PASS,
        statistic="share of positive rows",
        estimate=positives / known if known and not what else None,
        why=(f"{what[0].upper()}{what[1:]}." if what else counted) + unlabelled,
        remedy=remedy,
        rows=known,
    )


def _positives(rows: Rows, target: Target) -> tuple[int, str, str]:
    """How many rows are positive, or what is wrong with the target and what to do about it."""
    try:
        if target.column not in rows.columns:
            raise _no_target(target, list(rows.columns))
        values, counts = rows.values(target.column)
        if not len(values):
            raise no_label(target)
        return int(counts[outcomes(pa.chunked_array([values]), target)].sum()), "", ""
    except DataError as error:
        return 0, error.what, error.remedy or "Bring rows that hold it."


def _no_target(target: Target, columns: list[str]) -> DataError:
    return DataError(
        f"the table has no target column {target.column!r}",
        remedy=meant(target.column, columns, "Name a column of the table."),
    )


def columns_sheet(rows: Rows) -> Sheet:
    """Each column with its type, its missing values and how many different ones it holds."""
    held = tuple((c.name, c.type, c.missing, c.different) for c in rows.columns.values())
    return Sheet(title="Columns", columns=("column", "type", "missing", "different"), rows=held)
