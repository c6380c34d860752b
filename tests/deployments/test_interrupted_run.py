"""A run that was in flight at `assay down` is started again after `assay up`."""

import pytest

from tests.deployments.conftest import CASE
from tests.deployments.live import SetUp, write_home

pytestmark = pytest.mark.operation

SLOW = """\
import time
from sklearn.linear_model import LogisticRegression

class Slow(LogisticRegression):
    def fit(self, X, y, sample_weight=None):
        time.sleep(600)
"""


def test_a_run_that_stays_taken_is_started_again_though_its_event_was_lost(tmp_path):
    """It holds its queue's only place: without a look at the states, no run of it ever begins."""
    write_home(tmp_path, guests=CASE + "feasibility: {within: 2s}\n")
    (tmp_path / "configs/operations.yaml").write_text("late: 10s\n")
    with SetUp(tmp_path).keep_up() as made:
        (deaf,) = (a for a in made.ask("/automations/filter", {}) if "were taken" in a["name"])
        made.ask(f"/automations/{deaf['id']}", {"enabled": False}, method="PATCH")
        deployment = made.ask("/deployments/name/train/guests")["id"]
        taken = {"state": {"type": "PENDING", "name": "Pending"}}
        run = made.ask(f"/deployments/{deployment}/create_flow_run", taken)["id"]
        made.until(run, "Crashed", patience=300)
        made.until(run, "Registered", "Challenger", patience=300)


def test_a_run_cut_by_down_is_started_again_after_up(tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    slow = CASE.replace("sklearn.linear_model.LogisticRegression", "slow.Slow")
    write_home(tmp_path, guests=slow + "feasibility: {within: 2s}\n")
    (tmp_path / "configs/operations.yaml").write_text("lost: 90s\n")
    made = SetUp(tmp_path)
    made.environment["PYTHONPATH"] += f":{tmp_path}"
    with made.keep_up():
        run = made.run("train/guests")
        made.until(run, "Running")
        assert made.assay("down").returncode == 0
        made.up()
        made.until(run, "AwaitingRetry", "Retrying", patience=420)
