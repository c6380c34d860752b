"""One gate alone, on any file: rows read as a run would read them, into a bucket thrown away."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.cli.console import say
from assay.config.read import Written, read, read_words
from assay.evidence.amounts import some

if TYPE_CHECKING:
    import pandas as pd

    from assay.sources.aside import SetAside
    from assay.tables.read import Table

_ASKED = "asked on the command line"
_KEYS = (
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
_OPTIONS: Mapping[str | int, str] = {key: f"--{key}" for key in _KEYS}


def different(columns: Mapping[str, str | None]) -> None:
    """Refuse a column that two options name: held against itself, everything is right."""
    import typer

    seen: dict[str, str] = {}
    for option, name in columns.items():
        if name is not None and name in seen:
            raise typer.BadParameter(f"{seen[name]} and {option} both name the column {name!r}")
        if name is not None:
            seen[name] = option


def settings(data: str, config: Path | None, sections: Mapping[str, Any]) -> Written:
    """The use case at `config` with its source replaced by `data`; without one, the smallest
    use case that holds `sections`.
    """
    if config is not None:
        given = read(config).use_case.data.source
        source = {"path": data, "encoding": given.encoding, "delimiter": given.delimiter}
        return read(config, [f"data.source={json.dumps(source)}"])
    least: dict[str, Any] = {
        "name": "asked",
        "question": _ASKED,
        "decision": _ASKED,
        "harm": _ASKED,
        "owner": _ASKED,
        "candidates": [{"estimator": "sklearn.dummy.DummyClassifier"}],
        **sections,
    }
    least["data"] = {
        "source": {"path": data},
        "target": {"column": "-", "positive": ""},  # a placeholder
        **sections.get("data", {}),
    }
    words = {"file": "command line", "text": json.dumps(least), "set": []}
    return read_words(words, _OPTIONS)


@contextmanager
def table_of(
    written: Written, *, check: bool = True
) -> Iterator[tuple[Table, SetAside, tuple[str, ...]]]:
    """The rows of the use case's source as a table in a bucket that lasts as long as the context,
    typed as a run would type them, the malformed ones that were left out, and which columns had to
    be read as text.

    `check` whether the columns that the use case names are there; the placeholders of one made
    up by `settings` need not be.
    """
    from assay.bucket import Bucket
    from assay.sources.aside import SetAside
    from assay.sources.ingest import ingest
    from assay.store.local import LocalStore
    from assay.tables.read import Table

    with tempfile.TemporaryDirectory(prefix="assay-") as folder:
        bucket = Bucket.on(LocalStore(folder))
        where = written if check else None
        found = ingest(bucket, written.use_case.data, "data", where=where, say=say)
        aside = SetAside()
        if found.quarantine:
            held = SetAside.of(bucket, found.quarantine, written.use_case.data.source.path)
            aside = replace(held, table=None)  # it is gone with the bucket
            say(left_out(aside))
        yield Table.read(bucket, found.table), aside, found.as_text


def left_out(aside: SetAside) -> str:
    """What is said of the rows that no gate will see."""
    from assay.render.words import printable

    return f"{some(aside.rows, 'malformed row')} left out: {printable(aside.reasons)}"


def frame_of(written: Written, *, check: bool = True) -> pd.DataFrame:
    """The table of `table_of` in memory."""
    with table_of(written, check=check) as (table, _aside, _as_text):
        return table.pandas()
