"""What keeps columns of numbers from being read as numbers, and the lines that would change it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa

from assay.sources.column_survey import ColumnSurvey
from assay.sources.number_format import KNOWN_FORMATS, PLAIN, NumberFormat
from assay.sources.python_values import common_kind

_MAX_MISFIT_SHARE: Final = 0.05
_MOST_FILES: Final = 3  # that are named
_NUMERIC: Final = {"integer", "number", "long"}
_LONG_INTEGERS: Final = "integers beyond 2**53"


def hints_on_types(
    columns: Mapping[str, ColumnSurvey],
    kinds: Mapping[str, str],
    missing: Sequence[str],
    declared: NumberFormat,
    *,
    textual: bool,
) -> list[str]:
    """A hint for each column that is text only by the way in which the source is written.

    The last of them names the lines to add for all. `kinds`: what the columns are read as;
    `missing` and `declared`: what the use case says; `textual`: the source has no types.
    """
    texts = {
        name: seen
        for name, seen in columns.items()
        if kinds[name] == "text" and seen.values and (textual or _is_wordy(seen))
    }
    chosen = choose_format(texts, columns, kinds, declared)
    hints: dict[str, str] = {}
    proposal = _Proposal()
    for name, seen in texts.items():
        if said := _describe_marks_and_format(seen, chosen, textual=textual):
            hints[name] = f"column {name!r} {said}"
            proposal.add(name, seen, chosen, textual=textual)
        elif said := _describe_other(name, seen, chosen, textual=textual):
            hints[name] = f"column {name!r} {said}"
    if lines := proposal.lines(missing, declared):
        last = [name for name in hints if name in proposal.columns][-1]
        hints[last] += f"; write {lines}"
        if len(proposal.columns) > 1:
            hints[last] += f" for these {len(proposal.columns)} columns"
        if other := _other_reading(texts, proposal.columns, chosen):
            hints[last] += f", or {other}"
    return [*hints.values(), *_mixtures(columns, kinds, hints, textual=textual)]


def describe_disagreement(name: str, kinds_by_file: Mapping[str, str]) -> list[str]:
    """A hint that names the files by the type they give a column; none if they agree."""
    files: dict[str, list[str]] = {}
    for file, kind in kinds_by_file.items():
        files.setdefault(kind, []).append(file)
    if len(files) < 2:
        return []
    said = "; ".join(f"{kind} in {_list_files(names)}" for kind, names in files.items())
    return [
        f"column {name!r} is text because its files disagree: {said}; make them agree"
        + _type_line(name, set(files))
    ]


def _type_line(name: str, kinds: set[str]) -> str:
    """The line that makes a column of these kinds one of them, as an alternative."""
    numeric = kinds & {"integer", "number"}
    if numeric and kinds <= {"integer", "number", "text"}:
        kind = "number" if "number" in numeric else "integer"
        return f", or write `types: {{{_key(name)}: {kind}}}` under data to set aside other rows"
    if kinds <= {"integer", "boolean", "text"}:
        line = f"`types: {{{_key(name)}: boolean}}`"
        return f", or write {line} under data, by which 1 is true and 0 false"
    if kinds == {"date", "text"}:
        return f", or write `dates: {{{_key(name)}: iso}}` under data to set aside other rows"
    return ""


def _key(name: str) -> str:
    """A column's name as a key of YAML."""
    return name if re.fullmatch(r"[A-Za-z_]\w*", name) else json.dumps(name, ensure_ascii=False)


def _list_files(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_FILES])
    more = len(names) - _MOST_FILES
    return f"{shown} and {more:,} more" if more > 0 else shown


def _is_wordy(survey: ColumnSurvey) -> bool:
    """Whether a column of a typed source is text, or a mixture of text and numbers."""
    return "text" in survey.kinds and survey.kinds <= {"text", *_NUMERIC}


def choose_format(
    texts: Mapping[str, ColumnSurvey],
    columns: Mapping[str, ColumnSurvey],
    kinds: Mapping[str, str],
    declared: NumberFormat,
) -> NumberFormat | None:
    """The format in which most columns of numbers are written; of equals the simplest."""
    foreign = [seen for seen in texts.values() if seen.is_foreign and not seen.mixes_units]
    if not foreign:
        return None
    numbers = [seen for name, seen in columns.items() if kinds[name] in {"integer", "number"}]

    def count(form: NumberFormat) -> tuple[int, int]:
        return (
            sum(form in seen.formats for seen in (*foreign, *numbers)),
            sum(form in seen.formats for seen in foreign),
        )

    best = max(KNOWN_FORMATS, key=lambda form: (*count(form), -KNOWN_FORMATS.index(form)))
    units = {unit for seen in foreign if best in seen.formats for unit in seen.units} - {""}
    return replace(best, units=tuple(sorted({*declared.units, *units})))


def _fits(survey: ColumnSurvey, form: NumberFormat | None) -> bool:
    return form is not None and survey.is_foreign and replace(form, units=()) in survey.formats


