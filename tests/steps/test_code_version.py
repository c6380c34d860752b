import json
import platform
import subprocess
import sys

import pytest

from assay.steps.code_version import (
    _source_of,
    find_hidden_dependencies,
    read_code_version,
)
from assay.steps.environment import describe_environment, read_git_state
from assay.steps.module_source import _read_source


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A first-party package `ours`: a imports b lazily, b imports numpy, c nobody imports."""
    folder = tmp_path / "ours"
    folder.mkdir()
    files = {
        "__init__.py": "",
        "a.py": "import json\ndef f():\n    from ours import b\n",
        "b.py": "import numpy as np\nfrom . import deep\n",
        "c.py": "X = 1\n",
        "deep/__init__.py": "",
        "deep/d.py": "from ..c import X\n",
        "typed.py": (
            "from typing import TYPE_CHECKING\n"
            "if TYPE_CHECKING:\n    from ours.c import X\nelse:\n    import ours.b\n"
        ),
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    _forget()
    yield folder
    _forget()


def _forget():
    from assay.steps import code_version

    for cached in (_read_source, _source_of, code_version._first_party_path):
        cached.cache_clear()


def test_imports_are_followed_into_functions_packages_and_relative_names(package):
    code = read_code_version("ours.a")
    assert list(code.modules) == ["ours", "ours.a", "ours.b", "ours.deep"]
    assert sorted(code.distributions) == ["Python", "numpy"]


def test_a_change_in_an_imported_module_changes_the_code_and_in_another_does_not(package):
    before = read_code_version("ours.a")
    (package / "c.py").write_text("X = 2  # nobody imports this\n")
    _forget()
    assert read_code_version("ours.a") == before
    (package / "b.py").write_text("import numpy as np\nY = 1\n")
    _forget()
    changed = read_code_version("ours.a")
    assert {n for n in changed.modules if changed.modules[n] != before.modules.get(n)} == {"ours.b"}


def test_what_is_imported_for_type_checkers_alone_is_left_out(package):
    assert "ours.c" not in read_code_version("ours.typed").modules
    assert "ours.b" in read_code_version("ours.typed").modules


def test_relative_imports_climb(package):
    assert "ours.c" in read_code_version("ours.deep.d").modules


def test_an_import_that_leads_nowhere_is_left_out(package, tmp_path):
    (tmp_path / "alone.py").write_text("from . import x\nimport missing_here\n")
    _forget()
    assert list(read_code_version("alone").modules) == ["alone"]


def test_installed_packages_count_by_version_and_the_standard_library_not_at_all(package):
    import sklearn

    code = read_code_version("sklearn.linear_model")
    assert code.modules == {}
    assert code.distributions["scikit-learn"] == sklearn.__version__
    assert read_code_version("json") == read_code_version()


def test_what_an_installed_package_requires_counts_too(package):
    import numpy
    import scipy

    found = read_code_version("sklearn.linear_model").distributions
    assert (found["numpy"], found["scipy"]) == (numpy.__version__, scipy.__version__)
    assert "matplotlib" not in found, "which scikit-learn asks for with an extra alone"
    assert found["Python"] == platform.python_version()


def test_what_is_required_on_other_systems_alone_does_not_count_though_it_is_installed(
    tmp_path, monkeypatch
):
    """SQLAlchemy asks for importlib-metadata below Python 3.8, and other packages install it."""
    from assay.steps.code_version import _find_distribution

    folder = tmp_path / "choosy-1.0.dist-info"
    folder.mkdir()
    wanted = (
        "numpy",
        "scipy ; python_version < '3.8'",
        "pandas>=1; python_version >= '3.8' and sys_platform == 'linux'",
        "pyarrow ; extra == 'fast'",
        "joblib ; no marker at all",
    )
    lines = "".join(f"Requires-Dist: {one}\n" for one in wanted)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: choosy\nVersion: 1.0\n{lines}")
    monkeypatch.syspath_prepend(str(tmp_path))
    held = _find_distribution("choosy")
    assert held.required == ("numpy", "pandas", "joblib")


def test_what_only_carries_counts_without_what_it_requires(package):
    assert sorted(read_code_version("prefect").distributions) == ["Python", "prefect"]


def test_nothing_is_imported_to_find_out(package):
    (package / "a.py").write_text("raise SystemExit('imported')\n")
    _forget()
    assert "ours.a" in read_code_version("ours.a").modules
    assert "ours.a" not in sys.modules


def test_glue_counts_itself_but_not_its_imports(package):
    code = read_code_version("ours.c", glue=["ours.a"])
    assert list(code.modules) == ["ours", "ours.a", "ours.c"]


def test_the_environment_names_versions_and_no_host():
    found = describe_environment()
    import numpy

    assert found["distributions"]["numpy"] == numpy.__version__
    assert found["python"] == ".".join(map(str, sys.version_info[:3]))


def test_a_dirty_checkout_is_known_by_its_commit_and_its_difference(tmp_path):
    def git(*words):
        subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True)

    assert read_git_state(tmp_path).commit is None
    git("init")
    (tmp_path / "file").write_text("one\n")
    git("add", "file")
    git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-m", "one")
    clean = read_git_state(tmp_path)
    assert len(clean.commit) == 40
    assert clean.diff == b""
    (tmp_path / "file").write_text("two\n")
    assert b"+two" in read_git_state(tmp_path).diff


# --- what a team's own code reads and imports by name ---------------------------------------


@pytest.fixture
def team(tmp_path, monkeypatch):
    """A working folder with an estimator's module `mine`; gives a function that writes files."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    _forget()

    def write(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        _forget()

    yield write
    _forget()


READS = {
    "open": "open('weights.csv')",
    "a path": "from pathlib import Path\nWEIGHTS = Path(__file__).parent / 'weights.csv'\n"
    "def read():\n    return WEIGHTS.read_text()\n",
    "another library": "import pandas as pd\ndef read():\n    return pd.read_csv('weights.csv')\n",
    "an attribute": "class A:\n    path = 'weights.csv'\n    def read(self):\n"
    "        return open(self.path)\n",
}


@pytest.mark.parametrize("source", READS.values(), ids=READS)
def test_a_file_whose_name_is_written_in_a_teams_module_counts(team, source):
    team(mine_dot_py=source, weights_dot_csv="1")
    before = read_code_version("mine").modules
    assert list(before) == ["file:weights.csv", "mine"]
    assert find_hidden_dependencies("mine") == []
    team(weights_dot_csv="2")
    after = read_code_version("mine").modules
    assert before["file:weights.csv"] != after["file:weights.csv"]


@pytest.mark.parametrize(
    "statement",
    [
        "from importlib import import_module\nimport_module('helper')",
        "import importlib\ndef f():\n    return importlib.import_module('helper')",
        "helper = __import__('helper')",
    ],
)
def test_a_module_that_is_imported_by_a_written_name_counts(team, statement):
    team(mine_dot_py=statement, helper_dot_py="X = 1", X="")
    assert "helper" in read_code_version("mine").modules
    assert find_hidden_dependencies("mine") == []


@pytest.mark.parametrize(
    ("line", "function"),
    [
        (
            "import importlib\n\ndef f(n):\n    importlib.import_module(n)",
            "importlib.import_module",
        ),
        ("class A:\n\n  def f(self):\n    open(self.path)", "open"),
        ("import numpy as np\n\ndef f(n):\n    np.load(n)", "np.load"),
        ("import os\n\n\nopen(os.environ['WEIGHTS'])", "open"),
        ("def f(code):\n\n\n    exec(code)", "exec"),
    ],
)
def test_a_computed_name_is_told_with_its_line(team, line, function):
    team(mine_dot_py=line)
    assert find_hidden_dependencies("mine") == [f"mine.py:4: {function}"]


def test_writing_a_file_is_no_dependency(team):
    team(mine_dot_py="def f(n):\n    open(n, 'w')\n    open(n, mode='ab')\n")
    assert find_hidden_dependencies("mine") == []


def test_what_is_declared_counts_file_folder_or_module(team):
    team(mine_dot_py="", helper_dot_py="", weights_dot_csv="1", data__a_dot_csv="1")
    before = read_code_version("mine", "helper", "weights.csv", "data").modules
    assert list(before) == ["file:data/a.csv", "file:weights.csv", "helper", "mine"]
    team(data__b_dot_csv="1")
    assert "file:data/b.csv" in read_code_version("mine", "data").modules


def test_a_compiled_module_counts_by_its_bytes(team):
    from importlib.machinery import EXTENSION_SUFFIXES

    file = f"fast{EXTENSION_SUFFIXES[0]}".replace(".", "_dot_")
    team(mine_dot_py="import fast", **{file: "one"})
    before = read_code_version("mine").modules
    team(**{file: "other"})
    assert before["fast"] != read_code_version("mine").modules["fast"]


class Installed:
    """A distribution as metadata tells of it."""

    name, version, requires = "inhouse", "1.0", None

    def __init__(self, **files):
        self.files = files

    def read_text(self, name):
        return self.files.get(name.partition(".")[0])


RECORD = "inhouse/a.py,sha256=one,5\ninhouse-1.0.dist-info/direct_url.json,sha256={},9\n"


def test_an_in_house_package_installed_again_under_the_same_version_is_told_apart():
    from assay.steps.code_version import _exact_version

    wheel = json.dumps({"url": "https://packages.example/inhouse.whl", "archive_info": {}})
    one = _exact_version(Installed(direct_url=wheel, RECORD=RECORD.format("x")), "1.0")
    elsewhere = _exact_version(Installed(direct_url=wheel, RECORD=RECORD.format("y")), "1.0")
    other = _exact_version(
        Installed(direct_url=wheel, RECORD=RECORD.format("x").replace("one", "two")), "1.0"
    )
    assert one.startswith("1.0 of ")
    assert one == elsewhere
    assert one != other
    assert _exact_version(Installed(RECORD=RECORD), "1.0") == "1.0"  # from an index


def test_an_editable_package_counts_by_its_source(team, tmp_path):
    from assay.steps.code_version import _exact_version

    told = json.dumps({"url": tmp_path.as_uri(), "dir_info": {"editable": True}})
    team(inhouse__a_dot_py="X = 1")
    before = _exact_version(Installed(direct_url=told), "1.0")
    team(inhouse__a_dot_py="X = 2")
    assert _exact_version(Installed(direct_url=told), "1.0") != before


def test_a_module_copied_into_site_packages_counts_by_its_bytes(team, tmp_path, monkeypatch):
    from assay.steps import code_version

    team(mine_dot_py="import copied", site__copied_dot_py="X = 1")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    monkeypatch.setattr(
        code_version, "_is_installed", lambda path: path.is_relative_to(tmp_path / "site")
    )
    _forget()
    assert "copied" in read_code_version("mine").modules
