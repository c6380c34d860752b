"""`assay pin`: keep an object that no journal refers to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_json, print_rows, print_text
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.digest import Digest
    from assay.upkeep.pins import Pins

PinBecauseOption = Annotated[
    str, typer.Option("--because", metavar="TEXT", help="The reason. It is kept with the pin.")
]


def command(
    reference: Annotated[
        str | None,
        typer.Argument(
            metavar="[DIGEST]", help="An object, sha256:...; lists all pins if left out."
        ),
    ] = None,
    because: PinBecauseOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep an object and everything it refers to from `assay gc`, or list all pins."""
    pins = open_pins(store)
    if reference is None:
        _print_pins(pins, as_json=as_json)
        return
    digest = parse_digest(reference)
    new = pins.pin(digest, require_reason(because))
    print_pin_state(digest, "pinned" if new else "was pinned already", as_json=as_json)


def open_pins(store: str | None) -> Pins:
    """The pins of a bucket. Raises ReferenceUnknown."""
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.upkeep.pins import Pins

    return Pins(open_existing_bucket(store))


def parse_digest(reference: str) -> Digest:
    """The digest of an object to pin. Raises BadParameter."""
    from assay.bucket.digest import Digest

    try:
        return Digest.parse(reference)
    except ValueError:
        raise typer.BadParameter(
            f"{reference!r} is not a digest. Model versions need no pin: their journal keeps them "
            "and everything they refer to."
        ) from None


def require_reason(because: str) -> str:
    """The stripped reason. Raises BadParameter if it is empty."""
    if not because.strip():
        raise typer.BadParameter("give the reason with --because TEXT")
    return because.strip()


def print_pin_state(digest: Digest, state: str, *, as_json: bool) -> None:
    """Print the state of a pin."""
    if as_json:
        print_json({"digest": str(digest), "state": state})
    else:
        print_text(f"{digest}: {state}")


def _print_pins(pins: Pins, *, as_json: bool) -> None:
    active = pins.active_pins()
    if as_json:
        print_json({"pins": [pin.as_json() for pin in active]})
        return
    if not active:
        print_text("nothing is pinned")
        return
    rows = [
        (
            pin.entry.at[:19].replace("T", " "),
            pin.entry.actor,
            str(pin.artifact.digest),
            pin.entry.body["because"],
        )
        for pin in active
    ]
    print_rows(("at (UTC)", "by", "object", "why"), rows)
