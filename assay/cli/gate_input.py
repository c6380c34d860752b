"""One gate alone, on any file: rows read as a run would read them, into a bucket thrown away."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.console import print_stderr
from assay.config.loaded_use_case import LoadedUseCase, load_use_case, parse_use_case
from assay.util.wording import format_count

if TYPE_CHECKING:
    import pandas as pd

    from assay.sources.quarantine import QuarantineSummary
    from assay.tables.table import Table

_PLACEHOLDER = "asked on the command line"
_OPTION_KEYS = (
    "target",
    "positive",
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
    """Refuse a column that two options name: held against itself, everything is right."""
    import typer

    seen: dict[str, str] = {}
    for option, name in columns.items():
        if name is not None and name in seen:
            raise typer.BadParameter(f"{seen[name]} and {option} both name the column {name!r}")
        if name is not None:
            seen[name] = option


def load_gate_use_case(
    data: str, config: Path | None, sections: Mapping[str, Any]
) -> LoadedUseCase:
    """The use case at `config` with its source replaced by `data`; without one, the smallest
    use case that holds `sections`.
    """
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


@contextmanager
def open_gate_table(
    written: LoadedUseCase, *, check: bool = True
) -> Iterator[tuple[Table, QuarantineSummary, tuple[str, ...]]]:
    """The rows of the use case's source as a table in a bucket that lasts as long as the context,
    typed as a run would type them, the malformed ones that were left out, and which columns had to
    be read as text.

    `check` whether the columns that the use case names are there; the placeholders of one made
    up by `load_gate_use_case` need not be.
    """
    from assay.bucket.bucket import Bucket
    from assay.sources.ingestion import ingest_source
    from assay.sources.quarantine import QuarantineSummary
    from assay.store.local import LocalStore
    from assay.tables.table import Table

    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        bucket = Bucket.from_store(LocalStore(folder))
        where = written if check else None
        found = ingest_source(bucket, written.use_case.data, "data", where=where, say=print_stderr)
        aside = QuarantineSummary()
        if found.quarantine:
            held = QuarantineSummary.from_table(
                bucket, found.quarantine, written.use_case.data.source.path
            )
            aside = replace(held, table=None)  # it is gone with the bucket
            print_stderr(describe_left_out(aside))
        yield Table.read(bucket, found.table), aside, found.text_hints


def describe_left_out(aside: QuarantineSummary) -> str:
    """What is said of the rows that no gate will see."""
    from assay.render.report_text import printable_text

    return f"{format_count(aside.rows, 'malformed row')} left out: {printable_text(aside.reasons)}"


def read_gate_frame(written: LoadedUseCase, *, check: bool = True) -> pd.DataFrame:
    """The table of `open_gate_table` in memory."""
    with open_gate_table(written, check=check) as (table, _aside, _as_text):
        return table.to_pandas()
