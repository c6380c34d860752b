"""A flow starts with room for the files that it opens, or says that there is none."""

import subprocess
import sys

import pytest

from assay.util.open_files import LEAST_OPEN_FILES

resource = pytest.importorskip("resource")


def limit_after(soft, hard):
    """The soft limit of a process of its own after `allow_open_files`; else what it said."""
    code = (
        "import resource; from assay.util.open_files import allow_open_files\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "try: allow_open_files()\n"
        "except Exception as error: print(error)\n"
        "else: print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_a_low_limit_is_raised_as_far_as_the_system_allows():
    assert limit_after(20, 200) == "200"


def test_what_the_system_allows_is_enough_or_refused_with_what_to_type():
    assert limit_after(LEAST_OPEN_FILES, LEAST_OPEN_FILES) == str(LEAST_OPEN_FILES)
    said = limit_after(20, LEAST_OPEN_FILES - 1)
    assert said.startswith("ulimit -n: 63 files may be open at once, and a flow needs 64")
    assert "ulimit -n 1024" in said
