"""A model as MLflow's pyfunc flavour, and as a version in MLflow's own registry.

Its loader is `scoring`, copied into the model: loading needs pandas, scikit-learn and joblib, and
no Assay. The copy's name holds its digest, because MLflow puts the code of all models that are
loaded in one process on one path.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd

from assay.errors import ConfigError, SystemRefusal
from assay.exporting.answer_check import SAME_PARTS, AnswerCheck, check_answers
from assay.exporting.evidence import evidence_facts, evidence_files
from assay.exporting.exported_version import ExportedVersion
from assay.exporting.folders import scoring_text, write_scoring_data
from assay.exporting.new_folder import write_files
from assay.util.url_secrets import redact_url

# A boolean column with missing values has no type of MLflow's: 0, 1 or missing is a double.
_COLUMN_TYPES = {"text": "string", "category": "string", "date": "datetime"}
_OUTPUT_TYPES = {"number": "double", "boolean": "boolean", "text": "string"}


def write_mlflow(exported: ExportedVersion, folder: Path, rows: pd.DataFrame) -> AnswerCheck:
    """Write the MLflow model, and the evidence in `evidence/`. Raises Ineligible, OutputError."""
    text = scoring_text()
    module = f"assay_scoring_{hashlib.sha256(text).hexdigest()[:12]}"
    with _quiet_mlflow(), tempfile.TemporaryDirectory() as scratch:
        import mlflow

        code, data = Path(scratch) / f"{module}.py", Path(scratch) / "model"
        code.write_bytes(text)
        data.mkdir()
        write_scoring_data(exported, data)
        mlflow.pyfunc.save_model(
            folder,
            loader_module=module,
            data_path=str(data),
            code_paths=[str(code)],
            signature=_signature(exported),
            input_example=_input_example(exported),
            pip_requirements=[*exported.requirements(), f"mlflow-skinny=={mlflow.__version__}"],
            metadata=evidence_facts(exported),
        )
        write_files(folder, {f"evidence/{n}": d for n, d in evidence_files(exported).items()})
        found = mlflow.pyfunc.load_model(str(folder)).predict(_as_mlflow_takes(exported, rows))
    why = "MLflow's loader gives other rows or parts: this is a defect of Assay."
    return check_answers(exported.model.predict(rows), found, SAME_PARTS, "a pyfunc", why)


def register_with_mlflow(
    exported: ExportedVersion, folder: Path, name: str, tracking: str | None
) -> str:
    """Make the exported folder a version of MLflow's registered model `name`; returns its URI.

    `tracking` is MLflow's tracking URI, such as sqlite:///mlflow.db; left out, MLflow's own. Raises
    ConfigError with MLflow's reason.
    """
    with _quiet_mlflow():
        from mlflow import MlflowClient
        from mlflow.exceptions import MlflowException
        from sqlalchemy.exc import SQLAlchemyError

        try:
            client = MlflowClient(tracking_uri=tracking, registry_uri=tracking)
            _make_registered_model(client, name)
            made = client.create_model_version(
                name,
                source=str(folder.resolve()),
                tags=evidence_facts(exported),
                description=f"{exported.version.name} of Assay, exported with its evidence",
            )
        except (MlflowException, SQLAlchemyError, OSError) as error:
            said, shown = str(error).splitlines()[0], redact_url(tracking or "")
            raise ConfigError(
                f"MLflow does not register it: {said.replace(tracking or shown, shown)}",
                where=shown or None,
                remedy="The exported folder is complete. Name a database, such as "
                "--tracking-uri sqlite:///mlflow.db, or a server.",
            ) from None
    return f"models:/{name}/{made.version}"


def _make_registered_model(client: Any, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise


def _signature(exported: ExportedVersion) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    schema = exported.schema()
    columns = {entry["name"]: entry for entry in [*schema["groups"], *schema["inputs"]]}
    inputs = [
        ColSpec(_COLUMN_TYPES.get(columns[name]["type"], "double"), name)
        for name in exported.model.columns
    ]
    outputs = [ColSpec(_OUTPUT_TYPES[one["type"]], one["name"]) for one in schema["outputs"]]
    return ModelSignature(Schema([*inputs]), Schema([*outputs]))


def _input_example(exported: ExportedVersion) -> pd.DataFrame:
    """One made-up row, from the schema alone: it holds nobody's values."""
    schema = exported.schema()
    columns = {entry["name"]: entry for entry in [*schema["groups"], *schema["inputs"]]}
    row = {name: _example(columns[name]) for name in exported.model.columns}
    return pd.DataFrame([row])


def _example(column: dict[str, Any]) -> Any:
    low, high = column.get("range", (0.0, 0.0))
    if column["type"] == "date":
        return pd.Timestamp(low) if "range" in column else pd.Timestamp("2000-01-01")
    if column["type"] in {"text", "category"}:
        return column.get("categories", ["text"])[0]
    middle = (low + high) / 2
    return float(round(middle)) if column["type"] in {"integer", "boolean"} else float(middle)


def _as_mlflow_takes(exported: ExportedVersion, rows: pd.DataFrame) -> pd.DataFrame:
    """The rows in the types of the signature."""
    schema = exported.schema()
    kinds = {entry["name"]: entry["type"] for entry in [*schema["groups"], *schema["inputs"]]}
    numbers = {n: "float64" for n, kind in kinds.items() if kind not in _COLUMN_TYPES}
    texts = {n: "str" for n, kind in kinds.items() if kind in {"text", "category"}}
    return rows.astype(numbers | texts)


@contextmanager
def _quiet_mlflow() -> Iterator[None]:
    """Without its progress on stderr, and without what it would send to its makers."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    except PermissionError as error:
        raise SystemRefusal(f"MLflow may not write: {error}") from None
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
