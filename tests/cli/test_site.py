"""`assay site`, as it is typed."""

import shutil
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parents[1] / "golden" / "v1"


@pytest.fixture
def home(tmp_path):
    shutil.copytree(GOLDEN, tmp_path / "bucket")
    return tmp_path


def test_it_says_where_to_look_and_what_is_amiss_in_the_notes(assay, home):
    (home / "configs" / "notes").mkdir(parents=True)
    (home / "configs" / "notes" / "guests.md").write_text("## vists\nHow often.\n")
    done = assay("site", "pages")
    assert (done.code, "8 written" in done.out) == (0, True)
    assert "pages/index.html" in done.out
    assert "configs/notes/guests.md:1: no table of this use case has a column 'vists'" in done.err
    assert "Did you mean 'visits'?" in done.err
    again = assay("site", "pages", "--json").json
    assert (again["pages"], again["written"], again["removed"]) == (8, 0, 0)
    assert len(again["problems"]) == 1


def test_a_folder_of_something_else_is_an_error_of_one_sentence(assay, home):
    done = assay("site", "bucket")
    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: bucket: this holds something else than a site")
