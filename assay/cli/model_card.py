"""The model card as `assay show --card` prints it, and what a run and a decision say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.cli.console import print_stderr, print_text, stdout_console

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket
    from assay.bucket.journal import JournalEntry
    from assay.config.use_case import UseCase
    from assay.registry.history import ModelHistory, Version


def print_card(bucket: Bucket, history: ModelHistory, version: Version) -> None:
    """Print the card with what was decided since: laid out on a terminal, as Markdown in a pipe."""
    from assay.registry.decisions.card_words import card_artifact
    from assay.util.printable_text import printable_lines

    text = bucket.get(card_artifact(history, version)).decode()
    text = f"{text.rstrip()}\n\n## Decisions\n\n{_decisions(history, version)}"
    out = stdout_console()
    if not out.is_terminal:
        print_text(text)
        return
    from rich.markdown import Markdown

    out.print(Markdown(printable_lines(text), hyperlinks=False))


def _decisions(history: ModelHistory, version: Version) -> str:
    """Who registered the version, and who decided what since, as a list in Markdown."""
    from assay.registry.decisions.standing_entries import standing_entries
    from assay.render.journal_text import entry_sentence
    from assay.render.markdown import escape_markdown

    registered = f"{version.name} {version.status}"
    lines = [f"- {escape_markdown(_signed(history, version.entry, registered))}"]
    for entry in standing_entries(history, version):
        sentence = _signed(history, entry, entry_sentence(history.model, entry))
        lines.append(f"- {escape_markdown(sentence)}")
    if len(lines) == 1:
        lines.append("- Nobody has approved or promoted it.")
    return "\n".join(lines)


def _signed(history: ModelHistory, entry: JournalEntry, sentence: str) -> str:
    from assay.bucket.journal import entry_timestamp
    from assay.registry.authority import describe_signature
    from assay.util import clock

    at = clock.display_timestamp(entry_timestamp(entry))
    return f"{at}: {sentence} (by {entry.actor}, {describe_signature(history.bucket, entry)})"


def renew_changed_card(bucket: Bucket, use_case: UseCase, reference: str) -> None:
    """Give a version that stands the words of the use case's card, if they changed since.

    Says so on stderr, also where the present user may not, or the bucket cannot be written.
    """
    from assay.errors import AssayError
    from assay.registry.decisions.card_words import card_words
    from assay.registry.registry import Registry

    history, version = Registry(bucket).resolve_reference(reference)
    if card_words(bucket, history, version) == use_case.card:
        return
    from assay.runs.card_renewal import renew_card

    try:
        entry = renew_card(bucket, use_case, history, version)
    except AssayError as error:
        print_stderr(f"the new words of the model card were not recorded: {error.what}")
        return
    if entry:
        print_stderr(f"{reference} has a new model card (entry {entry.number})")


def card_gap_text(bucket: Bucket, reference: str) -> str:
    """What the card of a version does not say; "" without gaps, or without a readable record."""
    from assay.errors import IntegrityError
    from assay.registry.decisions.card_words import card_words, describe_card_gaps
    from assay.registry.registry import Registry

    history, version = Registry(bucket).resolve_reference(reference)
    try:
        return describe_card_gaps(card_words(bucket, history, version))
    except IntegrityError:
        return ""


def warn_of_card_gaps(bucket: Bucket, history: ModelHistory, version: Version) -> None:
    """Say on stderr what the card of a version does not say, and how to say it."""
    from assay.registry.decisions.card_words import card_remedy, card_words, describe_card_gaps

    words = card_words(bucket, history, version)
    if words.gaps:
        print_stderr(f"warning: {describe_card_gaps(words)}\n  {card_remedy(words)}")
