"""`assay gc`: free the space of objects that nothing refers to."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_json, print_rows, print_text
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.digest import Digest
    from assay.upkeep.garbage_collector import CollectionResult


def command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Change nothing; say what would go.")
    ] = False,
    why: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Say what keeps this object.")
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, metavar="HOURS", help="Keep everything younger than this.")
    ] = 24.0,
    memo: Annotated[
        float,
        typer.Option(min=0, metavar="DAYS", help="Forget cached steps of no model after so long."),
    ] = 30.0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move what nothing refers to into the trash, and delete what has been there long enough."""
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.upkeep.garbage_collector import GarbageCollector

    bucket = open_existing_bucket(store)
    collector = GarbageCollector(bucket, grace=timedelta(hours=grace), memo=timedelta(days=memo))
    if why is not None:
        _print_references(collector.reference_path(_parse_digest(why)), as_json=as_json)
        return
    done = collector.collect(dry_run=dry_run)
    if as_json:
        print_json(done.as_json())
    else:
        _print_collected(done, dry_run=dry_run)


def _parse_digest(text: str) -> Digest:
    from assay.bucket.digest import Digest

    try:
        return Digest.parse(text if text.startswith("sha256:") else f"sha256:{text}")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _print_references(chain: list[str], *, as_json: bool) -> None:
    if as_json:
        print_json({"kept_by": chain})
    elif not chain:
        print_text("nothing refers to it: the next `assay gc` takes it once it is old enough")
    for depth, link in enumerate(() if as_json else chain):
        print_text(f"{'  ' * depth}{link}")


def _print_collected(result: CollectionResult, *, dry_run: bool) -> None:
    def format_size(count: int, size: int) -> str:
        return f"{count:,}, {size / 1e6:,.1f} MB"

    rows = [
        ("kept", format_size(result.kept, result.kept_size)),
        ("too young to judge", f"{result.young:,}"),
        ("moved to the trash", format_size(result.moved, result.moved_size)),
        ("deleted from the trash", format_size(result.deleted, result.deleted_size)),
        ("restored from the trash", f"{result.restored:,}"),
        ("cached steps forgotten", f"{result.memos:,}"),
        ("leftovers removed", f"{result.leftovers:,}"),
    ]
    print_rows(("objects", "would be" if dry_run else "how many"), rows)
