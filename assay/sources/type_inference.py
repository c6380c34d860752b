"""What kind of values a column holds, judged by all of its rows.

Inference is strict: a column is of a kind only if every value is. Words with leading zeros,
such as 00501, are no integers, for they would lose them; integers beyond 64 bits are no
integers, and beyond 2**53 no numbers, for they would be rounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import pyarrow as pa

from assay.errors import SourceError
from assay.sources.blocks import RowBlock
from assay.sources.column_survey import ColumnSurvey
from assay.sources.number_format import PLAIN, NumberFormat
from assay.sources.python_values import common_kind
from assay.sources.type_hints import hints_on_types
from assay.sources.value_text import values_to_text as words_of
from assay.tables.columns import column_kind

_MOST_CATEGORIES: Final = 10_000


class TypeSurvey:
    """Collects evidence block by block, then says the kinds of the columns, and hints.

    `textual`: all values are text, of which the kinds are to be guessed. `listed` are the
    columns whose distinct values are wanted: categories that the use case does not enumerate.
    `number_format`: how the source is said to write its numbers. `known_kinds`: those of a source
    that tells them; of such columns only the ones of text are looked at, for hints.
    """

    def __init__(
        self,
        *,
        textual: bool,
        category_columns: frozenset[str] = frozenset(),
        number_format: NumberFormat = PLAIN,
        known_kinds: Mapping[str, str] | None = None,
    ) -> None:
        self._textual = textual
        self._listed = category_columns
        self._format = number_format
        self._known = known_kinds
        self._columns: dict[str, ColumnSurvey] = {}

    def add(self, block: RowBlock) -> None:
        for name, array in zip(block.rows.schema.names, block.rows.columns, strict=True):
            if self._known is not None and self._known.get(name) != "text":
                continue
            seen = self._columns.setdefault(name, ColumnSurvey())
            seen.values += len(array) - array.null_count
            if not self._textual:
                kinds = block.mixed_kinds.get(name) or _arrow_kinds(array)
                seen.kinds |= kinds
                if block.file and kinds:
                    seen.kinds_by_file.setdefault(block.file, set()).update(kinds)
            if pa.types.is_dictionary(array.type):
                seen.add_words(
                    array, block.lines, self._format, block.file if self._textual else ""
                )
            if name in self._listed:
                _collect_categories(seen, name, array)

    def watch(self, blocks: Iterable[RowBlock]) -> Iterator[RowBlock]:
        """The blocks, each of which is added on its way."""
        for block in blocks:
            self.add(block)
            yield block

    def kinds(self) -> dict[str, str]:
        """The kind of each column, in the order in which they appeared."""
        if self._known is not None:
            return dict(self._known)
        decide = _kind_from_text if self._textual else _kind_from_types
        return {name: decide(seen) for name, seen in self._columns.items()}

    def categories(self) -> dict[str, list[str]]:
        """The distinct values of the `listed` columns, sorted."""
        return {n: sorted(self._columns[n].words) for n in self._listed if n in self._columns}

    def hints(self, declared: Mapping[str, str], missing: tuple[str, ...] = ("",)) -> list[str]:
        """What people may want to declare, for columns not yet `declared`.

        `missing`: the marks of missing values that the use case declares.
        """
        columns = {name: seen for name, seen in self._columns.items() if name not in declared}
        return hints_on_types(columns, self.kinds(), missing, self._format, textual=self._textual)


def _kind_from_text(survey: ColumnSurvey) -> str:
    return survey.text_kind


def _kind_from_types(survey: ColumnSurvey) -> str:
    return common_kind(survey.kinds) or "text"


def _arrow_kinds(array: pa.Array) -> frozenset[str]:
    if array.null_count == len(array):
        return frozenset()
    return frozenset({column_kind(array.type)})


def _collect_categories(survey: ColumnSurvey, name: str, array: pa.Array) -> None:
    words = array.dictionary if pa.types.is_dictionary(array.type) else array.unique()
    survey.words.update(w for w in words_of(words).to_pylist() if w is not None)
    if len(survey.words) > _MOST_CATEGORIES:
        raise SourceError(
            f"column {name!r}, declared as a category, has over {_MOST_CATEGORIES:,} values",
            remedy=f"Declare it as text, or list its values under data.categories.{name}.",
        )
