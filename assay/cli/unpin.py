"""`assay unpin`: let an object go that was pinned."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import AsJson, Store
from assay.cli.pin import Because, digest_of, pins_of, reason_of, tell


def command(
    reference: Annotated[str, typer.Argument(metavar="DIGEST", help="An object, sha256:...")],
    because: Because = "",
    store: Store = None,
    as_json: AsJson = False,
) -> None:
    """Let `assay gc` have an object again, unless something else leads to it."""
    digest = digest_of(reference)
    pins_of(store).unpin(digest, reason_of(because))
    tell(digest, "no longer pinned", as_json=as_json)
