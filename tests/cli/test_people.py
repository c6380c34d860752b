"""`assay people`: who counts for a bucket, and from where; recording it."""

import json

import pytest

from tests.registry.decisions.conftest import make_key

ROLES = {"ada": "engineer", "sam": "scientist"}


@pytest.fixture
def team(tmp_path):
    """A people file, and what makes somebody act."""
    listed = {n: {"role": role, "keys": [make_key(tmp_path / n)]} for n, role in ROLES.items()}
    (tmp_path / "configs").mkdir()

    def write(**roles):
        people = {n: one | {"role": roles.get(n, one["role"])} for n, one in listed.items()}
        text = json.dumps({"signatures": "required", "people": people})
        (tmp_path / "configs/people.yaml").write_text(text)

    write()
    return write


RECORD = ("people", "record", "--because", "the team")


def test_people_are_recorded_and_shown_with_the_difference(assay, team, tmp_path):
    ada = {"ASSAY_SIGNING_KEY": str(tmp_path / "ada")}
    made = assay(*RECORD, "--json", **ada)
    assert (made.code, made.json["written"], made.json["entry"]) == (0, True, 1)
    again = assay(*RECORD, **ada)
    assert (again.code, "nothing was written" in again.out) == (0, True)
    assert len([*(tmp_path / "bucket/people").iterdir()]) == 1
    shown = assay("people")
    assert "entry 1 of the people recorded in the bucket, by ada" in shown.out
    assert "because" in shown.out
    for name, role in ROLES.items():
        assert f"{name}  {role}  SHA256:" in shown.out
    assert "differs" not in shown.out
    team(sam="engineer")
    phrase = "sam is scientist as recorded and engineer in the file"
    assert phrase in assay("people").out
    told = assay("people", "--json").json
    assert (told["source"], told["by"], told["differences"]) == ("bucket", "ada", [phrase])
    assert told["people"]["sam"]["role"] == "scientist"
    told = assay("log")
    assert told.code == 0
    # A remark on stderr, whatever the command, where somebody's rights are asked for.
    refused = assay("lesson", "guests", "a:b", "c", ASSAY_SIGNING_KEY=str(tmp_path / "sam"))
    assert refused.err.count(phrase) == 1


def test_without_a_record_the_file_is_shown(assay, team, tmp_path):
    assert assay("people").code == 1  # no bucket yet
    (tmp_path / "bucket").mkdir()
    (tmp_path / "bucket/assay.json").write_text('{"format":1}')
    shown = assay("people")
    assert "configs/people.yaml" in shown.out
    assert "assay people record" in shown.err
    assert assay("people", "--json").json["source"] == "file"
    (tmp_path / "configs/people.yaml").unlink()
    assert "nobody: there is no configs/people.yaml" in assay("people").out
    assert assay("people", "--json").json["source"] is None


@pytest.mark.parametrize(
    ("words", "name", "code", "said"),
    [
        (RECORD, "sam", 1, "sam is a scientist, and a scientist may not record people"),
        (RECORD, None, 1, "names no key"),
        (("people", "record"), "ada", 1, "no reason"),
        (("people", "recrod"), "ada", 2, "record"),
    ],
)
def test_who_may_not_record_is_told_why_and_nothing_is_written(
    assay, team, tmp_path, words, name, code, said
):
    key = {"ASSAY_SIGNING_KEY": str(tmp_path / name)} if name else {}
    done = assay(*words, **key)
    assert (done.code, said in done.err) == (code, True), done.err
    assert not (tmp_path / "bucket").exists()
