"""`assay reproduce` by hand: a model rebuilt from its record, whatever became of its source."""

import pytest

from assay.registry.open import open_bucket
from assay.registry.registry import Registry
from assay.reproduce.rebuild import RebuiltRun
from assay.reproduce.recorded_run import recall_run
from assay.reproduce.run_comparison import compare_runs

pytestmark = pytest.mark.slow

CASE = """\
question: Will this person come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data:
  source: guests.csv
  target: {column: back, positive: "yes"}
  identity: [guest]
  sensitive:
    side: {reference: left}
feasibility: {within: 5s}
candidates:
  - estimator: own.Model
fairness:
  - {metric: selection_rate, by: [side], tolerance: 0.5, because: agreed with the tests}
promotion: {first: automatic}
"""
OWN = """\
from sklearn.linear_model import LogisticRegression


class Model(LogisticRegression):
    pass
"""


def guests(rows=1200):
    lines = ["guest,visits,side,back"]
    for guest in range(rows):
        visits, side = guest * 7 % 41, ("left", "right")[guest % 2]
        back = (visits > 20) != (guest % 9 == 0)
        lines.append(f"{guest},{visits},{side},{'yes' if back else 'no'}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def home(shared):
    """A folder in which a model was made, outside of any repository."""
    assay, folder = shared
    for name, text in {"guests.csv": guests(), "guests.yaml": CASE, "own.py": OWN}.items():
        (folder / name).write_text(text)
    assert assay("run", "guests.yaml", "--json").json["model"] == "guests@1"
    return folder


@pytest.fixture
def assay(shared, home):
    return shared[0]


@pytest.fixture(scope="module")
def rebuilt(shared, home):
    """Rebuilt after the source was lost and the use case was edited: neither is needed."""
    (home / "guests.csv").unlink()
    (home / "guests.yaml").write_text("gone\n")
    return shared[0]("reproduce", "guests@1", "--into", "kept", "--json")


def test_a_model_is_rebuilt_from_its_record_and_found_identical(rebuilt):
    told = rebuilt.json
    assert (rebuilt.code, told["identical"], told["first_divergence"]) == (0, True, None)
    assert told["environment"] == []
    assert list(told["code"]["not_in_git"])[-1] == "own"
    status = {step["step"]: step["status"] for step in told["steps"]}
    assert status.pop("ingest") == "taken"
    assert status.pop("technical Model") == "timed"
    assert set(status.values()) == {"identical"}
    assert told["rows"]["why_not"] == "guests.csv is not here"


def test_what_was_rebuilt_is_kept_and_a_bucket_in_use_is_not_written_into(rebuilt, assay, home):
    kept, bucket = (Registry(open_bucket(str(home / name))) for name in ("kept", "bucket"))
    assert kept.find_version("guests@1").digest == bucket.find_version("guests@1").digest
    done = assay("reproduce", "guests@1", "--into", "kept")
    assert done.code == 1
    assert "this folder is not empty" in done.err


def test_another_rebuild_is_told_apart_from_its_record(rebuilt, home):
    """As if the rebuild had come to the predictions of the training rows."""
    bucket = open_bucket(str(home / "bucket"))
    recorded = recall_run(bucket, "guests@1")
    steps = [
        step.model_copy(update={"outputs": {**step.outputs, "predictions": step["held_out"]}})
        if step.name == "train Model"
        else step
        for step in recorded.steps
    ]
    found = compare_runs(recorded, RebuiltRun(bucket, tuple(steps), recorded.entries))
    assert found.first_divergence.name == "train Model"
    assert found.first_divergence.outputs[0].differences[0] == "column unmitigated is new"


def test_what_names_no_model_or_no_repository_is_refused(assay, home):
    assert assay("reproduce", "gusts@1").code == 1
    done = assay("reproduce", "guests@1", "--repository", "nowhere")
    assert done.code == 1
    assert "nowhere" in done.err
