"""`assay todo`: the list of what waits for a person."""

import pytest

from assay.bucket.journal import Journal
from assay.deployments.setup_state import SetupState
from assay.registry.open import open_bucket
from tests.deployments.conftest import CASE


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/guests.yaml").write_text(CASE)
    open_bucket(str(tmp_path / "bucket")).prepare()
    return tmp_path


@pytest.fixture
def todo(assay, folder):
    """The command where no set-up runs."""
    return lambda *words: assay("todo", *words, ASSAY_STATE=str(folder / "state"))


def test_an_empty_list_is_one_sentence(todo):
    done = todo()
    assert done.code == 0
    assert done.out.startswith("Nothing waits for a person.\n")
    assert "no server of this bucket runs here" in done.err
    assert todo("--json").json["todo"] == []


def test_each_item_says_what_since_when_whose_and_what_to_type(todo, folder):
    bucket = open_bucket(str(folder / "bucket"))
    body = {"question": "q", "gate": "feasibility", "reasons": ["Too \x1b[31mfew rows"]}
    body |= {"as_of": "2026-03-01T12:00:00+00:00"}
    Journal(bucket, "guests").append(lambda _: ("stopped", body))
    (folder / "configs/other.yaml").write_text(CASE.replace("  target:", "  targt:"))
    done = todo("--store", "bucket")
    assert done.code == 0
    first, command, *_ = done.out.splitlines()
    stopped = "guests: its last run (entry 1) stopped at the feasibility gate: Too"
    assert first.startswith(f"{stopped} \N{REPLACEMENT CHARACTER}[31mfew rows (since")
    assert first.endswith("(since 2026-03-01 12:00; owner: the tests)")
    assert command == "  assay log guests --store bucket"
    assert "configs/other.yaml: cannot be read: configs/other.yaml:7: unknown key" in done.out
    found = todo("--json").json
    assert [item["kind"] for item in found["todo"]] == ["failed", "bad_use_case"]
    assert found["todo"][0]["command"] == "assay log guests"
    assert found["todo"][0]["since"] == "2026-03-01T12:00:00+00:00"


def test_it_tells_how_each_use_case_stands_and_what_comes_next(todo, folder):
    (folder / "configs/guests.yaml").write_text(CASE + "schedule: {score: 0 5 * * *}\n")
    bucket = open_bucket(str(folder / "bucket"))
    Journal(bucket, "guests").append(
        lambda _: ("stopped", {"question": "q", "gate": "feasibility"})
    )
    done = todo("--store", "bucket", "--as-of", "2030-03-01T04:00Z")
    assert "guests" in done.out[done.out.index("Use cases") :]
    assert "score guests: 2030-03-01 05:00 UTC, in 1 hour" in done.out
    found = todo("--json", "--as-of", "2030-03-01T04:00Z").json
    assert found["next_runs"][0]["moment"] == "2030-03-01T05:00:00+00:00"
    assert found["use_cases"][0]["name"] == "guests"
    assert found["failed"][0]["use_case"] == "guests"


def test_where_there_is_no_bucket_it_says_so(todo):
    assert todo("--store", "elsewhere").code == 1


@pytest.fixture
def status(assay, folder):
    """`assay up --status` of a set-up that was stopped, of the bucket."""

    def asked(*words, store="bucket"):
        state = SetupState("assay", "127.0.0.1", 9, str(folder / store), "", str(folder))
        state.write(folder / "state")
        return assay("up", "--status", *words, ASSAY_STATE=str(folder / "state"))

    return asked


def test_the_status_of_a_set_up_begins_with_the_list(status, folder):
    (folder / "configs/other.yaml").write_text(CASE.replace("  target:", "  targt:"))
    done = status()
    assert done.code == 1  # nothing is running
    assert done.out.startswith("configs/other.yaml: cannot be read")
    assert [item["kind"] for item in status("--json").json["todo"]] == ["bad_use_case"]
    assert status("--no-todo").out == ""
    assert "todo" not in status("--no-todo", "--json").json


def test_a_list_that_cannot_be_read_is_not_an_empty_one(status):
    done = status(store="elsewhere")
    assert "what waits for a person cannot be read" in done.err
    assert done.out == ""
    assert "todo" not in status("--json", store="elsewhere").json
