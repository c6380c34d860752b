"""`assay new`: draft a use case from data that nobody has described yet."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from assay.cli.console import print_json, print_stderr, print_text, write_file
from assay.cli.options import JsonOption
from assay.errors import ConfigError

if TYPE_CHECKING:
    from assay.drafting.forecast import Forecast
    from assay.drafting.source_draft import DraftSource
    from assay.drafting.use_case_draft import DraftWords, UseCaseDraft
    from assay.gates.report import Report

_MOST_FINDINGS = 6
_QUICK = "feasibility.within=10s"  # a forecast looks at fewer rows


def command(
    name: Annotated[str, typer.Argument(help="The use case's name: its file and its model.")],
    data: Annotated[
        str, typer.Option("--from", metavar="DATA", help="A file, pattern or fsspec URL.")
    ],
    target: Annotated[str, typer.Option(help="The column to predict.")],
    positive: Annotated[
        str | None, typer.Option(help="The value that means yes. Default: the rarer of two.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--configs", help="Folder for the use case's file.")
    ] = Path("configs"),
    yes: Annotated[
        bool, typer.Option("--yes", help="Ask nothing; mark what only people know.")
    ] = False,
    update: Annotated[
        bool,
        typer.Option("--update", help="Print what a draft of today's data says otherwise."),
    ] = False,
    forecast: Annotated[
        bool, typer.Option(help="Say what validation and feasibility find in these data.")
    ] = True,
    as_json: JsonOption = False,
) -> None:
    """Draft a use case from data: each line with its reason, and what the gates will say."""
    from assay.bucket.bucket import Bucket
    from assay.config.loaded_use_case import load_use_case, parse_use_case
    from assay.drafting.draft_text import render_draft
    from assay.drafting.source_draft import read_draft_source, require_rows, store_without
    from assay.drafting.target_choice import choose_target
    from assay.drafting.use_case_draft import DraftWords, draft_use_case
    from assay.store.local import LocalStore

    path = _file_of(folder, name)
    if path.exists() and not update:
        raise ConfigError(
            "this use case is there already",
            where=str(path),
            remedy="Choose another name, or see what changed with --update.",
        )
    if update and not path.exists():
        raise ConfigError(
            "there is no such use case", where=str(path), remedy="Leave --update out."
        )
    if update:
        load_use_case(path)  # what is none is compared with nothing
    with tempfile.TemporaryDirectory(prefix="assay-") as temporary:
        bucket = Bucket.from_store(LocalStore(temporary))
        source = read_draft_source(bucket, data, target, say=print_stderr)
        require_rows(source.frame, data)
        choice = choose_target(
            target, source.frame[target], positive=positive, unlabelled=source.unlabelled
        )
        words, sensitive = DraftWords(), None
        if not (yes or as_json or update) and sys.stdin.isatty() and sys.stderr.isatty():
            words, sensitive = _ask(source, target)
        draft = draft_use_case(name, source, choice, words=words, sensitive=sensitive)
        text = render_draft(draft, _path_from(folder, data))
        quick = parse_use_case({"file": str(path), "text": text, "set": [_QUICK]})
        foreseen = None
        if forecast and not update:
            from assay.drafting.forecast import foresee_gates

            personal = [role.name for role in draft.role("never_store")]
            table = store_without(bucket, source, personal)
            foreseen = foresee_gates(draft, table, quick, say=lambda _: None)
    if update:
        _print_changes(path, text, as_json=as_json)
        return
    write_file(path, text.encode())
    if as_json:
        print_json(_as_json(draft, path, foreseen))
    else:
        _print_draft(draft, path, foreseen)


def _file_of(folder: Path, name: str) -> Path:
    """The file of a use case of this name. Raises ConfigError for what names another place."""
    from assay.config.operations import DEFAULT_OPERATIONS_FILE
    from assay.config.people import DEFAULT_PEOPLE_FILE

    path = folder / f"{name}.yaml"
    if path.name != f"{name}.yaml":
        raise ConfigError(
            f"{name!r} is the name of no use case",
            where="NAME",
            remedy="Write lower-case letters, digits, _ and -; --configs names the folder.",
        )
    if path.name in {DEFAULT_OPERATIONS_FILE.name, DEFAULT_PEOPLE_FILE.name}:
        raise ConfigError(
            f"{path.name} says something else than a use case",
            where="NAME",
            remedy="Choose another name.",
        )
    return path


def _path_from(folder: Path, data: str) -> str:
    """The data's path as a file in `folder` names it: relative paths count from there."""
    if "://" in data or Path(data).is_absolute():
        return data
    return Path(os.path.relpath(data, folder)).as_posix()


