"""The generated files: as committed, as Prefect reads them, the same each time."""

import json
from pathlib import Path

from ruamel.yaml import YAML

from assay.config.operations import Operations
from assay.deployments import pools, prefect_yaml
from assay.deployments.__main__ import main, stale_files
from assay.deployments.deployment_plan import plan_deployments
from tests.deployments.conftest import case


def test_what_is_committed_is_what_would_be_written():
    assert stale_files() == []


def test_the_file_says_what_the_story_says():
    more = 'schedule: {train: "0 5 * * 1", score: 10m, zone: Europe/Lisbon}\n'
    deployments = plan_deployments([case("guests", more)], Operations())
    read = YAML(typ="safe").load(prefect_yaml.render_prefect_yaml(deployments, "pool"))[
        "deployments"
    ]
    by = {(one["entrypoint"], one["name"]): one for one in read}
    assert len(by) == len(deployments)
    train = by["assay.flows.train.train", "guests"]
    assert train["schedules"] == [{"cron": "0 5 * * 1", "timezone": "Europe/Lisbon"}]
    assert train["work_pool"] == {"name": "pool", "work_queue_name": "guests-train"}
    assert train["concurrency_limit"] == 1
    assert train["parameters"] == {"config": "configs/guests.yaml"}
    assert by["assay.flows.score.score", "guests"]["schedules"][0]["interval"] == 600
    assert by["assay.flows.promote.promote", "guests"]["schedules"] == []


def test_it_names_no_place_of_this_machine_and_no_secret():
    text = prefect_yaml.render_prefect_yaml(
        plan_deployments([case("guests")], Operations()), "pool"
    )
    both = text + "".join(pools.render_pool_template(kind) for kind in pools.POOL_TYPES)
    assert "/home" not in both
    assert "/root" not in both
    assert "/tmp" not in both.replace('"mountPath": "/tmp"', "")  # of a container


def test_a_template_uses_each_variable_that_it_declares():
    for kind in pools.POOL_TYPES:
        made = pools.base_job_template(kind, "registry/assay@sha256:1")
        job = json.dumps(made["job_configuration"])
        for name in made["variables"]["properties"]:
            assert f"{{{{ {name} }}}}" in job
        assert ("registry/assay@sha256:1" in json.dumps(made)) == (kind != "process")


def test_the_repository_holds_no_copy_of_prefects_descriptions():
    description = pools.base_job_template("docker")["variables"]["properties"]["networks"]
    kept = [path for path in Path("deployments").rglob("*.*") if path.suffix in {".json", ".py"}]
    assert kept
    for path in kept:
        assert description["description"] not in path.read_text()


def test_a_pool_template_is_printed_for_prefect(capsys):
    assert main(["--pool-template", "kubernetes"]) == 0
    assert json.loads(capsys.readouterr().out) == pools.base_job_template("kubernetes")
    assert main(["--pool-template", "ecs"]) == 2
    assert "--pool-template {process,docker,kubernetes}" in capsys.readouterr().err


def test_containers_run_without_privileges():
    docker = pools.base_job_template("docker")["variables"]["properties"]
    assert docker["privileged"]["default"] is False
