import platform
import subprocess
import sys

import pytest

from assay.steps.code_version import _read_module, _source_of, read_code_version
from assay.steps.environment import describe_environment, read_git_state


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

    for cached in (_read_module, _source_of, code_version._first_party_path):
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


def test_what_only_carries_counts_without_what_it_requires(package):
    assert sorted(read_code_version("prefect").distributions) == ["Python", "prefect"]


def test_nothing_is_imported_to_find_out(package):
    (package / "a.py").write_text("raise SystemExit('imported')\n")
    _forget()
    assert "ours.a" in read_code_version("ours.a").modules
    assert "ours.a" not in sys.modules


def test_glue_counts_itself_but_not_its_imports(package):
    code = read_code_version("ours.c", glue="ours.a")
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
