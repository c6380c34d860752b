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
from assay.config.row_weight import RowWeight
from assay.dataset.row_source import FrameOrTable, RowSource, TableRows, open_rows
from assay.gates.report import Check, Report, Verdict, overall_verdict
from assay.gates.validation import gx_validator
from assay.gates.validation.built_in_checks import CheckTarget, built_in_checks, columns_sheet
from assay.gates.validation.gx_results import (
    MOST_FAILING,
    ExpectationRule,
    check_from_result,
    empty_failing_rows,
    expectation_claim,
    failing_rows,
    result_error,
)
from assay.gates.validation.rule_engine import RuleEngine, choose_engine
from assay.gates.validation.rules import COLUMN_EXISTENCE_RULES, Locator, build_rules
from assay.gates.validation.schema_changes import compare_schemas
from assay.gates.validation.weight_check import check_weights
from assay.sources.quarantine import QuarantineSummary
from assay.sources.reading_notes import ReadingNotes

_MANY_ROWS = 1_000_000  # rows from which on it matters that a rule is judged in memory


@dataclass(frozen=True)
class ValidationResult:
    """What the gate found. `failing_rows` has a row per broken rule and table row: `row` (int64,
    number in the table, from 1), `rule`, `column`, `value` (text; missing where the value is).
    It holds the first 100,000 rows of each rule. `results` are GX's own, in the order asked."""

    report: Report
    failing_rows: pd.DataFrame
    results: tuple[Any, ...] = ()


def validate_table(
    data: FrameOrTable | RowSource,
    expectations: Sequence[Expectation],
    *,
    subject: str,
    target: Target | None = None,
    check_target: CheckTarget | None = None,
    malformed: QuarantineSummary | None = None,
    as_text: Sequence[str] = (),
    notes: ReadingNotes | None = None,
    previous: FrameOrTable | None = None,
    weight: RowWeight | None = None,
    locate: Locator | None = None,
) -> ValidationResult:
    """Judge a frame, a stored table or open rows by the use case's expectations, by checks that
    are always made and, where `previous` is given, by what changed since that earlier table.

    `malformed`: the rows that were set aside before; `as_text`: which columns had to be read as
    text, and why, a sentence each; `notes`: what else ingestion did; `check_target` judges the
    outcomes of other questions than yes or no. `weight`: the column of the rows' weights.
    `locate` turns a path such as ("expectations", 2, "kwargs") into file:line for errors.
    Raises ConfigError for a rule that GX does not know or that does not fit the table,
    ObjectMissing or ObjectCorrupt for a table whose parts are damaged.
    """
    with open_rows(data) as rows:
        checks = built_in_checks(
            rows,
            target,
            malformed,
            as_text,
            notes or ReadingNotes(),
            check_target=check_target,
        )
        if weight is not None and rows.count:
            checks.append(check_weights(rows, weight))
        sheets = [columns_sheet(rows)]
        if previous is not None:
            with open_rows(previous) as before:
                check, sheet = compare_schemas(rows, before)
            checks.append(check)
            sheets += [sheet] if sheet else []
        asked = _test_expectations(rows, expectations, locate or (lambda _path: ""))
    checks += asked.checks
    verdict = overall_verdict(checks)
    untested = [*_untested_notes(rows, expectations), *asked.notes]
    return ValidationResult(
        Report(
            gate="validation",
            subject=subject,
            verdict=verdict,
            summary=_summary(verdict, checks, rows.count, len(expectations)),
            checks=tuple(checks),
            sheets=tuple(sheets),
            notes=tuple(untested),
        ),
        pd.concat([empty_failing_rows(), *asked.failing], ignore_index=True),
        asked.results,
    )


@dataclass(frozen=True)
class _ExpectationResults:
    checks: list[Check]
    failing: list[pd.DataFrame]
    notes: list[str]
    results: tuple[Any, ...]


def _test_expectations(
    rows: RowSource, expectations: Sequence[Expectation], locate: Locator
) -> _ExpectationResults:
    if not expectations:
        return _ExpectationResults([], [], [], ())
    with gx_validator.silence_gx():
        rules = build_rules(rows.columns, expectations, locate)
        if not rows.count:
            return _ExpectationResults([], [], [], ())
        context = gx_validator.create_context()
        results, breaking, in_memory = _route_rules(rows, rules, context)
        claims = [expectation_claim(rule) for rule in rules]
    failing = {
        i: failing_rows(rules[i], numbers, rows.cells(numbers, rules[i].columns))
        for i, numbers in sorted(breaking.items())
        if numbers
    }
    checks = [
        check_from_result(rule, results[i], claims[i], failing.get(i))
        for i, rule in enumerate(rules)
    ]
    notes = list(_truncation_notes(rules, results, failing))
    if in_memory and rows.count >= _MANY_ROWS and isinstance(rows, TableRows):
        names = ", ".join(rules[i].name for i in sorted(in_memory))
        notes.append(f"Judged in memory, for SQL does not say quite the same: {names}.")
    ordered = tuple(results[i] for i in range(len(rules)))
    return _ExpectationResults(checks, list(failing.values()), notes, ordered)


