"""Every page under docs/howto is followed word for word, in a copy of this repository.

A page's blocks are its steps. "Write `path`:" before a block makes a file of it; "In `path`:"
before a diff makes that edit; a block of `sh` is run.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs/howto").glob("add-*.md")),
    ROOT / "docs/howto/other-tools.md",
    ROOT / "docs/howto/team-repository.md",
]
STEP = re.compile(r"(?:^(Write|In) `([^`]+)`:\n\n)?^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
COPIED = ("assay", "flows", "tasks", "deployments", "configs", "tests", "docs", "README.md")
COPIED += ("pyproject.toml", "examples/wages")


@dataclass(frozen=True)
class Write:
    path: str
    text: str

    def follow(self, folder: Path) -> None:
        file = folder / self.path
        assert not file.exists(), f"{self.path} is there already"
        file.write_text(self.text)


@dataclass(frozen=True)
class Edit:
    path: str
    text: str

    def follow(self, folder: Path) -> None:
        """The last line may be shown in part, where its end does not matter."""
        lines = self.text.splitlines()
        old = "\n".join(["", *(line[1:] for line in lines if not line.startswith("+"))])
        new = "\n".join(["", *(line[1:] for line in lines if not line.startswith("-"))])
        file = folder / self.path
        before = file.read_text()
        assert before.count(old) == 1, f"{self.path} does not hold this once:{old}"
        file.write_text(before.replace(old, new))


@dataclass(frozen=True)
class Run:
    text: str

    def follow(self, folder: Path) -> None:
        tools = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        environment = os.environ | {"PATH": tools, "PYTHONPATH": str(folder)}
        environment |= {"PREFECT_HOME": str(folder / "prefect"), "PYTEST_ADDOPTS": ""}
        script = f"set -euo pipefail\n{self.text}"
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
        assert done.returncode == 0, f"{self.text}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}"


def steps_of(page: Path) -> list[Write | Edit | Run]:
    found: list[Write | Edit | Run] = []
    for verb, path, language, text in STEP.findall(page.read_text()):
        if language == "text":
            continue  # needs more than this machine has, such as Docker
        if language == "sh":
            found.append(Run(text))
        else:
            assert verb, f"{page.name}: this block says neither Write nor In:\n{text}"
            found.append(Write(path, text) if verb == "Write" else Edit(path, text))
    return found


@pytest.fixture
def copy(tmp_path):
    """The tracked files of this repository that a page may touch."""
    listed = ["git", "ls-files", "-z", *COPIED]
    tracked = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, tracked.split("\0")):
        if not name.startswith(("docs/pictures/", "tests/golden/")):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name, follow_symlinks=False)
    return tmp_path


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_edit_fits_the_code_as_it_is(page, copy):
    steps = steps_of(page)
    assert any(isinstance(step, Run) for step in steps)
    for step in steps:
        if not isinstance(step, Run):
            step.follow(copy)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_whoever_follows_the_page_gets_what_it_says(page, copy):
    for step in steps_of(page):
        step.follow(copy)
