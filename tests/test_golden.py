"""Every bucket that a released version wrote is read by every later one.

`golden/v1` was made once by `golden/make.py` and never changes: the first test sees to it.
"""

import hashlib
import shutil
from pathlib import Path

import pytest

from assay.bucket.artifacts import Artifact
from assay.config.loaded_use_case import parse_use_case
from assay.gates.report import get_report
from assay.learning import split
from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.render.html_page import render_html
from assay.render.markdown import render_markdown
from assay.steps.step import Step
from assay.tables.rowhash import row_hashes
from assay.tables.table import Table
from assay.upkeep.verification import verify_bucket

HASHES = [16194206175678973550, 14931650190266028297, 2637735313560209695]
GOLDEN = Path(__file__).parent / "golden" / "v1"
DIGEST = "1924f9d14c11174b81cf6502e46593e3ca4d5f4bc3b3b515137d4a438d658b97"


@pytest.fixture(scope="module")
def bucket(tmp_path_factory):
    """A copy, so that reading cannot harm it."""
    copy = tmp_path_factory.mktemp("golden") / "v1"
    shutil.copytree(GOLDEN, copy)
    return open_bucket(str(copy))


@pytest.fixture(scope="module")
def history(bucket):
    return Registry(bucket).history("guests")


@pytest.fixture(scope="module")
def steps(bucket, history):
    record = bucket.get_json(history.versions[2].artifact("run"))
    return {step["name"]: Step.model_validate(step) for step in record["steps"]}


def words_of(bucket, history):
    record = bucket.get_json(history.versions[2].artifact("run"))
    return Artifact.model_validate(record["use_case"])


def test_the_golden_bucket_is_the_one_that_was_made():
    files = sorted(p for p in GOLDEN.rglob("*") if p.is_file())
    listed = "".join(
        f"{p.relative_to(GOLDEN).as_posix()} {hashlib.sha256(p.read_bytes()).hexdigest()}\n"
        for p in files
    )
    assert hashlib.sha256(listed.encode()).hexdigest() == DIGEST


def test_it_is_intact(bucket):
    assert verify_bucket(bucket).problems == ()


def test_its_history_reads_as_it_was_written(history):
    assert [entry.kind for entry in history.entries] == [
        "rejected",
        "registered",
        "promoted",
        "stopped",
    ]
    assert history.champion.name == "guests@2"
    assert history.versions[1].status == "rejected"
    assert {entry.actor for entry in history.entries} == {"ada"}


def test_its_champion_answers(bucket, steps, history):
    table = Artifact.model_validate(steps["ingest"]["table"])
    predictions = Registry(bucket).predict_rows(history.champion, table, [*range(5999)])
    assert predictions["decision"].value_counts().to_dict() == {True: 3373, False: 2626}


def test_its_tables_read_and_its_rows_hash_and_split_as_they_did(bucket, steps, history):
    table = Table.read(bucket, steps["ingest"]["table"])
    assert table.rows == 5999
    assert table.schema.names == ["guest", "visits", "table", "first", "side", "back"]
    rows = table.to_arrow()
    assert rows.slice(0, 1).to_pylist()[0]["side"] in {"left", "right"}
    assert row_hashes(rows.slice(0, 3)).tolist() == HASHES
    membership = Table.read(bucket, steps["split"]["membership"]).to_pandas()["test"].to_numpy()
    use_case = parse_use_case(bucket.get_json(words_of(bucket, history))).use_case
    assert (membership == split.mark_test_rows(table, use_case)).all()


def test_its_quarantine_names_the_line(bucket, steps):
    (row,) = Table.read(bucket, steps["ingest"]["quarantine"]).to_arrow().to_pylist()
    assert row["line"] == 18
    assert "visits" in row["reason"]
    assert "n16" not in (row["row"] or "")  # a column that is never stored


def test_its_reports_read_and_render(bucket, history):
    for version in history.versions.values():
        reports = [get_report(bucket, artifact) for artifact in version.reports.values()]
        assert [r.gate for r in reports] == ["validation", "feasibility", "performance", "fairness"]
        assert all(render_markdown(report) for report in reports)
        assert render_html(reports, title=version.name, facts={})


def test_its_use_case_still_reads(bucket, history):
    assert parse_use_case(bucket.get_json(words_of(bucket, history))).use_case.name == "guests"


def test_a_key_of_its_memo_is_the_digest_of_its_components(bucket, steps):
    from assay.bucket import canonical_json
    from assay.bucket.digest import Digest

    for step in steps.values():
        assert Digest.of_bytes(canonical_json.dump(step.components)) == step.key
        stage = step.components["stage"]
        assert bucket.memo.find(stage, step.key)["components"] == step.components
