"""`assay gc`: give back the space of what nothing refers to any more."""

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
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing, only tell.")] = False,
    why: Annotated[
        str | None, typer.Option(metavar="DIGEST", help="Tell what keeps this object.")
    ] = None,
    grace: Annotated[
        float, typer.Option(min=0, metavar="HOURS", help="Keep what is younger, whatever it is.")
    ] = 24.0,
    memo: Annotated[
        float, typer.Option(min=0, metavar="DAYS", help="Forget steps of no model after so long.")
    ] = 30.0,
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move what nothing refers to into the trash; delete what has lain there long enough."""
    from assay.bucket.open import open_bucket
    from assay.store.open import default_store_url
    from assay.upkeep.garbage_collector import GarbageCollector

    bucket = open_bucket(store or default_store_url()).require_existing()
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
        print_text("nothing refers to it: it goes once it is old enough")
    for depth, link in enumerate(() if as_json else chain):
        print_text(f"{'  ' * depth}{link}")


def _print_collected(done: CollectionResult, *, dry_run: bool) -> None:
    def sized(count: int, size: int) -> str:
        return f"{count:,}, {size / 1e6:,.1f} MB"

    rows = [
        ("kept", sized(done.kept, done.kept_size)),
        ("too young to tell", f"{done.young:,}"),
        ("moved to the trash", sized(done.moved, done.moved_size)),
        ("deleted from the trash", sized(done.deleted, done.deleted_size)),
        ("taken out of the trash", f"{done.restored:,}"),
        ("memo entries forgotten", f"{done.memos:,}"),
        ("leftovers removed", f"{done.leftovers:,}"),
    ]
    print_rows(("objects", "would be" if dry_run else "how many"), rows)
