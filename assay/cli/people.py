"""`assay people`: who may act in this bucket, and recording it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from assay.cli.console import print_facts, print_json, print_rows, print_stderr, print_text
from assay.cli.options import BecauseOption, JsonOption, StoreOption

if TYPE_CHECKING:
    from assay.config.people import People
    from assay.registry.recorded_people import PeopleInForce


def command(
    act: Annotated[
        Literal["record"] | None,
        typer.Argument(
            metavar="[record]", help="Record the people file in the bucket; without it, only show."
        ),
    ] = None,
    because: BecauseOption = "",
    store: StoreOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show whose signatures count in the bucket and where that is written, or record them in it."""
    if act == "record":
        _record(because, store, as_json=as_json)
    else:
        _show(store, as_json=as_json)


def _record(because: str, store: str | None, *, as_json: bool) -> None:
    from assay.cli.existing_bucket import bucket_url
    from assay.registry.decisions.justification import Justification
    from assay.registry.decisions.people_record import record_people
    from assay.registry.open import open_bucket
    from assay.registry.recorded_people import find_people
    from assay.util.clock import parse_timestamp
    from assay.util.printable_text import printable_text

    bucket = open_bucket(bucket_url(store))
    entry = record_people(bucket, Justification(because, parse_timestamp(None)))
    found = find_people(bucket)
    if as_json:
        print_json({"written": entry is not None, **_people_json(found)})
    else:
        print_text("recorded" if entry else "recorded already; nothing was written")
        print_text(printable_text(found.origin))


def _show(store: str | None, *, as_json: bool) -> None:
    from assay.cli.existing_bucket import open_existing_bucket
    from assay.registry.recorded_people import find_people

    found = find_people(open_existing_bucket(store))
    if as_json:
        print_json(_people_json(found))
        return
    _print_people(found)
    if found.recorded is None and found.people is not None:
        print_stderr(
            "they count for whoever reads this file; `assay people record` makes them count for "
            "everybody"
        )


def _print_people(found: PeopleInForce) -> None:
    from assay.util.printable_text import printable_text

    people = found.people
    print_facts(
        {
            "people": printable_text(found.origin),
            "signatures": people.signatures if people else "not checked: everyone may act",
            **_recorded_facts(found),
        }
    )
    if people is not None:
        rows = [
            (name, person.role, key.fingerprint, "" if key.vouched_entries is None else "withdrawn")
            for name, person in people.people.items()
            for key in people.trusted_keys()
            if key.name == name
        ]
        keyless = [
            (name, person.role, "no key", "")
            for name, person in people.people.items()
            if name not in {row[0] for row in rows}
        ]
        print_rows(("name", "role", "key", ""), [*rows, *keyless])


def _recorded_facts(found: PeopleInForce) -> dict[str, str]:
    from assay.util.printable_text import printable_text

    because = found.recorded and found.recorded.entry.body.get("because")
    facts = {"because": because, "differs": found.difference}
    return {name: printable_text(str(text)) for name, text in facts.items() if text}


def _people_json(found: PeopleInForce) -> dict[str, Any]:
    return {**found.as_json(), **_listed_json(found.people)}


def _listed_json(people: People | None) -> dict[str, Any]:
    if people is None:
        return {"signatures": None, "people": {}}
    return {
        "signatures": people.signatures,
        "people": {
            name: {
                "role": person.role,
                "keys": [
                    {"key": key.fingerprint, "withdrawn": key.vouched_entries is not None}
                    for key in people.trusted_keys()
                    if key.name == name
                ],
            }
            for name, person in people.people.items()
        },
    }
