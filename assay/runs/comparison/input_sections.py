"""What two runs were made of, as sections: data, settings and code."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from assay.bucket.digest import Digest
from assay.gates.report import Cell, Sheet
from assay.render.comparison_page import ComparisonSection
from assay.runs.comparison.input_differences import (
    CodeDifference,
    DataDifference,
    TableFacts,
)
from assay.runs.comparison.model_comparison import PairComparison
from assay.steps.code_version import FILE_PREFIX
from assay.util.wording import format_count

_MOST_MODULES = 12  # named in a table that a terminal shows


def input_sections(pair: PairComparison) -> Iterator[ComparisonSection]:
    """The three sections, each with its sentence."""
    names = pair.first.name, pair.second.name
    yield _data_section(pair.inputs.data, names)
    yield _settings_section(pair, names)
    yield _code_section(pair.inputs.code, names)


def _data_section(data: DataDifference, names: tuple[str, str]) -> ComparisonSection:
    if data.problem:
        return ComparisonSection("Data", f"{data.problem[:1].upper()}{data.problem[1:]}.")
    rows = tuple(row for row in _table_rows(data.first, data.second) if row[1] or row[2])
    sheet = Sheet(title="Tables", columns=("what", *names), rows=rows)
    if data.same_table:
        count = format_count(data.second.rows or 0, "row")
        return ComparisonSection("Data", f"Both learnt from the same table of {count}.")
    changes = tuple((one.name, _cell(one.before), _cell(one.after)) for one in data.changes)
    columns = Sheet(title="Columns", columns=("column", *names), rows=changes)
    more = (data.second.rows or 0) - (data.first.rows or 0)
    size = f"{abs(more):,} {'more' if more > 0 else 'fewer'} rows" if more else "as many rows"
    what = format_count(len(data.changes), "column") if data.changes else "no column"
    verb = "differs" if len(data.changes) < 2 else "differ"
    summary = f"{names[1]} learnt from another table: {size} than {names[0]}'s, and {what} {verb}."
    summary = summary.replace("as many rows than", "as many rows as")
    return ComparisonSection("Data", summary, brief=(sheet, *((columns,) if changes else ())))


def _table_rows(first: TableFacts, second: TableFacts) -> Iterator[tuple[str, Cell, Cell]]:
    yield "table", _short(first.digest), _short(second.digest)
    yield "rows", f"{first.rows or 0:,}", f"{second.rows or 0:,}"
    yield "columns", f"{len(first.columns):,}", f"{len(second.columns):,}"
    for key in dict.fromkeys((*first.source, *second.source)):
        before, after = (_cell(one.source.get(key)) for one in (first, second))
        if key == "digest":
            before, after = _short(before), _short(after)
        if key == "path" or before != after:
            yield f"source: {key}", before, after


def _short(digest: str) -> str:
    try:
        return Digest.parse(digest).short
    except ValueError:
        return digest


def _settings_section(pair: PairComparison, names: tuple[str, str]) -> ComparisonSection:
    settings = pair.inputs.settings
    if not settings:
        return ComparisonSection("Settings", "All settings are the same.")
    rows = tuple(
        (one.key, _cell(one.first), _cell(one.second), _lines(one.first_line, one.second_line))
        for one in settings
    )
    has_lines = any(row[3] for row in rows)
    sheet = Sheet(
        title="Settings that differ",
        columns=("setting", *names, *(("where",) if has_lines else ())),
        rows=rows if has_lines else tuple(row[:3] for row in rows),
    )
    verb = "differs" if len(settings) == 1 else "differ"
    summary = f"{format_count(len(settings), 'setting')} {verb}."
    return ComparisonSection("Settings", summary, brief=(sheet,))


def _lines(first: str, second: str) -> str:
    return first if first == second else " and ".join(filter(None, (first, second)))


def _code_section(code: CodeDifference, names: tuple[str, str]) -> ComparisonSection:
    said = []
    commits = tuple(
        f"{(commit or 'an installed package')[: 12 if commit else None]}"
        f"{', with uncommitted changes' if changed else ''}"
        for commit, changed in zip(code.commits, code.modified, strict=True)
    )
    same = commits[0] == commits[1] and not code.modules
    if same:
        said.append(f"Both ran the same code: {commits[0]}")
    else:
        modules = format_count(len(code.modules), "module")
        said.append(f"{names[0]} ran {commits[0]}, {names[1]} {commits[1]}: {modules} differ")
    if code.problem:
        said.append(code.problem)
    elif code.environment:
        verb = "differs" if len(code.environment) == 1 else "differ"
        things = format_count(len(code.environment), "version")
        said.append(f"{things} of libraries or of the machine {verb}")
    else:
        said.append("the environment is the same")
    modules_sheet = Sheet(
        title="Modules",
        columns=("module", "is"),
        rows=tuple(
            (
                one.name.removeprefix(FILE_PREFIX),
                "new" if one.before is None else "gone" if one.after is None else "changed",
            )
            for one in code.modules
        ),
        detail=len(code.modules) > _MOST_MODULES,
    )
    environment = Sheet(
        title="Environment",
        columns=("what", *names),
        rows=tuple((one.name, _cell(one.before), _cell(one.after)) for one in code.environment),
        detail=len(code.environment) > _MOST_MODULES,
    )
    sheets = tuple(sheet for sheet in (modules_sheet, environment) if sheet.rows)
    return ComparisonSection("Code and environment", f"{'; '.join(said)}.", sheets=sheets)


def _cell(value: Any) -> str:
    if value is None:
        return "–"  # noqa: RUF001 - a gap, wider than a minus sign on purpose
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
