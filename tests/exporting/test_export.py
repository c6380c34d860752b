"""An export answers as the registered model, in the real tool, or there is none."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from assay.errors import ConfigError, DataError, Ineligible, OutputError, Unproven
from assay.exporting import export, onnx_model, scoring
from assay.exporting.export import EXPORT_FORMATS, export_version
from assay.learning.mitigation.models import row_draws
from assay.learning.signature import cast_frame
from tests.exporting.conftest import CASES, register

DECIDED_OTHERWISE = ("thresholds", "drawn", "group_classes", "abstaining")
CARRIED_BY_ONNX = [kind for kind in CASES if kind not in DECIDED_OTHERWISE]
# Each folder's predict.py, in one process where Assay cannot be imported.
WITHOUT_ASSAY = """
import runpy, sys
sys.modules["assay"] = None
for folder in sys.argv[1:]:
    sys.path[0] = folder
    sys.argv = ["predict.py", f"{folder}.csv", f"{folder}.answers.csv"]
    runpy.run_path(f"{folder}/predict.py")
"""


def test_a_folder_answers_csv_rows_without_assay(shelf, tmp_path):
    for kind, version in shelf.versions.items():
        export_version(shelf.bucket, version.name, "folder", tmp_path / kind)
        shelf.rows(kind).to_csv(tmp_path / f"{kind}.csv", index=False)
    words = [sys.executable, "-c", WITHOUT_ASSAY, *(tmp_path / kind for kind in CASES)]
    subprocess.run(words, check=True, cwd=tmp_path, env={})
    for kind in CASES:
        file = tmp_path / f"{kind}.answers.csv"
        found = pd.read_csv(file, index_col="row", na_filter=False)  # "" is no reason, not a gap
        expected = shelf.model(kind).predict(shelf.rows(kind))
        pd.testing.assert_frame_equal(
            found, expected, check_dtype=False, check_names=False, rtol=1e-12
        )


def test_a_folder_says_what_it_is_and_what_proves_it(shelf, tmp_path):
    version = shelf.versions["thresholds"]
    export_version(shelf.bucket, version.name, "folder", tmp_path / "out")
    out = tmp_path / "out"
    assert (out / "card.md").read_text() == "# A card\n"
    assert json.loads((out / "reports/fairness.json").read_text()) == {"gate": "fairness"}
    assert (out / "entry.json").read_bytes() == version.entry.encode()
    pins = (out / "requirements.txt").read_text().splitlines()
    assert {pin.partition("==")[0] for pin in pins} == {
        *("joblib", "numpy", "pandas", "scikit-learn", "xxhash")
    }
    subprocess.run(["sha256sum", "--quiet", "-c", "SHA256SUMS"], cwd=out, check=True)


def test_a_folder_does_not_open_another_models_file(shelf, tmp_path):
    for kind in ("linear", "boosted"):
        export_version(shelf.bucket, shelf.versions[kind].name, "folder", tmp_path / kind)
    (tmp_path / "linear/model.joblib").write_bytes((tmp_path / "boosted/model.joblib").read_bytes())
    with pytest.raises(ValueError, match="not the file that was exported"):
        scoring.load_folder(tmp_path / "linear")


@pytest.mark.parametrize("kind", CASES)
def test_skops_loads_without_pickle(shelf, tmp_path, kind, monkeypatch):
    export_version(shelf.bucket, shelf.versions[kind].name, "skops", tmp_path / "out")
    expected = shelf.model(kind).predict(shelf.rows(kind))
    for module in ("pickle", "joblib"):
        monkeypatch.setattr(f"{module}.load", lambda *_: pytest.fail("a pickle was opened"))
    found = scoring.load_folder(tmp_path / "out").predict(shelf.rows(kind))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-12)
    trusted = json.loads((tmp_path / "out/schema.json").read_text())["trusted_types"]
    assert {name.partition(".")[0] for name in trusted} <= {
        *("builtins", "functools", "numpy", "pandas", "sklearn")
    }


@pytest.mark.parametrize("kind", CARRIED_BY_ONNX)
def test_onnx_runtime_answers_rows_that_it_was_not_compared_on(shelf, tmp_path, kind):
    outcome = export_version(shelf.bucket, shelf.versions[kind].name, "onnx", tmp_path / "out")
    model = shelf.model(kind)
    frame = shelf.rows(kind).drop(columns="level").assign(level="unheard of", job="unheard of")
    rows = cast_frame(frame, model.signature["inputs"])
    found = onnx_model.run_onnx(tmp_path / "out/model.onnx", rows)
    expected = model.predict(frame)[found.columns]
    pd.testing.assert_frame_equal(found, expected, check_dtype=False, rtol=1e-5)
    left = {"classes": ["set"], "amounts": ["low", "high"], "logs": ["low", "high"]}
    schema = json.loads((tmp_path / "out/schema.json").read_text())
    assert schema["not_carried"] == left.get(kind, [])
    assert 0 <= outcome.check.largest <= outcome.check.tolerance == 1e-5


@pytest.mark.parametrize("kind", DECIDED_OTHERWISE)
def test_onnx_carries_no_probabilities_without_the_decision_that_was_audited(shelf, tmp_path, kind):
    with pytest.raises(Ineligible, match="would undo what the fairness gate passed"):
        export_version(shelf.bucket, shelf.versions[kind].name, "onnx", tmp_path / "out")


def test_an_answer_that_differs_is_refused_with_its_row_and_values(shelf, tmp_path, monkeypatch):
    version, run = shelf.versions["amounts"], onnx_model.run_onnx

    def shifted(file, rows):
        found = run(file, rows)
        found.iloc[3] += 1.0
        return found

    monkeypatch.setattr(onnx_model, "run_onnx", shifted)
    with pytest.raises(Ineligible, match=r"1 of \d+ test rows.*prediction of row (\d+) is") as told:
        export_version(shelf.bucket, version.name, "onnx", tmp_path / "out")
    assert "32 bits" in told.value.remedy
    assert not (tmp_path / "out").exists()


def test_what_has_no_converter_is_named(shelf, tmp_path, monkeypatch):
    monkeypatch.setitem(
        CASES, "bayes", lambda: CASES["forest"]().model_copy(update=_candidate(_OWN))
    )
    monkeypatch.setattr("tests.exporting.conftest.YES_NO", ("bayes",))
    version = register(shelf.bucket, "bayes")
    with pytest.raises(Ineligible, match=f"{_OWN} has no converter"):
        export_version(shelf.bucket, version.name, "onnx", tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


_OWN = "sklearn.semi_supervised._label_propagation.LabelSpreading"


def _candidate(name):
    from tests.learning.conftest import made_use_case

    return {"candidates": made_use_case({"estimator": name}).candidates}


@pytest.mark.parametrize("to", EXPORT_FORMATS)
def test_nothing_is_overwritten_and_a_failure_leaves_nothing(shelf, tmp_path, to):
    name = shelf.versions["linear"].name
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(OutputError, match="something already"):
        export_version(shelf.bucket, name, to, tmp_path / "taken")
    with pytest.raises(LookupError):
        export_version(shelf.bucket, "nobody@1", to, tmp_path / "other")
    assert [p.name for p in tmp_path.iterdir()] == ["taken"]
    assert (tmp_path / "taken").read_text() == "mine"


def test_the_bucket_is_only_read(shelf, tmp_path):
    before = sorted(p.relative_to(shelf.folder) for p in shelf.folder.rglob("*"))
    export_version(shelf.bucket, shelf.versions["linear"].name, "folder", tmp_path / "out")
    assert sorted(p.relative_to(shelf.folder) for p in shelf.folder.rglob("*")) == before


def test_what_load_refuses_is_not_exported(shelf, tmp_path):
    rejected = register(shelf.bucket, "logs", status="rejected")
    with pytest.raises(Unproven):
        export_version(shelf.bucket, rejected.name, "folder", tmp_path / "out")


def test_rows_that_are_gone_leave_nothing_to_compare(shelf, tmp_path, monkeypatch):
    from assay.errors import ObjectMissing

    def gone(*_):
        raise ObjectMissing("an object is gone")

    monkeypatch.setattr("assay.tables.table.Table.to_pandas", gone)
    with pytest.raises(DataError, match="whose answers were not compared"):
        export_version(shelf.bucket, shelf.versions["linear"].name, "folder", tmp_path / "out")


def test_other_versions_than_the_records_are_refused_with_the_right_ones(shelf, tmp_path):
    other = register(
        shelf.bucket, "forest", question="another", distributions={"scikit-learn": "1.0"}
    )
    with pytest.raises(Ineligible, match=r"other versions.*scikit-learn") as told:
        export_version(shelf.bucket, other.name, "folder", tmp_path / "out")
    assert "scikit-learn==1.0" in told.value.remedy


@pytest.mark.parametrize(("to", "module"), [("mlflow", "mlflow"), ("skops", "skops.io")])
def test_a_missing_extra_is_one_sentence(shelf, tmp_path, monkeypatch, to, module):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match="which is not installed") as told:
        export_version(shelf.bucket, shelf.versions["linear"].name, to, tmp_path / "out")
    assert 'pip install "assay[export]"' in told.value.remedy


def test_draws_are_those_of_the_registered_model():
    frame = pd.DataFrame(
        {
            "number": [0.0, -0.0, 1.5, np.nan, 2.0**63, -(2.0**63), 1e30, 3.0],
            "text": pd.Series(["", "a", None, "ä€", "x" * 300, "0", "nan", "b"], dtype="str"),
            "date": pd.Series(
                [None, *pd.date_range("1960-01-01", periods=7, freq="1234567us")],
                dtype="datetime64[us]",
            ),
        }
    )
    assert (scoring.row_draws(frame) == row_draws(frame)).all()
    assert len(set(scoring.row_draws(frame))) == len(frame)


def test_every_format_has_a_writer():
    assert {export._find_writer(to).__name__ for to in EXPORT_FORMATS} == {
        *("write_folder", "write_mlflow", "write_onnx", "write_skops")
    }
