"""What people wrote about tables and columns: Markdown files, one for each use case.

The text before the first `##` is about the table; each `## NAME` begins the note on a column.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from assay.errors import ConfigError, suggest_name

DEFAULT_NOTES_FOLDER = Path("configs/notes")
_MAX_BYTES = 1 << 20  # of one file; a longer one is no note
_COLUMN_MARK = "## "


@dataclass(frozen=True)
class ColumnNotes:
    """The notes of one use case: paragraphs about its table, and by column."""

    table: tuple[str, ...] = ()
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    """Where each column's note begins: "configs/notes/income.md:7"."""

    def find_unknown(self, columns: set[str]) -> list[str]:
        """A sentence for each note on a column that is not among `columns`."""
        found = []
        for name in self.columns:
            if name not in columns:
                hint = suggest_name(name, columns, "")
                said = f"no table of this use case has a column {name!r}"
                found.append(f"{self.lines[name]}: {said}. {hint}".rstrip())
        return found


def read_notes(folder: Path) -> dict[str, ColumnNotes]:
    """The notes in a folder's `*.md`, by use case; none if there is no such folder.

    Raises ConfigError for a file that is no UTF-8 text, or larger than a megabyte.
    """
    files = sorted(folder.glob("*.md")) if folder.is_dir() else []
    return {file.stem: parse_notes(_read_text(file), str(file)) for file in files}


def parse_notes(text: str, where: str) -> ColumnNotes:
    """The notes in a text; `where` names its file in messages."""
    about: list[str] = []
    by_column: dict[str, list[str]] = {}
    lines: dict[str, str] = {}
    into = about
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(_COLUMN_MARK):
            name = line.removeprefix(_COLUMN_MARK).strip().strip("`")
            lines.setdefault(name, f"{where}:{number}")
            into = by_column.setdefault(name, [])
            into.append("")  # a second note on a column is a new paragraph
        elif not line.startswith("# "):
            into.append(line)
    columns = {name: _paragraphs(written) for name, written in by_column.items()}
    return ColumnNotes(_paragraphs(about), columns, lines)


def _paragraphs(lines: list[str]) -> tuple[str, ...]:
    blocks = "\n".join(line.strip() for line in lines).split("\n\n")
    return tuple(" ".join(block.split()) for block in blocks if block.strip())


def _read_text(file: Path) -> str:
    with file.open("rb") as opened:
        data = opened.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise ConfigError(
            "a file of notes has at most 1 MiB", where=str(file), remedy="Shorten it, or split it."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"byte {error.start} is no UTF-8", where=str(file), remedy="Save it as UTF-8."
        ) from None
