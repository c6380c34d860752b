"""The to-do list of a set-up: the bucket's, with what files and a server say."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.bucket.bucket import Bucket
from assay.bucket.journal import Journal
from assay.deployments import server_todo
from assay.deployments.todo import describe_item, read_todo_list
from assay.errors import StoreError
from assay.production.todo_item import TodoItem
from assay.store.memory import MemoryStore

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def bucket(monkeypatch):
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    return Bucket.from_store(MemoryStore()).prepare()


def test_without_files_and_server_it_is_the_buckets(bucket, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    body = {"question": "q", "gate": "feasibility", "reasons": ["Too few rows"]}
    Journal(bucket, "m").append(lambda _: ("stopped", body))
    todo = read_todo_list(bucket, NOON)
    assert [item.kind for item in todo.items] == ["failed"]
    (note,) = todo.notes
    assert note.startswith("no server of this bucket runs here: failed runs")


def test_files_that_cannot_be_read_are_named_also_if_all_are_such(bucket, write):
    write("bad", "targt: 1\n")
    write("worse", "- ]\n")
    Path("configs/operations.yaml").write_text("lost: 1s\n")
    todo = read_todo_list(bucket, NOON)
    by_file = {item.subject: item for item in todo.items}
    assert set(by_file) == {"configs/bad.yaml", "configs/worse.yaml", "configs/operations.yaml"}
    assert {item.kind for item in todo.items} == {"bad_use_case"}
    assert "unknown key 'targt'" in by_file["configs/bad.yaml"].what
    changed = Path("configs/bad.yaml").stat().st_mtime
    assert by_file["configs/bad.yaml"].since == datetime.fromtimestamp(changed, UTC)
    assert "at least 90s" in by_file["configs/operations.yaml"].what


def test_files_are_found_from_another_folder(bucket, write, monkeypatch, tmp_path):
    write("bad", "targt: 1\n")
    Path("configs/operations.yaml").write_text("lost: 1s\n")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert read_todo_list(bucket, NOON).items == []
    found = read_todo_list(bucket, NOON, tmp_path).items
    assert len(found) == 2
    assert all(item.since is not None for item in found)


def test_the_owner_is_the_one_in_the_file(bucket, write):
    write("guests")
    body = {"question": "q", "gate": "feasibility", "reasons": []}
    Journal(bucket, "guests").append(lambda _: ("stopped", body))
    (item,) = read_todo_list(bucket, NOON).items
    assert item.owner == "the tests"


def test_what_the_server_says_is_sorted_in_and_its_silence_is_a_note(bucket, write, monkeypatch):
    write("guests")
    write("bad", "targt: 1\n")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:9/api")
    failed = TodoItem("failed", "train/guests", "w", NOON, "", "c")
    monkeypatch.setattr(server_todo, "read_server_todo", lambda *_: [failed])
    todo = read_todo_list(bucket, NOON)
    assert [item.kind for item in todo.items] == ["failed", "bad_use_case"]
    assert todo.notes == []

    def fail(*_):
        raise TimeoutError

    monkeypatch.setattr(server_todo, "read_server_todo", fail)
    todo = read_todo_list(bucket, NOON)
    assert [item.kind for item in todo.items] == ["bad_use_case"]
    assert "the server did not answer (TimeoutError)" in todo.notes[0]


def test_a_bucket_that_cannot_be_read_is_an_error(bucket, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)

    def fail(_prefix):
        raise StoreError("gone")

    monkeypatch.setattr(bucket.store, "list", fail)
    with pytest.raises(StoreError):
        read_todo_list(bucket, NOON)


@pytest.mark.parametrize(
    ("since", "owner", "line"),
    [
        (NOON, "the hotel", "m@1: w (since 2026-03-01 12:00; owner: the hotel)"),
        (None, "the hotel", "m@1: w (owner: the hotel)"),
        (None, "", "m@1: w"),
    ],
)
def test_an_item_is_one_line(since, owner, line):
    assert describe_item(TodoItem("approval", "m@1", "w", since, owner, "c")) == line
