"""The plain limit: one DuckDB query that counts what breaks each rule."""

from __future__ import annotations

from pathlib import Path

import duckdb

from benchmarks.gates.validate.rules import counts


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Scan the file once."""
    query = f"SELECT {', '.join(counts())} FROM read_parquet('{folder}/rows.parquet')"
    [row] = duckdb.connect().execute(query).fetchall()
    return f"{sum(row[:-1]):,} values counted"
