"""Great Expectations at work: rules asked of a frame, or of a view in DuckDB.

Nothing of Great Expectations touches the disk or the network: the context is ephemeral, its
stores are in memory, and progress bars, warnings and logs are silenced while it works.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from assay.gates.validation.gx_results import ExpectationRule
from assay.tables.duckdb_views import ROW_COLUMN

if TYPE_CHECKING:
    import duckdb
    import pandas as pd


@contextmanager
def silence_gx() -> Iterator[None]:
    """Keep GX's and its libraries' remarks to themselves."""
    log = logging.getLogger("great_expectations")
    level = log.level
    log.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)


def create_context() -> Any:
    """A GX data context that keeps everything in memory and tells nobody."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    config = DataContextConfig(
        store_backend_defaults=InMemoryStoreBackendDefaults(),
        progress_bars=ProgressBarsConfig(globally=False),
        analytics_enabled=False,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def frame_validator(frame: pd.DataFrame, context: Any) -> Any:
    """What answers rules about a frame, in the GX context `context`."""
    from great_expectations.execution_engine.pandas_batch_data import PandasBatchData
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine

    engine = PandasExecutionEngine()
    return _create_validator(
        engine, PandasBatchData(execution_engine=engine, dataframe=frame), context
    )


def duckdb_validator(connection: duckdb.DuckDBPyConnection, view: str, context: Any) -> Any:
    """What answers rules about a view of the connection, in the GX context `context`."""
    from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
    from great_expectations.execution_engine.sqlalchemy_execution_engine import (
        SqlAlchemyExecutionEngine,
    )

    from assay.gates.validation.duckdb_dialect import create_duckdb_engine

    engine = SqlAlchemyExecutionEngine(
        engine=create_duckdb_engine(connection), create_temp_table=False
    )
    data = SqlAlchemyBatchData(execution_engine=engine, table_name=view, create_temp_table=False)
    return _create_validator(engine, data, context)


def _create_validator(engine: Any, data: Any, context: Any) -> Any:
    from great_expectations.core.batch import Batch
    from great_expectations.validator.validator import Validator

    return Validator(execution_engine=engine, batches=[Batch(data=data)], data_context=context)


def run_rules(
    validator: Any, rules: Sequence[ExpectationRule], detail: str = "BASIC"
) -> dict[int, Any]:
    """GX's result for each rule, by the rule's position. GX has an order of its own."""
    if not rules:
        return {}
    found = validator.graph_validate(
        configurations=[rule.gx.configuration for rule in rules],
        runtime_configuration={
            "catch_exceptions": True,
            "result_format": {
                "result_format": detail,
                "include_unexpected_rows": False,
                "exclude_unexpected_values": detail == "COMPLETE",
            },
        },
    )
    return {result.expectation_config.meta["position"]: result for result in found}


def find_failing_in_frame(validator: Any, rule: ExpectationRule, limit: int) -> list[int]:
    """The numbers of the first rows that break a rule; none for a rule that names no rows."""
    [result] = run_rules(validator, [rule], "COMPLETE").values()
    return [int(row) for row in sorted(result.result.get("unexpected_index_list") or [])[:limit]]


# GX looks for repeated values in a query of its own, where a row has lost its number.
_UNIQUENESS_RULES = frozenset(
    {"expect_column_values_to_be_unique", "expect_compound_columns_to_be_unique"}
)


def find_failing_in_duckdb(validator: Any, rule: ExpectationRule, limit: int) -> list[int]:
    """The same, where `validator` answers about the view `numbered`."""
    import sqlalchemy as sa

    metric = getattr(rule.gx, "map_metric", None)
    if metric is None:
        return []
    if rule.expectation.type in _UNIQUENESS_RULES:
        query = _repeated_rows_query(rule.columns)
    else:
        condition, domain, accessors = _failing_condition(validator, rule, metric)
        rows = validator.execution_engine.get_domain_records(domain_kwargs={**domain, **accessors})
        held = rows.subquery() if hasattr(rows, "subquery") else rows
        query = sa.select(sa.column(ROW_COLUMN)).select_from(held).where(condition)
    query = query.order_by(sa.column(ROW_COLUMN)).limit(limit)
    found = validator.execution_engine.execute_query(query).fetchall()
    return [int(row[0]) for row in found]


def _repeated_rows_query(names: Sequence[str]) -> Any:
    """Rows whose values stand in another row too; a missing value repeats nothing."""
    import sqlalchemy as sa

    columns: list[Any] = [sa.column(name) for name in names]
    times = sa.func.count().over(partition_by=columns).label("times")
    known = sa.and_(*(column.is_not(None) for column in columns))
    counted: Any = sa.select(sa.column(ROW_COLUMN), times).select_from(sa.table("numbered"))
    held = counted.where(known).subquery()
    return sa.select(held.c[ROW_COLUMN]).where(held.c.times > 1)


def _failing_condition(validator: Any, rule: ExpectationRule, metric: str) -> Any:
    """GX's SQL for what breaks the rule, and the keywords that choose the rows it is asked of."""
    from great_expectations.validator.metric_configuration import MetricConfiguration

    needs = rule.gx.get_validation_dependencies(
        execution_engine=validator.execution_engine,
        runtime_configuration={"result_format": {"result_format": "BOOLEAN_ONLY"}},
    )
    count = needs.metric_configurations[f"{metric}.unexpected_count"]
    return validator.get_metric(
        MetricConfiguration(
            f"{metric}.condition",
            metric_domain_kwargs=count.metric_domain_kwargs,
            metric_value_kwargs=count.metric_value_kwargs,
        )
    )
