"""A set-up goes on from the bucket and the server's database of an earlier release."""

from __future__ import annotations

import lzma
import shutil
from pathlib import Path

import pytest

from tests.deployments.live import Receiver, SetUp
from tests.golden.server import furnish

pytestmark = pytest.mark.operation

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(params=sorted(path.name for path in GOLDEN.glob("server-*")))
def set_up(request, tmp_path):
    furnish(tmp_path)
    shutil.copytree(GOLDEN / "v1", tmp_path / ".assay")
    packed = GOLDEN / request.param / "prefect.db.xz"
    (tmp_path / "state/prefect").mkdir(parents=True)
    (tmp_path / "state/prefect/prefect.db").write_bytes(lzma.decompress(packed.read_bytes()))
    with SetUp(tmp_path, Receiver()).keep_up() as made:
        yield made


def test_what_was_there_is_there_and_work_goes_on(set_up):
    before = {run["state"]["name"]: run for run in set_up.runs("train")}
    assert set(before) == {"Registered", "Rejected"}
    wanted = {"artifacts": {"flow_run_id": {"any_": [before["Rejected"]["id"]]}}}
    shown = {
        artifact["key"]: artifact["data"] for artifact in set_up.ask("/artifacts/filter", wanted)
    }
    assert "guests@2: rejected" in shown["guests-report"]
    deployment = set_up.ask("/deployments/name/train/guests")
    assert deployment["paused"], "a person paused it, so it stays paused"
    verified = set_up.assay("verify", "--store", ".assay")
    assert verified.returncode == 0, verified.stderr
    ended = set_up.until(set_up.run("train/guests"), "Registered", "Challenger")
    assert ended["name"] not in {run["name"] for run in before.values()}
