"""The validation gate: Great Expectations suites in its own words, what no table may lack, and
what changed since the previous table.

A stored table is judged by DuckDB, which reads its Parquet parts in place, and by pandas where
DuckDB would say something else (`routes`): verdicts, estimates and counts are the same either way.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from assay.config.data import Target
from assay.config.gates import Expectation
from assay.evidence.answers import (
    MOST_FAILING,
    Rule,
    check_of,
    claim_of,
    failing_rows,
    no_failures,
    trouble,
)
from assay.evidence.changes import changes
from assay.evidence.report import Check, Report, Verdict, overall
from assay.evidence.rows import FrameOrTable, Rows, TableRows, rows_of
from assay.evidence.standing import columns_sheet, standing_checks
from assay.evidence.validation import asking
from assay.evidence.validation.routes import Engine, engine_for
from assay.evidence.validation.rules import ABOUT_COLUMNS, Locate, rules_of
from assay.sources.aside import SetAside

_MANY = 1_000_000  # rows from which on it matters that a rule is judged in memory


@dataclass(frozen=True)
class Validated:
    """What the gate found. `failing` has a row per broken rule and table row: `row` (int64,
    number in the table, from 1), `rule`, `column`, `value` (text; missing where the value is).
    It holds the first 100,000 rows of each rule. `results` are GX's own, in the order asked."""

    report: Report
    failing: pd.DataFrame
    results: tuple[Any, ...] = ()


def validate(
    data: FrameOrTable,
    expectations: Sequence[Expectation],
    *,
    subject: str,
    target: Target | None = None,
    malformed: SetAside | None = None,
    as_text: Sequence[str] = (),
    against: FrameOrTable | None = None,
    locate: Locate | None = None,
) -> Validated:
    """Judge a frame or a stored table by the use case's expectations, by checks that are always
    made and, where `against` is given, by what changed since that earlier table.

    `malformed`: the rows that were set aside before; `as_text`: which columns had to be read as
    text, and why, a sentence each. `locate` turns a path such as
    ("expectations", 2, "kwargs") into file:line for errors.
    Raises ConfigError for a rule that GX does not know or that does not fit the table,
    ObjectMissing or ObjectCorrupt for a table whose parts are damaged.
    """
    with rows_of(data) as rows:
        checks = standing_checks(rows, target, malformed, as_text)
        sheets = [columns_sheet(rows)]
        if against is not None:
            with rows_of(against) as before:
                check, sheet = changes(rows, before)
            checks.append(check)
            sheets += [sheet] if sheet else []
        asked = _ask(rows, expectations, locate or (lambda _path: ""))
    checks += asked.checks
    verdict = overall(checks)
    notes = [*_limits(rows, expectations), *asked.notes]
    return Validated(
        Report(
            gate="validation",
            subject=subject,
            verdict=verdict,
            summary=_summary(verdict, checks, rows.count, len(expectations)),
            checks=tuple(checks),
            sheets=tuple(sheets),
            notes=tuple(notes),
        ),
        pd.concat([no_failures(), *asked.failing], ignore_index=True),
        asked.results,
    )


@dataclass(frozen=True)
class _Asked:
    checks: list[Check]
    failing: list[pd.DataFrame]
    notes: list[str]
    results: tuple[Any, ...]


def _ask(rows: Rows, expectations: Sequence[Expectation], locate: Locate) -> _Asked:
    if not expectations:
        return _Asked([], [], [], ())
    with asking.quiet():
        rules = rules_of(rows.columns, expectations, locate)
        if not rows.count:
            return _Asked([], [], [], ())
        context = asking.context()
        results, breaking, in_memory = _answers(rows, rules, context)
        claims = [claim_of(rule) for rule in rules]
    failing = {
        i: failing_rows(rules[i], numbers, rows.cells(numbers, rules[i].columns))
        for i, numbers in sorted(breaking.items())
        if numbers
    }
    checks = [check_of(rule, results[i], claims[i], failing.get(i)) for i, rule in enumerate(rules)]
    notes = list(_cut_short(rules, results, failing))
    if in_memory and rows.count >= _MANY and isinstance(rows, TableRows):
        names = ", ".join(rules[i].name for i in sorted(in_memory))
        notes.append(f"Judged in memory, for SQL does not say quite the same: {names}.")
    ordered = tuple(results[i] for i in range(len(rules)))
    return _Asked(checks, list(failing.values()), notes, ordered)


_Answers = tuple[dict[int, Any], dict[int, list[int]], set[int]]


