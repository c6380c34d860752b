"""`assay todo`: what waits for a person, what failed, how each use case stands, what comes next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.cli.console import next_command, print_json, print_stderr, print_text
from assay.cli.options import AsOfOption, JsonOption, StoreOption

if TYPE_CHECKING:
    from collections.abc import Iterable

    from assay.deployments.desk.desk import Desk
    from assay.deployments.todo import TodoList


def command(
    store: StoreOption = None, as_of: AsOfOption = None, as_json: JsonOption = False
) -> None:
    """List what waits for a person, most urgent first: what, since when, whose, what to type.

    Then what failed in the last week, how each use case stands, and what runs next, as the first
    page of the reports shows it. Run it where configs/ is. It changes nothing.
    """
    from assay.cli.existing_bucket import bucket_url, open_existing_bucket
    from assay.cli.running_server import use_running_server
    from assay.deployments.desk.reader import DeskReader
    from assay.deployments.todo import TodoList
    from assay.util import clock

    url, moment = bucket_url(store), clock.parse_timestamp(as_of)
    open_existing_bucket(url)
    found = use_running_server(url)
    root = Path(found.root) if found and not Path("configs").is_dir() else None
    desk = DeskReader(url, root).read(moment)
    todo = TodoList(desk.items, [desk.server_problem] if desk.server_problem else [])
    if as_json:
        print_json(todo.as_json() | desk.as_json())
    else:
        print_todo_list(todo, url)
        _print_desk(desk)


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


def _print_desk(desk: Desk) -> None:
    from assay.deployments.desk import text

    _print_section("Failed in the last week", text.failure_lines(desk))
    _print_section("Use cases", text.case_lines(desk))
    _print_section("Runs now and next", text.run_lines(desk))


def _print_section(title: str, lines: Iterable[str]) -> None:
    from assay.util.printable_text import printable_text

    found = list(lines)
    if found:
        print_text(f"\n{title}")
    for line in found:
        print_text(f"  {printable_text(line)}")
