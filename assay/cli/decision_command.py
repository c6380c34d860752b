"""What the seven commands of decisions share: one body, from the options to the printed entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from assay.cli.console import next_command, print_json, print_stderr, print_text
from assay.cli.existing_bucket import open_existing_bucket

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.journal import JournalEntry
    from assay.registry.decisions.justification import Justification


@dataclass(frozen=True)
class DecisionOptions:
    """The options that every decision has: the reason, its moment, the bucket, the output."""

    because: str
    as_of: str | None
    store: str | None
    as_json: bool

    def justification(self) -> Justification:
        """The reason and its moment. Raises ConfigError."""
        from assay.registry.decisions.justification import Justification
        from assay.util.clock import parse_timestamp

        return Justification(self.because, parse_timestamp(self.as_of))


def run_decision(
    decide: Callable[[Bucket, str, Justification], JournalEntry | None],
    reference: str,
    options: DecisionOptions,
    *,
    unchanged_message: str = "",
) -> None:
    """Write a decision about `reference` and print its entry.

    `decide` gets the bucket, `reference` and the justification. It returns the entry it wrote, or
    None where the journal says so already; then `unchanged_message` is printed.
    """
    bucket = open_existing_bucket(options.store)
    entry = decide(bucket, reference, options.justification())
    _print_decision(bucket, reference, entry, unchanged_message, as_json=options.as_json)


def show_brief(
    reference: str, store: str | None, commands: Sequence[str], *, as_json: bool
) -> NoReturn:
    """Print what a person should know before deciding about a version, then what to type; and end
    with exit code 2, as nothing was decided.
    """
    from dataclasses import asdict

    import typer

    from assay.cli.existing_bucket import bucket_url
    from assay.runs.comparison.approval_brief import brief_decision

    url = bucket_url(store)
    brief = brief_decision(open_existing_bucket(url), reference)
    if as_json:
        print_json({"question": brief.question, **asdict(brief)})
    else:
        for line in brief.lines():
            print_text(line)
        print_text("\nTo decide, type")
        for command in commands:
            print_text(f"  {next_command(command, url)}")
    print_stderr("error: nothing was decided: a decision needs --because TEXT")
    raise typer.Exit(2)


def _print_decision(
    bucket: Bucket,
    reference: str,
    entry: JournalEntry | None,
    unchanged_message: str,
    *,
    as_json: bool,
) -> None:
    from assay.cli.model_card import warn_of_card_gaps
    from assay.registry.authority import describe_signature
    from assay.registry.history import APPROVED, CHAMPION, PROMOTED
    from assay.registry.registry import Registry
    from assay.render.journal_text import entry_sentence

    history = Registry(bucket).find_history(reference)
    champion = history.champion.name if history.champion else None
    if as_json:
        written = entry_json(entry) if entry else None
        print_json({"entry": written, "aliases": history.aliases, CHAMPION: champion})
        return
    if entry is None:
        print_text(f"{unchanged_message}; nothing was written")
        return
    print_text(entry_sentence(history.model, entry))
    print_text(f"entry {entry.number} by {entry.actor} ({describe_signature(bucket, entry)})")
    if entry.kind == APPROVED or (entry.kind == PROMOTED and entry.body["alias"] == CHAMPION):
        warn_of_card_gaps(bucket, history, history.versions[entry.body["version"]])
    if not champion:
        print_stderr(
            f"{history.model} has no champion now: nothing is scored until one is promoted"
        )
    _warn_without_people(bucket)


def entry_json(entry: JournalEntry) -> dict[str, Any]:
    """An entry as `--json` gives it."""
    return {
        "number": entry.number,
        "kind": entry.kind,
        "at": entry.at,
        "actor": entry.actor,
        "body": entry.body,
    }


def _warn_without_people(bucket: Bucket) -> None:
    """Say on stderr that nobody's identity was checked, if nobody is listed."""
    from assay.config.people import DEFAULT_PEOPLE_FILE
    from assay.registry.recorded_people import people_in_force

    if people_in_force(bucket).people is None:
        print_stderr(
            f"there is no {DEFAULT_PEOPLE_FILE}: everyone may act, and the name is that of the "
            "operating system's user"
        )