def _describe_marks_and_format(
    survey: ColumnSurvey, form: NumberFormat | None, *, textual: bool
) -> str:
    if survey.mixes_units:
        return ""
    if _fits(survey, form):
        said = (
            f"is text, though its values are numbers written as {survey.foreign.first!r}, the "
            f"first in {survey.foreign.place}"
        )
        return said + (f", beside {_list_marks(survey)}" if survey.marks else "")
    if survey.numeric_but_for_marks is None:
        return ""
    first = survey.first_mark
    all_of_one = len(survey.marks) == 1
    return (
        f"is text because of {survey.marks.total():,} of {survey.values:,} values, "
        + (f"the first {first.first!r}" if all_of_one else f"{_list_marks(survey)}, the first")
        + f" in {first.place}"
        + ("" if textual or len(survey.kinds) > 1 else ": the others are numbers")
    )


def _list_marks(survey: ColumnSurvey) -> str:
    return " and ".join(f"{count:,} {mark!r}" for mark, count in survey.marks.most_common())


def _describe_other(
    name: str, survey: ColumnSurvey, form: NumberFormat | None, *, textual: bool
) -> str:
    if survey.mixes_units:
        units = sorted(survey.units - {""})
        named = " and ".join([*map(repr, units), *(["none"] if len(units) == 1 else [])])
        return f"is text because its numbers bear different units, {named}; bring them to one unit"
    if survey.is_foreign and form is not None:
        return (
            f"is text, and its values are numbers written as {survey.foreign.first!r}, the first "
            f"in {survey.foreign.place}, unlike those of other columns; write them in one way"
        )
    if not textual or not survey.misfits:
        return ""
    # At a tie the narrower kind, which comes first.
    kind, misfits = min(survey.misfits.items(), key=lambda item: item[1].count)
    count = misfits.count + survey.marks.total()
    if count > max(_MAX_MISFIT_SHARE * survey.values, 1) or count == survey.values:
        return ""
    return (
        f"is text because of {count:,} of {survey.values:,} values, the first {misfits.first!r} in "
        f"{misfits.place}; declare types: {{{_key(name)}: {kind}}} to quarantine such rows, or "
        "list the value under missing"
    )


def _mixtures(
    columns: Mapping[str, ColumnSurvey],
    kinds: Mapping[str, str],
    hints: Mapping[str, str],
    *,
    textual: bool,
) -> list[str]:
    """Columns that are text because several kinds of values meet in them."""
    found = []
    for name, seen in columns.items():
        if kinds[name] != "text" or name in hints:
            continue
        by_file = {
            file: kind
            for file, held in seen.kinds_by_file.items()
            if (kind := _kind_of_file(held, textual=textual))
        }
        if disagreement := describe_disagreement(name, by_file):
            found += disagreement
        elif len(seen.kinds) > 1:
            named = {_LONG_INTEGERS if kind == "long" else kind for kind in seen.kinds}
            mixed = " and ".join(sorted(named))
            line = _type_line(name, seen.kinds).removeprefix(", or ")
            found.append(
                f"column {name!r} is text because it mixes {mixed}" + (f"; {line}" if line else "")
            )
    return found


def _kind_of_file(kinds: set[str], *, textual: bool) -> str:
    """The type of a column in one file; empty where the file has no value in it."""
    if not textual:
        return common_kind(kinds) or ""
    if {"integer", "boolean"} <= kinds:
        return ""  # no value has ruled anything out
    return next((kind for kind in ("integer", "number", "boolean") if kind in kinds), "text")


def _other_reading(
    texts: Mapping[str, ColumnSurvey], columns: Sequence[str], form: NumberFormat | None
) -> str:
    """Another format in which the same columns are numbers, of other values: 1,234."""
    foreign = [texts[name] for name in columns if texts[name].is_foreign]
    if form is None or not foreign:
        return ""
    for other in KNOWN_FORMATS:
        apart = other.decimal != form.decimal and other != PLAIN
        if apart and all(other in seen.formats for seen in foreign):
            first = foreign[0].foreign.first
            meant = other.normalize(pa.array([first.strip()]))[0].as_py()
            return f"`{_format_line(other, PLAIN)}` if {first} means {meant}"
    return ""


def _format_line(form: NumberFormat, declared: NumberFormat) -> str:
    said = []
    if form.decimal != declared.decimal:
        said.append(f"decimal: {json.dumps(form.decimal)}")
    if form.thousands and form.thousands != declared.thousands:
        said.append(f"thousands: {json.dumps(form.thousands)}")
    if set(form.units) != set(declared.units):
        said.append(f"units: {json.dumps(list(form.units), ensure_ascii=False)}")
    return ", ".join(said)


@dataclass
class _Proposal:
    """The lines to add to a use case, gathered from its columns."""

    columns: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    form: NumberFormat | None = None

    def add(
        self, name: str, survey: ColumnSurvey, form: NumberFormat | None, *, textual: bool
    ) -> None:
        self.columns = (*self.columns, name)
        self.marks = tuple(dict.fromkeys((*self.marks, *survey.marks)))
        if _fits(survey, form):
            self.form = form
        if not textual and survey.kinds == {"text"}:
            self.types = (*self.types, f"{_key(name)}: number")

    def lines(self, missing: Sequence[str], declared: NumberFormat) -> str:
        said = []
        if self.form is not None and (line := _format_line(self.form, declared)):
            said.append(f"`{line}` under data.source")
        if self.marks:
            marks = list(dict.fromkeys((*missing, *self.marks)))
            said.append(f"`missing: {json.dumps(marks, ensure_ascii=False)}` under data")
        if self.types:
            said.append(f"`types: {{{', '.join(self.types)}}}` under data")
        return " and ".join(said)
