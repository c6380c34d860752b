"""`assay unpin`: take back a pin."""

from __future__ import annotations

from typing import Annotated

import typer

from assay.cli.options import JsonOption, StoreOption
from assay.cli.pin import PinBecauseOption, open_pins, parse_digest, print_pin_state, require_reason


def command(
    reference: Annotated[str, typer.Argument(metavar="DIGEST", help="An object, sha256:...")],
    because: PinBecauseOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let `assay gc` remove an object again, unless something else refers to it."""
    digest = parse_digest(reference)
    open_pins(store).unpin(digest, require_reason(because))
    print_pin_state(digest, "no longer pinned", as_json=as_json)
