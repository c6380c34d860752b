"""What the documents name is there: paths, modules, pages, headings, commands."""

import re
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted((ROOT / "docs").rglob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]
TOPS = ("assay/", "flows/", "tasks/", "deployments/", "docs/", "tests/", "configs/", "examples/")
TOPS += ("benchmarks/", ".ci/")
USERS_OWN = {"configs/people.yaml", ".assay"}  # files that a user writes, or a run
WRITTEN = re.compile(r"^Write `([^`]+)`:$", re.MULTILINE)


def prose(page):
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)


def code_words(page):
    return re.findall(r"`([^`\n]+)`", prose(page))


def anchors(path):
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
class TestPage:
    def test_the_paths_that_it_names_are_there(self, page):
        made = {*WRITTEN.findall(page.read_text()), *USERS_OWN}
        named = [word for word in code_words(page) if re.fullmatch(r"[\w./-]+", word)]
        paths = [word for word in named if word.startswith(TOPS) and word not in made]
        assert [path for path in paths if not (ROOT / path).exists()] == []

    def test_the_modules_that_it_names_are_there(self, page):
        named = [word for word in code_words(page) if re.fullmatch(r"assay(\.\w+)+", word)]
        stored = (
            named if page.name == "metrics.md" else stored_names()
        )  # it lists spans' attributes
        assert [name for name in named if name not in stored and not is_there(name)] == []

    def test_its_links_lead_somewhere(self, page):
        for link in re.findall(r"\]\(([^)h][^)]*)\)", prose(page)):
            path, _, place = link.partition("#")
            target = (page.parent / path) if path else page
            assert target.exists(), link
            assert not place or place in anchors(target), link


@lru_cache(maxsize=1)
def stored_names():
    """Events, attributes of spans and the like: texts in the code that begin with `assay.`"""
    folders = ("assay", "flows", "tasks", "deployments")
    files = (file for folder in folders for file in (ROOT / folder).rglob("*.py"))
    return {
        name for file in files for name in re.findall(r"['\"](assay(?:\.\w+)+)", file.read_text())
    }


def is_there(name):
    """Whether a dotted name is a module, or stands in the text of one."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        base = ROOT.joinpath(*parts[:length])
        for file in (base.with_suffix(".py"), base / "__init__.py"):
            if file.is_file():
                return all(re.search(rf"\b{word}\b", file.read_text()) for word in parts[length:])
    return False


def test_every_decision_is_listed_in_the_design():
    records = {path.name for path in (ROOT / "docs/adr").glob("0*.md")}
    assert records == set(re.findall(r"adr/(0[\w-]+\.md)", (ROOT / "docs/design.md").read_text()))
    assert records == set(
        re.findall(r"\((0[\w-]+\.md)\)", (ROOT / "docs/adr/README.md").read_text())
    )
