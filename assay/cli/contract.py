"""`assay contract`: a use case's rules as a data contract, and a contract's rules as its lines."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from assay.cli.console import print_json, print_stderr, print_text, write_file
from assay.cli.options import JsonOption

_Format = Literal["odcs", "great-expectations"]


def command(
    file: Annotated[Path, typer.Argument(help="A use case; with --read, a contract or a suite.")],
    out: Annotated[
        Path | None, typer.Argument(help="With --to: the file to write; none may be there yet.")
    ] = None,
    to: Annotated[
        _Format | None, typer.Option(help="Write the use case's rules in this format.")
    ] = None,
    read: Annotated[
        _Format | None, typer.Option(help="Print the rules of a file in this format as YAML lines.")
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="With --read odcs: which of the contract's objects.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a use case's rules as a data contract, or print a contract's as lines for a use case.

    What has no translation is named on stderr, line by line.
    """
    if (to is None) == (read is None) or (to is None) != (out is None):
        raise typer.BadParameter("write CONFIG FILE --to FORMAT, or CONTRACT --read FORMAT")
    if out is not None:
        _write(file, out, to or "odcs", as_json=as_json)
        return
    from assay.drafting.data_contract import read_contract, read_suite

    found = read_contract(file, table) if read == "odcs" else read_suite(file)
    if as_json:
        rules = [one.model_dump(mode="json", exclude_defaults=True) for one in found.expectations]
        told = {"types": found.types, "expectations": rules, "untranslated": found.untranslated}
        print_json(told)
        return
    print_text(found.as_yaml().rstrip())
    for line in found.untranslated:
        print_stderr(f"not translated: {line}")


def _write(config: Path, out: Path, to: _Format, *, as_json: bool) -> None:
    import json

    from assay.config.loaded_use_case import load_use_case
    from assay.drafting.contract_writer import contract_of, suite_of
    from assay.errors import OutputError

    if out.exists():
        raise OutputError(
            "there is something already", where=str(out), remedy="Name a file that is not there."
        )
    use_case = load_use_case(config).use_case
    make = contract_of if to == "odcs" else suite_of
    # JSON is YAML too, and means the same to every reader.
    text = json.dumps(make(use_case.name, use_case), indent=2, ensure_ascii=False)
    write_file(out, f"{text}\n".encode())
    rules = len(use_case.expectations)
    if as_json:
        print_json({"written": str(out), "format": to, "rules": rules})
    else:
        print_text(f"written: {out} ({to}, {rules} rules of {use_case.name})")
