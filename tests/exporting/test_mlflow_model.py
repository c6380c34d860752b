"""What MLflow loads and registers."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from assay.errors import ConfigError
from assay.exporting.export import export_version
from assay.exporting.mlflow_model import register_with_mlflow
from tests.exporting.conftest import CASES

mlflow = pytest.importorskip("mlflow")


@pytest.mark.parametrize("kind", CASES)
def test_a_pyfunc_answers_as_the_registered_model(shelf, tmp_path, kind):
    export_version(shelf.bucket, shelf.versions[kind].name, "mlflow", tmp_path / "out")
    loaded = mlflow.pyfunc.load_model(str(tmp_path / "out"))
    frame = shelf.rows(kind).astype({"level": "str"})
    if "union" in frame:
        frame["union"] = frame.union.astype(float)
    expected = shelf.model(kind).predict(frame)
    pd.testing.assert_frame_equal(loaded.predict(frame), expected, rtol=1e-12)
    assert loaded.metadata.metadata["assay.model"] == shelf.versions[kind].name
    assert (tmp_path / "out/evidence/card.md").exists()


def test_the_input_example_holds_nobodys_values(shelf, tmp_path):
    export_version(shelf.bucket, shelf.versions["thresholds"].name, "mlflow", tmp_path / "out")
    example = json.loads((tmp_path / "out/input_example.json").read_text())
    row = dict(zip(example["columns"], example["data"][0], strict=True))
    assert row["job"] == row["sex"] == "text"
    assert row["level"] == "low"  # the first that the use case declares


@pytest.mark.slow  # a new database of MLflow's takes ten seconds
def test_a_pyfunc_becomes_a_version_in_mlflows_registry(shelf, tmp_path):
    where = f"sqlite:///{tmp_path}/mlflow.db"
    outcome = export_version(shelf.bucket, "amounts@1", "mlflow", tmp_path / "out")
    uri = register_with_mlflow(outcome.exported, tmp_path / "out", "pay", where)
    assert uri == "models:/pay/1"
    client = mlflow.MlflowClient(tracking_uri=where, registry_uri=where)
    made = client.get_model_version("pay", "1")
    assert made.tags["assay.model_digest"] == str(shelf.versions["amounts"].digest)
    assert made.source == str(tmp_path / "out")
    assert register_with_mlflow(outcome.exported, tmp_path / "out", "pay", where).endswith("/2")


def test_a_store_that_refuses_is_named_and_the_folder_stays(shelf, tmp_path):
    outcome = export_version(shelf.bucket, "amounts@1", "mlflow", tmp_path / "out")
    with pytest.raises(ConfigError, match="MLflow does not register it") as told:
        register_with_mlflow(outcome.exported, tmp_path / "out", "pay", "nonsense://x:geheim@y")
    assert "geheim" not in str(told.value)
    assert (tmp_path / "out/MLmodel").exists()
