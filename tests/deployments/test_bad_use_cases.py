"""One bad use case among good ones, on a real server: the good ones go on, and it keeps its own."""

from __future__ import annotations

import json

import pytest

from tests.deployments.conftest import CASE
from tests.deployments.live import Receiver, SetUp, guests, write_home

pytestmark = pytest.mark.operation

SCHEDULE = 'schedule: {train: "0 5 1 1 *"}\n'
BROKEN = CASE.replace("  target:", "  targt:")


@pytest.fixture(scope="module")
def set_up(tmp_path_factory):
    home = tmp_path_factory.mktemp("bad")
    write_home(home, guests=CASE + SCHEDULE, other=CASE + SCHEDULE, alerts=True)
    with SetUp(home, Receiver()).keep_up() as made:
        yield made


def asked(set_up, *options):
    done = set_up.assay("up", "--port", str(set_up.port), "--json", *options)
    return done.returncode, json.loads(done.stdout), done.stderr


def titles(set_up):
    flows = {flow["id"]: flow["name"] for flow in set_up.ask("/flows/filter", {})}
    found = set_up.ask("/deployments/filter", {})
    return {f"{flows[one['flow_id']]}/{one['name']}" for one in found}


def automations(set_up):
    return {one["name"] for one in set_up.ask("/automations/filter", {})}


def queues(set_up):
    return {queue["name"] for queue in set_up.ask("/work_pools/assay/queues/filter", {})}


def test_a_bad_use_case_is_named_and_keeps_its_last_good_deployment(set_up):
    deployed, automated = titles(set_up), automations(set_up)
    assert "tell when train/other is silent" in automated
    (set_up.home / "configs/other.yaml").write_text(BROKEN)
    (set_up.home / "configs/third.yaml").write_text(CASE)

    code, planned, _ = asked(set_up, "--dry-run")
    assert code == 1
    assert "deployment train/third" in planned["changes"]
    assert "queue third-train" in planned["changes"]
    assert not any("removed" in change for change in planned["changes"])
    assert list(planned["bad_use_cases"]) == ["configs/other.yaml"]
    assert titles(set_up) == deployed

    code, done, said = asked(set_up)
    assert code == 1
    assert done["changed"] == planned["changes"]
    assert "other.yaml:7: unknown key 'targt'" in said
    assert "last good deployment" in said
    assert "deployments: deployment train/third\n" in said
    assert deployed < titles(set_up)
    assert automated < automations(set_up)
    assert "other-train" in queues(set_up)

    code, status, said = asked(set_up, "--status")
    assert code == 1
    assert status["processes"] == dict.fromkeys(("keeper", "server", "pages", "worker"), True)
    assert "targt" in status["bad_use_cases"]["configs/other.yaml"]


def waiting(set_up):
    """What waits, by what and where, as the command lists it."""
    done = set_up.assay("todo", "--json", "--store", str(set_up.home / ".assay"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["notes"] == []
    return {(item["kind"], item["subject"]): item for item in found["todo"]}


def told(set_up):
    """How often an alert of the file came."""
    titles = [said["title"] for said in set_up.alerts.seen]
    return titles.count("configs/other.yaml is no use case")


def test_a_bad_use_case_waits_on_each_list_and_is_told_once_for_each_change(set_up):
    (set_up.home / "configs/other.yaml").write_text(BROKEN + "# one\n")
    before = told(set_up)
    for _ in range(2):
        asked(set_up)
        assert told(set_up) == before + 1
    (set_up.home / "configs/other.yaml").write_text(BROKEN + "# two\n")
    asked(set_up)
    assert told(set_up) == before + 2
    assert "unknown key 'targt'" in set_up.alerts.seen[-1]["message"]

    item = waiting(set_up)["bad_use_case", "configs/other.yaml"]
    assert "unknown key 'targt'" in item["what"]
    page = set_up.get(set_up.pages).decode()
    assert page.index("configs/other.yaml") < page.index("Use cases</h2>")
    assert "unknown key &#39;targt&#39;" in page
    status = set_up.assay("up", "--status").stdout
    assert status.startswith("configs/other.yaml: cannot be read")


def test_a_failed_run_waits_until_one_succeeds(set_up):
    (set_up.home / "guests.csv").unlink(missing_ok=True)
    run = set_up.until(set_up.run("train/guests"), "Failed", "Crashed")
    item = waiting(set_up)["failed", "train/guests"]
    assert run["state"]["message"].split()[0] in item["what"]
    assert (item["owner"], item["command"]) == ("the tests", "assay run configs/guests.yaml")
    (set_up.home / "guests.csv").write_text(guests())
    set_up.until(set_up.run("train/guests"), "Registered", "Challenger", "Rejected", "Infeasible")
    assert ("failed", "train/guests") not in waiting(set_up)


def test_a_removed_use_case_leaves_nothing(set_up):
    (set_up.home / "configs/other.yaml").write_text(CASE + SCHEDULE)
    (set_up.home / "configs/third.yaml").unlink(missing_ok=True)
    set_up.ask("/work_pools/assay/queues", {"name": "mine-train"})
    (set_up.home / "configs/guests.yaml").unlink()
    _, planned, _ = asked(set_up, "--dry-run")
    code, done, _ = asked(set_up)
    assert code == 0
    assert done["bad_use_cases"] == {}
    assert done["changed"] == planned["changes"]
    for change in (
        "deployment train/guests removed",
        "queue guests-train removed",
        "queue guests-promote removed",
        "automation tell when train/guests is silent removed",
    ):
        assert change in done["changed"]
    assert {name for name in queues(set_up) if not name.startswith(("other-", "mine-"))} == {
        "default",
        "maintain",
    }
    assert "mine-train" in queues(set_up)
    assert asked(set_up)[1]["changed"] == []


def test_a_flow_that_cannot_be_loaded_fails_with_the_reason(set_up):
    deployment = set_up.ask("/deployments/name/train/other")
    wrong = {"entrypoint": "nowhere.at_all.train"}
    set_up.ask(f"/deployments/{deployment['id']}", wrong, method="PATCH")
    run = set_up.until(set_up.run("train/other"), "Failed", "Crashed")
    assert run["state"]["name"] == "Failed"
    assert (
        "cannot be loaded: ModuleNotFoundError: No module named 'nowhere'"
        in (run["state"]["message"])
    )