def _ask(source: DraftSource, target: str) -> tuple[DraftWords, list[str]]:
    """What only people know, asked at the terminal."""
    from assay.drafting.column_roles import find_roles
    from assay.drafting.use_case_draft import DraftWords

    def prompt(text: str) -> str:
        return str(typer.prompt(text, default="", show_default=False, err=True)).strip()

    print_stderr("An empty answer leaves the line to be said later.")
    words = DraftWords(
        question=prompt("The question, in a sentence"),
        decision=prompt("What is decided by the answer"),
        harm=prompt("What a wrong answer does, and to whom"),
        owner=prompt("Who answers for the model"),
    )
    found = [one for one in find_roles(source.frame, target) if one.role == "sensitive"]
    chosen = [
        one.name
        for one in found
        if typer.confirm(
            f"{one.name}: {one.reason}. Must its groups be treated alike?", default=True, err=True
        )
    ]
    return words, chosen


def _print_draft(draft: UseCaseDraft, path: Path, foreseen: Forecast | None) -> None:
    source, target = draft.source, draft.target
    print_text(
        f"{path}: {source.rows:,} rows, {len(draft.features)} features of"
        f" {len(source.frame.columns)} columns"
    )
    print_text(f"  {target.column} asks {_asked(draft)}: {draft.choice.reason}")
    for line in _observations(draft):
        print_text(f"  {line}")
    if foreseen:
        print_text("")
        print_text("What the gates will say:")
        for report in foreseen.reports:
            _print_report(report)
        print_text(f"  training  {foreseen.fits} fits to choose by, then one a candidate")
    print_text("")
    print_text(f"next    read {path}, say what is TO BE SAID, then: assay run {path}")


def _asked(draft: UseCaseDraft) -> str:
    from assay.problems.lookup import problem_type

    return problem_type(draft.target).question


def _observations(draft: UseCaseDraft) -> list[str]:
    """What was seen, a line each."""
    source, found = draft.source, []
    if source.options:
        told = ", ".join(f"{key} {value!r}" for key, value in source.options.items())
        found.append(f"format: {told}")
    if source.unlabelled:
        found.append(f"outcomes: {source.unlabelled:,} rows have none and are left out")
    if source.malformed:
        found.append(f"malformed: {source.malformed:,} rows cannot be read and are set aside")
    found += [f"missing: {name} has {n:,} marks" for name, n in source.marked_columns.items()]
    found += [f"date: {name} is written as {form}" for name, form in source.dates.items()]
    found += [f"{one.role}: {one.name}, {one.reason}" for one in draft.roles]
    return found


def _print_report(report: Report) -> None:
    from assay.gates.report import Verdict

    print_text(f"  {report.gate}  {report.verdict.value}")
    told = [
        c for v in (Verdict.FAIL, Verdict.UNKNOWN, Verdict.CAUTION) for c in report.checks_with(v)
    ]
    for check in told[:_MOST_FINDINGS]:
        print_text(f"    {check.verdict.value}: {check.headline} {check.remedy}".rstrip())
    if len(told) > _MOST_FINDINGS:
        print_text(f"    and {len(told) - _MOST_FINDINGS} more")


def _print_changes(path: Path, text: str, *, as_json: bool) -> None:
    """The lines in which a draft of today differs from the file, comments aside."""
    from assay.drafting.draft_changes import find_changes

    changes = find_changes(path.read_text("utf-8"), text)
    if as_json:
        print_json({"file": str(path), "changes": [one.as_json() for one in changes]})
        return
    if not changes:
        print_text(f"{path} says what a draft of these data would say")
        return
    print_text(f"{path}: a draft of these data would say otherwise")
    for one in changes:
        print_text(f"  {one}")


def _as_json(draft: UseCaseDraft, path: Path, foreseen: Forecast | None) -> dict[str, Any]:
    return {
        "file": str(path),
        "rows": draft.source.rows,
        "unlabelled": draft.source.unlabelled,
        "problem": draft.target.problem_type,
        "target": draft.target.model_dump(mode="json", exclude_defaults=True),
        "missing": draft.source.missing,
        "roles": [{"column": r.name, "role": r.role, "reason": r.reason} for r in draft.roles],
        "features": draft.features,
        "forecast": foreseen
        and {
            **{report.gate: report.verdict.value for report in foreseen.reports},
            "fits": foreseen.fits,
        },
    }
