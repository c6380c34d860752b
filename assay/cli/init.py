"""`assay init`: a team's own repository from a template, and its later versions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from assay.cli.console import print_json, print_text
from assay.cli.options import JsonOption
from assay.errors import ConfigError


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="An empty or new folder.")],
    template: Annotated[
        str | None,
        typer.Option(help="A Copier template of your own: a folder or git URL.", metavar="URL"),
    ] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Carry the template's newest version in.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Set up a team's own repository: settings, tests, CI, and an estimator as an example."""
    from assay.drafting.team_repository import create_repository, update_repository

    if update and template:
        raise ConfigError(
            "--update takes the template that the repository was made from",
            where="--template",
            remedy="Leave --template out.",
        )
    if update:
        changes = update_repository(folder)
        if as_json:
            print_json({"folder": str(folder), "changes": changes})
            return
        print_text("\n".join(changes) or "nothing changed")
        if changes:
            print_text(f"See it with `git -C {folder} diff`, then commit it.")
        return
    create_repository(folder, template)
    if as_json:
        print_json({"folder": str(folder), "template": template})
        return
    print_text(f"{folder}: a repository for your questions")
    print_text(f"  cd {folder} && git init && git add . && git commit -m 'Start with Assay'")
    print_text("  assay new NAME --from DATA --target COLUMN")
    print_text("  assay run configs/NAME.yaml")
