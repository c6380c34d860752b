"""Great Expectations on pandas, by its own fluent API."""

from __future__ import annotations

from pathlib import Path

import great_expectations as gx
import pandas as pd

from benchmarks.gates.validate.rules import expectations


def prepare(_folder: Path) -> None:
    """Nothing."""


def work(folder: Path, _state: None) -> str:
    """Read the file and validate the suite."""
    frame = pd.read_parquet(folder / "rows.parquet")
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("pandas").add_dataframe_asset("rows")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": frame})
    rules = [
        gx.expectations.registry.get_expectation_impl(kind)(**kwargs)
        for kind, kwargs in expectations()
    ]
    found = batch.validate(gx.ExpectationSuite("fifteen", expectations=rules))
    return f"{found.statistics['successful_expectations']} of {len(rules)} rules hold"
