"""A bucket from Python: what is proven can be used, and importing Assay costs nothing."""

import subprocess
import sys

import pytest

import assay
from assay.bucket.artifacts import JSON
from assay.errors import DataError, ReferenceUnknown
from assay.registry.decisions.justification import Justification
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from tests.production.small import champion, people, register, use_case
from tests.registry.decisions.conftest import NOON
from tests.registry.team import Team


@pytest.fixture
def bucket(tmp_path):
    bucket = open_bucket(str(tmp_path)).prepare()
    champion(bucket, use_case())
    return bucket


def champion_digest(bucket):
    return str(Registry(bucket).find_version("jobs").digest)


def test_a_model_predicts_and_a_table_is_a_frame(bucket):
    opened, version = assay.open(bucket.root), register(bucket, use_case(), people(), c=0.1)
    answers = opened.model("jobs@champion").predict(people(5, 7))
    assert list(answers) == ["probability", "decision"]
    held = opened.table(str(version.artifact("predictions").digest))
    assert list(held.to_pandas()) == ["row"]


def test_it_says_whose_signatures_count(bucket, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "nobody" in assay.open(bucket.root).people.origin
    team = Team(tmp_path, monkeypatch)
    assert assay.open(bucket.root).people.origin == str(team.file)
    team.bucket = bucket
    team.write("optional")
    team.record("ada", lambda because: Justification(because, NOON))
    found = assay.open(bucket.root).people
    assert found.origin.startswith("entry 1 of the people recorded in the bucket, by ada at 20")
    assert found.people.people["sam"].role == "scientist"


def test_what_is_no_table_and_no_bucket_is_told(bucket, tmp_path):
    other = bucket.put_json({"a": 1}, JSON, "other")
    with pytest.raises(DataError, match="no table"):
        assay.open(bucket.root).table(str(other.digest))
    model = champion_digest(bucket)
    with pytest.raises(DataError, match="no table"):
        assay.open(bucket.root).table(model)
    with pytest.raises(ReferenceUnknown, match="sha256"):
        assay.open(bucket.root).table("income")
    with pytest.raises(ReferenceUnknown, match="no bucket"):
        assay.open(str(tmp_path / "nowhere"))


def test_importing_assay_imports_nothing_heavy():
    code = "import assay, sys; print(assay.open, [m for m in sys.modules if 'pydantic' in m])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")