def _answers(rows: Rows, rules: Sequence[Rule], context: Any) -> _Answers:
    """GX's results, the numbers of the rows that break a rule, and the rules judged in memory;
    each by the rule's position."""
    if not isinstance(rows, TableRows):
        results, breaking = _in_memory(rows, rules, context)
        return results, breaking, set(results)
    route: dict[Engine, list[Rule]] = {engine: [] for engine in Engine}
    for rule in rules:
        route[engine_for(rule, rows.columns)].append(rule)
    results, breaking = _in_duckdb(rows, route[Engine.DUCKDB], context)
    with rows.one_thread():
        steady, none = _in_duckdb(rows, route[Engine.STEADY], context)
    results, breaking = results | steady, breaking | none
    left = [r for r in rules if r.position not in results]
    held, broken = _in_memory(rows, left, context)
    return results | held, breaking | broken, set(held)


def _in_duckdb(
    rows: TableRows, rules: Sequence[Rule], context: Any
) -> tuple[dict[int, Any], dict[int, list[int]]]:
    """Answers in SQL. A rule on which DuckDB stumbles has none: one bad rule spoils the query
    that GX makes for many, and pandas may still know."""
    found = asking.answers(asking.on_duckdb(rows.connection, "held", context), rules)
    only_sql = {r.position for r in rules if r.asked.type == "unexpected_rows_expectation"}
    found = {i: result for i, result in found.items() if i in only_sql or not trouble(result)}
    broken = [rule for rule in rules if rule.position in found and _broken(found[rule.position])]
    if not broken:
        return found, {}
    numbered = asking.on_duckdb(rows.connection, "numbered", context)
    return found, {
        rule.position: asking.breaking_in_duckdb(numbered, rule, MOST_FAILING) for rule in broken
    }


def _in_memory(
    rows: Rows, rules: Sequence[Rule], context: Any
) -> tuple[dict[int, Any], dict[int, list[int]]]:
    """Answers by pandas, with no more columns in memory at a time than the rules at hand need."""
    together: dict[tuple[str, ...], list[Rule]] = {}
    for rule in rules:
        together.setdefault(_needed(rule, list(rows.columns)), []).append(rule)
    results: dict[int, Any] = {}
    breaking: dict[int, list[int]] = {}
    for columns, group in together.items():
        validator = asking.on_frame(rows.frame(columns), context)
        results |= asking.answers(validator, group)
        # Row numbers cost time and memory: GX is asked for them where a rule is broken only.
        breaking |= {
            rule.position: asking.breaking_in_frame(validator, rule, MOST_FAILING)
            for rule in group
            if _broken(results[rule.position])
        }
    return results, breaking


def _needed(rule: Rule, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a rule may read: those it names and those its condition may name; all of
    them for a rule about which columns there are.

    GX takes upper and lower case for the same where both are there.
    """
    if not rule.columns or rule.asked.type in ABOUT_COLUMNS:
        return tuple(columns)
    condition = str(rule.asked.kwargs.get("row_condition") or "")
    return tuple(name for name in columns if name in rule.columns or name in condition)


def _broken(result: Any) -> bool:
    return not result.success and not trouble(result)


def _limits(rows: Rows, expectations: Sequence[Expectation]) -> Iterable[str]:
    if not expectations:
        yield "The use case states no expectations: none were tested."
    elif not rows.count:
        yield "Without rows no expectation was tested."


def _cut_short(
    rules: Sequence[Rule], results: dict[int, Any], failing: dict[int, pd.DataFrame]
) -> Iterable[str]:
    for i, table in failing.items():
        count = int(results[i].result.get("unexpected_count") or 0)
        if count > len(table):
            yield (
                f"{rules[i].name}: of {count:,} failing rows the first {len(table):,} are listed."
            )


def _summary(verdict: Verdict, checks: Sequence[Check], rows: int, asked: int) -> str:
    untold = [c.name for c in checks if c.verdict is Verdict.UNKNOWN]
    broken = [c.name for c in checks if c.verdict not in {Verdict.PASS, Verdict.UNKNOWN}]
    start = f"{rows:,} rows held to {len(checks)} rules, {asked} of them the use case's"
    if verdict is Verdict.PASS:
        return f"{start}: all hold."
    said = (("do not hold", broken), ("could not be judged", untold))
    return f"{start}: {', '.join(_counted(names, what) for what, names in said if names)}."


def _counted(names: Sequence[str], what: str) -> str:
    named = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} {what} ({named})"
