"""The wheel alone is enough: in a folder of a team's own, with its own estimator and packages.

Each test runs the installed `assay`, in an environment that holds what requirements.lock names and
the wheel, and nothing of this clone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deployments.live import SetUp, guests

pytestmark = pytest.mark.clone

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
CASE = """\
question: Will this guest come back?
decision: who is sent a voucher
harm: a wrong no costs a regular guest
owner: the tests
data:
  source: guests.csv
  target: {column: back, positive: "yes"}
feasibility: {within: 2s}
candidates:
  - estimator: house_rules.CarefulRegression
promotion: {first: automatic}
schedule: {train: 20s}
"""
ESTIMATOR = """\
from sklearn.linear_model import LogisticRegression


class CarefulRegression(LogisticRegression):
    pass
"""
NAMESAKE = "raise RuntimeError(\"a team's own package was imported in place of Assay's\")\n"


def run(*command, **options):
    options = {"capture_output": True, "text": True, "timeout": 500} | options
    check = options.pop("check", True)
    return subprocess.run([str(word) for word in command], check=check, **options)


def build_wheel(folder: Path, change: str = "") -> Path:
    """A wheel of what git tracks here. `change` is written at the end of one of its modules."""
    tracked = run("git", "ls-files", "-z", cwd=ROOT).stdout.split("\0")
    for name in filter(None, tracked):
        target = folder / "source" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target, follow_symlinks=False)
    with open(folder / "source/assay/learning/train.py", "a") as module:
        module.write(change)
    build = ("build", "--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
    run(UV, *build, "-o", folder, folder / "source")
    (made,) = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The interpreter of a fresh environment, with the wheel installed."""
    folder = tmp_path_factory.mktemp("environment") / "venv"
    python = folder / "bin/python"
    run(UV, "venv", "--quiet", "--python", sys.executable, folder)
    lock = ("--no-deps", "--require-hashes", "-r", ROOT / "requirements.lock")
    run(UV, "pip", "install", "--quiet", "--python", python, *lock)
    run(UV, "pip", "install", "--quiet", "--python", python, "--no-deps", wheel)
    return python


class Team(SetUp):
    """A team's folder, in which only the installed command is at hand."""

    def __init__(self, home, python):
        super().__init__(home)
        self.python = python
        for name in ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE"):  # uv leaves compiling to imports
            self.environment.pop(name, None)
        self.environment |= {"PATH": f"{python.parent}:{os.environ['PATH']}"}
        self.environment |= {"PREFECT_HOME": str(home / "prefect")}

    def assay(self, *arguments, **more):
        command = [self.python.with_name("assay"), *arguments]
        return run(*command, cwd=self.home, env=self.environment | more, check=False)

    def read_json(self, *arguments):
        done = self.assay(*arguments, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def team(environment, tmp_path_factory):
    home = tmp_path_factory.mktemp("team")
    (home / "configs").mkdir()
    (home / "configs/guests.yaml").write_text(CASE)
    (home / "guests.csv").write_text(guests())
    (home / "house_rules.py").write_text(ESTIMATOR)
    for name in ("tasks", "flows", "deployments"):
        (home / name).mkdir()
        (home / name / "__init__.py").write_text(NAMESAKE)
    return Team(home, environment)


@pytest.fixture(scope="module")
def registered(team):
    """The team's model, trained by hand."""
    return team.read_json("run", "configs/guests.yaml")


def test_the_wheel_holds_assay_and_its_description_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"assay", f"{wheel.stem[:11]}.dist-info"}
    for name in (
        "flows/train.py",
        "tasks/stage.py",
        "deployments/up.py",
        "render/page.html",
        "templates/v1/.gitignore",
        "templates/v1/.github/workflows/evidence.yml",
    ):
        assert f"assay/{name}" in names


def test_every_module_can_be_imported_from_the_wheel_alone(team):
    walk = (
        "import pkgutil, importlib, assay\n"
        "named = [m.name for m in pkgutil.walk_packages(assay.__path__, 'assay.')]\n"
        "for name in named:\n"
        # Of the extra `export`, whose library they are made of.
        "    of_extra = name.startswith('assay.exporting.onnx_')\n"
        "    if not (name.endswith('__main__') or name == 'assay.testing' or of_extra):\n"
        "        importlib.import_module(name)\n"
        "print(len(named), assay.__file__)\n"
    )
    done = run(team.python, "-I", "-c", walk, cwd=team.home, env=team.environment)
    number, file = done.stdout.split()
    assert int(number) > 300
    assert Path(file).is_relative_to(team.python.parents[1])


def test_its_command_explains_itself(team):
    assert "from raw rows to a model" in " ".join(team.assay("--help").stdout.split())
    assert "is not installed" not in team.assay("doctor").stdout


def test_a_question_with_an_estimator_of_ones_own_is_answered(registered):
    assert registered["outcome"] == "registered"
    assert registered["champion"]


def test_a_second_run_recomputes_nothing_and_why_says_so(team, registered):
    again = team.read_json("run", "configs/guests.yaml")
    assert again["digest"] == registered["digest"]
    steps = team.read_json("why", "configs/guests.yaml")["steps"]
    assert steps
    assert not [step["step"] for step in steps if step["would_run"]]


def test_a_changed_estimator_is_named(team, registered):
    file = team.home / "house_rules.py"
    file.write_text(ESTIMATOR + "\n    careful = True\n")
    try:
        assert "house_rules" in team.assay("why", "configs/guests.yaml").stdout
    finally:
        file.write_text(ESTIMATOR)


def test_the_model_is_rebuilt_identically(team, registered):
    done = team.assay("reproduce", registered["model"])
    assert done.returncode == 0, done.stdout + done.stderr
    assert "identical" in done.stdout


def test_two_builds_of_one_version_share_no_training(team, registered, environment, tmp_path):
    other = build_wheel(tmp_path, change="\nSECOND_BUILD = True\n")
    install = ("pip", "install", "--quiet", "--python", environment, "--no-deps", "--reinstall")
    run(UV, *install, other)
    steps = team.read_json("why", "configs/guests.yaml")["steps"]
    redone = {step["step"] for step in steps if step["would_run"]}
    assert any(step.startswith("train") for step in redone)
    assert "ingest" not in redone
    refused = team.assay("reproduce", registered["model"])
    assert "assay.learning.train" in refused.stdout + refused.stderr


def test_it_is_deployed_and_runs_on_its_schedule(team, registered):
    try:
        assert team.up()["changed"]
        done = team.wait_for_scheduled_run()
        assert done["state"]["name"] in {"Registered", "Challenger"}, team.log("worker")
    finally:
        down = team.assay("down")
    assert down.returncode == 0, down.stderr
    assert team.assay("up", "--status").returncode != 0
