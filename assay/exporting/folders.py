"""A model as a folder that answers by itself: its parts by joblib, or by skops without pickle."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import joblib
import pandas as pd

from assay.exporting import scoring
from assay.exporting.answer_check import SAME_PARTS, AnswerCheck, check_answers
from assay.exporting.evidence import evidence_files
from assay.exporting.exported_version import ExportedVersion
from assay.exporting.new_folder import write_checksums, write_files

_PREDICT = '''\
"""Answer the rows of a file: python predict.py rows.csv answers.csv

Needs what requirements.txt names. Rows are CSV or Parquet.
"""

import sys
from pathlib import Path

from scoring import load_folder, read_rows

model = load_folder(Path(__file__).parent)
rows, answers = sys.argv[1:]
model.predict(read_rows(rows, model.schema)).to_csv(answers, index_label="row")
'''
_WHY = "Its parts did not survive being written: this is a defect of the estimator, or of Assay."


def write_folder(exported: ExportedVersion, folder: Path, rows: pd.DataFrame) -> AnswerCheck:
    """Write the folder with the parts as one joblib file. Raises Ineligible, OutputError."""
    joblib.dump(exported.portable.parts, folder / "model.joblib")
    return _complete(exported, folder, rows, exported.requirements(), {"file": "model.joblib"})


def write_skops(exported: ExportedVersion, folder: Path, rows: pd.DataFrame) -> AnswerCheck:
    """Write the folder with the parts as one skops file, and the types that a reader must trust.

    Raises Ineligible, OutputError.
    """
    from importlib.metadata import version

    from skops import io

    io.dump(exported.portable.parts, folder / "model.skops")
    trusted = io.get_untrusted_types(file=folder / "model.skops")
    pins = sorted([*exported.requirements(), f"skops=={version('skops')}"])
    return _complete(
        exported, folder, rows, pins, {"file": "model.skops", "trusted_types": sorted(trusted)}
    )


def write_scoring_data(exported: ExportedVersion, folder: Path) -> None:
    """What `scoring.load_folder` reads, and no more: parts, schema, checksums."""
    joblib.dump(exported.portable.parts, folder / "model.joblib")
    write_files(folder, {"schema.json": schema_bytes(exported, {"file": "model.joblib"})})
    write_checksums(folder)


def schema_bytes(exported: ExportedVersion, extra: dict[str, Any]) -> bytes:
    """`schema.json`, for people to read too."""
    return json.dumps(exported.schema() | extra, indent=1, ensure_ascii=False).encode() + b"\n"


def scoring_text() -> bytes:
    """The text of `scoring`, which goes into every export that decides by rules."""
    return Path(scoring.__file__).read_bytes()


def _complete(
    exported: ExportedVersion,
    folder: Path,
    rows: pd.DataFrame,
    pins: list[str],
    extra: dict[str, Any],
) -> AnswerCheck:
    own = "".join(f"# and your own module {name}, on the path\n" for name in exported.own_modules())
    write_files(
        folder,
        {
            "schema.json": schema_bytes(exported, extra),
            "scoring.py": scoring_text(),
            "predict.py": _PREDICT.encode(),
            "requirements.txt": "".join(f"{pin}\n" for pin in pins).encode() + own.encode(),
            **evidence_files(exported),
        },
    )
    write_checksums(folder)
    found = scoring.load_folder(folder).predict(rows)
    return check_answers(exported.model.predict(rows), found, SAME_PARTS, extra["file"], _WHY)