_RuleResults = tuple[dict[int, Any], dict[int, list[int]], set[int]]


def _route_rules(rows: RowSource, rules: Sequence[ExpectationRule], context: Any) -> _RuleResults:
    """GX's results, the numbers of the rows that break a rule, and the rules judged in memory;
    each by the rule's position."""
    if not isinstance(rows, TableRows):
        results, breaking = _run_in_memory(rows, rules, context)
        return results, breaking, set(results)
    route: dict[RuleEngine, list[ExpectationRule]] = {engine: [] for engine in RuleEngine}
    for rule in rules:
        route[choose_engine(rule, rows.columns)].append(rule)
    results, breaking = _run_in_duckdb(rows, route[RuleEngine.DUCKDB], context)
    with rows.one_thread():
        steady, none = _run_in_duckdb(rows, route[RuleEngine.DUCKDB_ONE_THREAD], context)
    results, breaking = results | steady, breaking | none
    left = [r for r in rules if r.position not in results]
    held, broken = _run_in_memory(rows, left, context)
    return results | held, breaking | broken, set(held)


def _run_in_duckdb(
    rows: TableRows, rules: Sequence[ExpectationRule], context: Any
) -> tuple[dict[int, Any], dict[int, list[int]]]:
    """Answers in SQL. A rule on which DuckDB stumbles has none: one bad rule spoils the query
    that GX makes for many, and pandas may still know."""
    found = gx_validator.run_rules(
        gx_validator.duckdb_validator(rows.connection, "held", context), rules
    )
    only_sql = {r.position for r in rules if r.expectation.type == "unexpected_rows_expectation"}
    found = {i: result for i, result in found.items() if i in only_sql or not result_error(result)}
    broken = [rule for rule in rules if rule.position in found and _is_broken(found[rule.position])]
    if not broken:
        return found, {}
    numbered = gx_validator.duckdb_validator(rows.connection, "numbered", context)
    return found, {
        rule.position: gx_validator.find_failing_in_duckdb(numbered, rule, MOST_FAILING)
        for rule in broken
    }


def _run_in_memory(
    rows: RowSource, rules: Sequence[ExpectationRule], context: Any
) -> tuple[dict[int, Any], dict[int, list[int]]]:
    """Answers by pandas, with no more columns in memory at a time than the rules at hand need."""
    together: dict[tuple[str, ...], list[ExpectationRule]] = {}
    for rule in rules:
        together.setdefault(_columns_needed(rule, list(rows.columns)), []).append(rule)
    results: dict[int, Any] = {}
    breaking: dict[int, list[int]] = {}
    for columns, group in together.items():
        validator = gx_validator.frame_validator(rows.frame(columns), context)
        results |= gx_validator.run_rules(validator, group)
        # Row numbers cost time and memory: GX is asked for them where a rule is broken only.
        breaking |= {
            rule.position: gx_validator.find_failing_in_frame(validator, rule, MOST_FAILING)
            for rule in group
            if _is_broken(results[rule.position])
        }
    return results, breaking


def _columns_needed(rule: ExpectationRule, columns: Sequence[str]) -> tuple[str, ...]:
    """The columns that a rule may read: those it names and those its condition may name; all of
    them for a rule about which columns there are.

    GX takes upper and lower case for the same where both are there.
    """
    if not rule.columns or rule.expectation.type in COLUMN_EXISTENCE_RULES:
        return tuple(columns)
    condition = str(rule.expectation.kwargs.get("row_condition") or "")
    return tuple(name for name in columns if name in rule.columns or name in condition)


def _is_broken(result: Any) -> bool:
    return not result.success and not result_error(result)


def _untested_notes(rows: RowSource, expectations: Sequence[Expectation]) -> Iterable[str]:
    if not expectations:
        yield "The use case states no expectations: none were tested."
    elif not rows.count:
        yield "Without rows no expectation was tested."


def _truncation_notes(
    rules: Sequence[ExpectationRule], results: dict[int, Any], failing: dict[int, pd.DataFrame]
) -> Iterable[str]:
    for i, table in failing.items():
        count = int(results[i].result.get("unexpected_count") or 0)
        if count > len(table):
            yield (
                f"{rules[i].name}: of {count:,} failing rows the first {len(table):,} are listed."
            )


def _summary(verdict: Verdict, checks: Sequence[Check], rows: int, expectation_count: int) -> str:
    untold = [c.name for c in checks if c.verdict is Verdict.UNKNOWN]
    broken = [c.name for c in checks if c.verdict not in {Verdict.PASS, Verdict.UNKNOWN}]
    start = f"{rows:,} rows held to {len(checks)} rules, {expectation_count} of them the use case's"
    if verdict is Verdict.PASS:
        return f"{start}: all hold."
    said = (
        ("does not hold" if len(broken) == 1 else "do not hold", broken),
        ("could not be judged", untold),
    )
    return f"{start}: {', '.join(_count_names(names, what) for what, names in said if names)}."


def _count_names(names: Sequence[str], problem: str) -> str:
    named = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
    return f"{len(names)} {problem} ({named})"
