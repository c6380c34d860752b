"""`assay pin`: keep what no journal leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from assay.cli.console import print_json, print_rows, print_text
from assay.cli.options import JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.bucket.digest import Digest
    from assay.upkeep.pins import Pins

PinBecauseOption = Annotated[
    str, typer.Option("--because", metavar="TEXT", help="Why; kept with the pin.")
]


def command(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="[DIGEST]", help="An object, sha256:...; all pins when left out."),
    ] = None,
    because: PinBecauseOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Keep an object, and all that it leads to, from `assay gc`; or list what is kept so."""
    pins = open_pins(store)
    if reference is None:
        _print_pins(pins, as_json=as_json)
        return
    digest = parse_digest(reference)
    new = pins.pin(digest, require_reason(because))
    print_pin_state(digest, "pinned" if new else "was pinned already", as_json=as_json)


def open_pins(store: str | None) -> Pins:
    """The pins of the bucket that a command names."""
    from assay.bucket.open import open_bucket
    from assay.store.open import default_store_url
    from assay.upkeep.pins import Pins

    return Pins(open_bucket(store or default_store_url()).require_existing())


def parse_digest(reference: str) -> Digest:
    """What to pin. Raises BadParameter for anything but a digest."""
    from assay.bucket.digest import Digest

    try:
        return Digest.parse(reference)
    except ValueError:
        raise typer.BadParameter(
            f"{reference!r} is no digest. Versions of models need no pin: their journal keeps "
            "them and all that they lead to."
        ) from None


def require_reason(because: str) -> str:
    """Why. Raises BadParameter for silence."""
    if not because.strip():
        raise typer.BadParameter("say why, with --because TEXT")
    return because.strip()


def print_pin_state(digest: Digest, state: str, *, as_json: bool) -> None:
    """Print what became of a pin."""
    if as_json:
        print_json({"digest": str(digest), "state": state})
    else:
        print_text(f"{digest}: {state}")


def _print_pins(pins: Pins, *, as_json: bool) -> None:
    held = pins.active_pins()
    if as_json:
        print_json({"pins": [pin.as_json() for pin in held]})
        return
    if not held:
        print_text("nothing is pinned")
        return
    rows = [
        (
            pin.entry.at[:19].replace("T", " "),
            pin.entry.actor,
            str(digest),
            pin.entry.body["because"],
        )
        for pin in held
        for digest in [pin.artifact.digest]
    ]
    print_rows(("at (UTC)", "by", "object", "why"), rows)
