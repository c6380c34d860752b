"""Exports a version: to a new folder, compared with the registered model on its test rows first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import pandas as pd

from assay.bucket.bucket import Bucket
from assay.errors import ConfigError
from assay.exporting.answer_check import AnswerCheck
from assay.exporting.exported_version import ExportedVersion
from assay.exporting.new_folder import new_folder

ExportFormat = Literal["folder", "mlflow", "onnx", "skops"]
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)

_FolderWriter = Callable[[ExportedVersion, Path, pd.DataFrame], AnswerCheck]


@dataclass(frozen=True)
class ExportOutcome:
    """What was exported, where, and how it was compared. `needs`: the user's own modules that
    whoever loads it must have.
    """

    exported: ExportedVersion
    format: ExportFormat
    path: Path
    check: AnswerCheck
    needs: tuple[str, ...]


def export_version(bucket: Bucket, reference: str, to: ExportFormat, path: Path) -> ExportOutcome:
    """Write a version to the new folder `path`. The bucket is only read.

    Raises what `Registry.load` raises; Ineligible where the format cannot carry the model, or an
    answer would differ; DataError where its test rows are gone; OutputError where `path` exists;
    ConfigError where the format's library is not installed.
    """
    write = _find_writer(to)
    with new_folder(path) as folder:
        exported = ExportedVersion.load(bucket, reference)
        check = write(exported, folder, exported.test_rows())
    return ExportOutcome(exported, to, path, check, tuple(exported.own_modules()))


def _find_writer(to: ExportFormat) -> _FolderWriter:
    try:
        if to == "mlflow":
            import mlflow  # noqa: F401 - whether it is there

            from assay.exporting.mlflow_model import write_mlflow

            return write_mlflow
        if to == "onnx":
            import onnxruntime  # noqa: F401
            import skl2onnx  # noqa: F401

            from assay.exporting.onnx_model import write_onnx

            return write_onnx
        from assay.exporting.folders import write_folder, write_skops

        if to == "skops":
            import skops.io  # noqa: F401

            return write_skops
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"an export to {to} needs {error.name}, which is not installed",
            remedy='Install it: pip install "assay[export]"',
        ) from None
    return write_folder
