"""From use cases to deployments: every flow of each, its queue, its schedule, its parameters."""

import re
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from assay.config.operations import Operations
from assay.deployments.__main__ import main
from assay.deployments.deployment_plan import find_use_cases, plan_deployments, read_use_cases
from assay.errors import ConfigError
from tests.deployments.conftest import case

FLOWS = {path.stem for path in Path("flows").glob("*.py")} - {
    "__init__",
    "lineage",
    "training_pipeline",
    "run_name",
}

AMOUNTS = re.compile(r"positive: [^,}\n]+")


def told(*given, **operations):
    return {one.title: one for one in plan_deployments(given, Operations(**operations))}


def test_every_flow_is_deployed_for_every_use_case():
    found = told(case("guests"), case("income"))
    assert {one.flow for one in found.values()} == FLOWS
    for name in ("guests", "income"):
        assert {f for f in FLOWS if f"{f}/{name}" in found} == FLOWS - {"maintain"}
    assert "maintain/bucket" in found


def test_parameters_are_those_that_the_flow_has():
    for one in told(case("guests")).values():
        flow = getattr(import_module(one.entrypoint.rpartition(".")[0]), one.flow)
        takes = signature(flow.fn).parameters
        assert set(one.parameters) <= set(takes)
        needed = {n for n, p in takes.items() if p.default is p.empty}
        # Whoever asks for a promotion says of what, and for a backfill of which days.
        assert needed <= set(one.parameters) | {"reference", "first", "last"}
        assert one.entrypoint == f"{flow.fn.__module__}.{flow.fn.__name__}"


def test_a_site_is_written_where_operations_say_so():
    assert told(site="/srv/site")["maintain/bucket"].parameters == {"site": "/srv/site"}
    assert told()["maintain/bucket"].parameters == {}


def test_of_a_use_case_one_is_trained_at_a_time():
    found = told(case("guests"), case("income"))
    assert found["train/guests"].queue == found["retrain/guests"].queue
    assert found["train/guests"].queue != found["train/income"].queue
    assert found["train/guests"].queue.concurrency_limit == 1


def test_a_long_training_holds_up_no_scoring_and_scoring_goes_first():
    found = told(case("guests"))
    queues = [found[f"{flow}/guests"].queue for flow in ("score", "monitor", "train")]
    assert len({queue.name for queue in queues}) == 3
    assert queues == sorted(queues, key=lambda queue: queue.priority)


def test_schedules_are_the_use_cases_own():
    more = 'schedule: {train: "0 5 * * 1", score: 10m, zone: Europe/Lisbon}\n'
    found = told(case("guests", more), maintain="0 1 * * *", zone="Asia/Tokyo")
    assert (found["train/guests"].schedule, found["train/guests"].zone) == (
        "0 5 * * 1",
        "Europe/Lisbon",
    )
    assert found["score/guests"].schedule == "10m"
    assert found["monitor/guests"].schedule is None
    assert (found["maintain/bucket"].schedule, found["maintain/bucket"].zone) == (
        "0 1 * * *",
        "Asia/Tokyo",
    )


def test_use_cases_are_found_by_themselves(write):
    write("b")
    write("a")
    Path("configs/people.yaml").write_text("people: {}\n")
    Path("configs/operations.yaml").write_text("at_once: 3\n")
    assert [(c.name, c.file) for c in find_use_cases()] == [
        ("a", "configs/a.yaml"),
        ("b", "configs/b.yaml"),
    ]
    assert [c.name for c in find_use_cases([Path("configs/b.yaml")])] == ["b"]


def test_a_name_is_not_given_twice(write):
    write("a", "name: same\n")
    write("b", "name: same\n")
    with pytest.raises(ConfigError, match=r"same.*a\.yaml and configs/b\.yaml"):
        find_use_cases()


def test_a_folder_without_use_cases_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="no use case"):
        find_use_cases()


def test_a_bad_file_leaves_the_good_ones(write):
    write("a")
    write("b", "targt: 1\n")
    write("c", "name: a\n")
    Path("configs/d.yaml").write_bytes(b"\xff")
    good, bad = read_use_cases()
    assert [case.name for case in good] == ["a"]
    assert [one.file for one in bad] == ["configs/b.yaml", "configs/c.yaml", "configs/d.yaml"]
    assert "targt" in str(bad[0].error)
    assert "two use cases are called 'a'" in str(bad[1].error)
    with pytest.raises(ConfigError, match="targt"):
        find_use_cases()


def test_amounts_may_be_monitored_and_have_challengers_in_shadow(write):
    write("a", "promotion: {shadow: 2}\n")
    write("b", "schedule: {train: 7d, monitor: 1d}\n")
    for file in (Path("configs/a.yaml"), Path("configs/b.yaml")):
        file.write_text(AMOUNTS.sub("unit: dollars", file.read_text()))
    good, bad = read_use_cases()
    assert ([case.name for case in good], bad) == (["a", "b"], [])


def test_without_a_good_one_the_first_error_is_raised(write):
    write("b", "targt: 1\n")
    with pytest.raises(ConfigError, match="targt"):
        read_use_cases()


@pytest.mark.parametrize(("options", "code"), [(["--apply"], 1), (["--apply", "--tolerate"], 0)])
def test_applying_names_a_bad_file_and_applies_the_rest(write, monkeypatch, capsys, options, code):
    write("a")
    write("b", "targt: 1\n")
    applied = []

    async def reconcile(desired):
        applied.append(desired)
        return ["deployment train/a"]

    monkeypatch.setattr("assay.deployments.desired_state.reconcile_server", reconcile)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert main(options) == code
    (desired,) = applied
    assert [case.name for case in desired.cases] == ["a"]
    assert desired.bad_files == ["configs/b.yaml"]
    assert "configs/b.yaml" in capsys.readouterr().err


def queues_in_order(**asked):
    """The endings of a use case's queues, the first to go first."""
    plan = plan_deployments([case("guests")], Operations(**asked))
    queues = {d.queue.name.rpartition("-")[2]: d.queue.priority for d in plan}
    assert len(set(queues.values())) == len(queues)
    return sorted(queues, key=queues.__getitem__)


def test_scoring_goes_first_unless_operations_say_otherwise():
    usual = ["score", "monitor", "promote", "train", "maintain"]
    assert queues_in_order() == usual
    assert queues_in_order(first=("train",)) == ["train", "score", "monitor", "promote", "maintain"]
    assert queues_in_order(first=("maintain", "monitor"))[:3] == ["maintain", "monitor", "score"]


def test_a_queue_that_is_named_twice_is_refused():
    with pytest.raises(ValueError, match="name each queue once"):
        Operations(first=("score", "score"))


def test_a_backfill_waits_where_training_does():
    plan = {d.flow: d for d in plan_deployments([case("guests")], Operations())}
    assert plan["backfill"].queue == plan["train"].queue
    assert plan["backfill"].schedule is None
