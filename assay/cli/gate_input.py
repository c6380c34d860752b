"""Input of one gate on any file: rows read as a run reads them, into a temporary bucket."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.console import print_stderr
from assay.config.loaded_use_case import LoadedUseCase, load_use_case, parse_use_case
from assay.util.wording import format_count

if TYPE_CHECKING:
    import pandas as pd

    from assay.problems.problem_type import ProblemType
    from assay.sources.quarantine import QuarantineSummary
    from assay.sources.reading_notes import ReadingNotes
    from assay.tables.table import Table

_PLACEHOLDER = "asked on the command line"
_OPTION_KEYS = (
    "target",
    "positive",
    "classes",
    "unit",
    "log",
    "sensitive",
    "reference",
    "missing",
    "metric",
    "tolerance",
    "ratio",
    "bins",
    "by",
    "margin",
)
_OPTIONS: Mapping[str | int, str] = {key: f"--{key}" for key in _OPTION_KEYS}


def require_distinct_columns(columns: Mapping[str, str | None]) -> None:
    """Refuse a column that two options name: compared with itself, every column is right."""
    import typer

    seen: dict[str, str] = {}
    for option, name in columns.items():
        if name is not None and name in seen:
            raise typer.BadParameter(f"{seen[name]} and {option} both name the column {name!r}")
        if name is not None:
            seen[name] = option


def split_class_columns(named: Sequence[str]) -> dict[str, str]:
    """Columns by class, from options such as "minor=p_minor". Refuses any other form, and a class
    that is named twice.
    """
    import typer

    found: dict[str, str] = {}
    for text in named:
        label, equals, column = text.partition("=")
        if not (label and equals and column):
            raise typer.BadParameter(f"write the class and its column: CLASS=COLUMN, not {text!r}")
        if label in found:
            raise typer.BadParameter(f"--probability names the class {label!r} twice")
        found[label] = column
    return found


def find_gate_problem(named: str | None, config: Path | None) -> ProblemType:
    """The problem type that --problem names, or else the use case's target."""
    import typer

    from assay.problems.lookup import named_problem_type, problem_type

    if config is None:
        return named_problem_type(named or "binary")
    found = problem_type(load_use_case(config).use_case.data.target)
    if named is not None and named != found.name:
        raise typer.BadParameter(f"--problem says {named}, the use case {found.name}")
    return found


def load_gate_use_case(
    data: str, config: Path | None, sections: Mapping[str, Any]
) -> LoadedUseCase:
    """The use case at `config` with `data` as its source, or a minimal one around `sections`."""
    if config is not None:
        given = load_use_case(config).use_case.data.source
        kept = {"encoding", "delimiter", "decimal", "thousands", "units", "sheet"}
        source = {"path": data, **given.model_dump(mode="json", include=kept)}
        return load_use_case(config, [f"data.source={json.dumps(source)}"])
    least: dict[str, Any] = {
        "name": "asked",
        "question": _PLACEHOLDER,
        "decision": _PLACEHOLDER,
        "harm": _PLACEHOLDER,
        "owner": _PLACEHOLDER,
        "candidates": [{"estimator": "sklearn.dummy.DummyClassifier"}],
        **sections,
    }
    least["data"] = {
        "source": {"path": data},
        "target": {"column": "-", "positive": ""},  # a placeholder
        **sections.get("data", {}),
    }
    words = {"file": "command line", "text": json.dumps(least), "set": []}
    return parse_use_case(words, _OPTIONS)


@dataclass(frozen=True)
class GateTable:
    """A source as a table: the malformed rows that were left out, which columns had to be read as
    text, and what else was done to rows and values.
    """

    table: Table
    malformed: QuarantineSummary
    as_text: tuple[str, ...]
    notes: ReadingNotes


@contextmanager
def open_gate_table(loaded_use_case: LoadedUseCase, *, check: bool = True) -> Iterator[GateTable]:
    """The rows of the use case's source as a table in a bucket that lasts as long as the context,
    typed as a run would type them.

    The table lies in a temporary bucket that lasts as long as the context; columns are typed as in
    a run. `check`: require the columns that the use case names. A use case made by
    `load_gate_use_case` from `sections` names placeholders.
    """
    from assay.bucket.bucket import Bucket
    from assay.sources.ingestion import store_source_table
    from assay.sources.quarantine import QuarantineSummary
    from assay.store.local import LocalStore
    from assay.tables.table import Table

    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        bucket = Bucket.from_store(LocalStore(folder))
        where = loaded_use_case if check else None
        found = store_source_table(
            bucket, loaded_use_case.use_case.data, "data", loaded_use_case=where, say=print_stderr
        )
        aside = QuarantineSummary()
        if found.quarantine:
            summary = QuarantineSummary.from_table(
                bucket, found.quarantine, loaded_use_case.use_case.data.source.path
            )
            aside = replace(summary, table=None)  # the table goes with the bucket
            print_stderr(describe_left_out(aside))
        table = Table.read(bucket, found.table)
        yield GateTable(table, aside, found.text_hints, found.notes)


def describe_left_out(aside: QuarantineSummary) -> str:
    """How many malformed rows no gate will see, and why."""
    from assay.util.printable_text import printable_text

    return f"{format_count(aside.rows, 'malformed row')} left out: {printable_text(aside.reasons)}"


def read_gate_frame(loaded_use_case: LoadedUseCase, *, check: bool = True) -> pd.DataFrame:
    """The table of `open_gate_table` in memory."""
    with open_gate_table(loaded_use_case, check=check) as held:
        return held.table.to_pandas()
