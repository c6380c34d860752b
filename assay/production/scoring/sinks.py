"""Writes predictions where the use case wants them: a Parquet or CSV file a batch, or a SQL table.

The columns are the line of the source, the identity (without a declared one, all of the row except
the target), the model's answers, model, and in SQL the batch. Writing again changes nothing, so a
scorer that was killed can simply run once more.
"""

from __future__ import annotations

from pydantic import ValidationError

from assay.config.data import refuse_passwords
from assay.config.loaded_use_case import LoadedUseCase
from assay.config.production import Sink
from assay.errors import ConfigError
from assay.production.scoring.delivery import Delivery
from assay.util.url_secrets import redact_url


def resolve_sink(
    loaded_use_case: LoadedUseCase, to: str | None, *, single_batch: bool
) -> Sink | None:
    """The sink of the predictions: the path `to`, else the use case's, else None (the bucket
    alone). For a `single_batch` the path needs no {batch}. What the use case says of formulas also
    holds for another .csv. Raises ConfigError.
    """
    declared = loaded_use_case.use_case.score.to
    if to is None:
        return declared
    formulas = declared.formulas if declared and to.lower().endswith(".csv") else "keep"
    try:
        refuse_passwords(None, to)
        if single_batch and "{batch}" not in to:
            return Sink.model_construct(path=to, formulas=formulas)
        return Sink(path=to, formulas=formulas)
    except ValueError as error:  # pydantic's own is one
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise ConfigError(
            said.removeprefix("Value error, "),
            where=f"--to {redact_url(to)}",
            remedy="As in out/{batch}.parquet.",
        ) from None


def write_delivery(delivery: Delivery, sink: Sink) -> str:
    """Write a batch's predictions. Returns where, for people.

    Raises OutputError, ConfigError, SourceError for a place that cannot be reached.
    """
    if sink.table is not None:
        from assay.production.scoring.sql_sink import deliver_to_table as to_table

        return to_table(delivery, sink)
    from assay.production.scoring.file_sink import deliver_to_file as to_file

    return to_file(delivery, sink.resolve_path(), escape_formulas=sink.formulas == "escape")
