"""`assay todo`: what waits for a person."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.console import next_command, print_json, print_stderr, print_text
from assay.cli.options import AsOfOption, JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.deployments.todo import TodoList


def command(
    store: StoreOption = None, as_of: AsOfOption = None, as_json: JsonOption = False
) -> None:
    """List what waits for a person, most urgent first: what, since when, whose, what to type.

    Run it where configs/ is. It changes nothing.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.cli.running_server import use_running_server
    from assay.deployments.todo import read_todo_list
    from assay.util import clock

    url, moment = bucket_url(store), clock.parse_timestamp(as_of)
    bucket = open_existing_bucket(url)
    found = use_running_server(url)
    root = Path(found.root) if found and not Path("configs").is_dir() else None
    todo = read_todo_list(bucket, moment, root)
    if as_json:
        print_json(todo.as_json())
    else:
        print_todo_list(todo, url)


def print_todo_list(todo: TodoList, store: str) -> None:
    """Print each item in two lines, the second what to type; and what could not be asked."""
    from assay.deployments.todo import describe_item
    from assay.production.todo_item import NOTHING_TO_DO
    from assay.util.printable_text import printable_text

    for item in todo.items:
        print_text(printable_text(describe_item(item)))
        print_text(f"  {printable_text(next_command(item.command, store))}")
    if not todo.items:
        print_text(NOTHING_TO_DO)
    for note in todo.notes:
        print_stderr(note)
