"""Whether the source still holds the recorded rows, or the recorded table must replace it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import AssayError
from assay.reproduce.recorded_run import RecordedRun
from assay.sources.files import SourceFile, match_local_paths
from assay.sources.fingerprint import combine_digests, digest_file, fingerprint
from assay.util.url_secrets import redact_url


@dataclass(frozen=True)
class RowOrigin:
    """Where the rebuilt run takes its rows from. `reason`: why ingestion cannot be repeated; empty
    if it can.
    """

    source: str
    reason: str = ""

    @property
    def is_repeatable(self) -> bool:
        return not self.reason

    @property
    def description(self) -> str:
        if self.is_repeatable:
            return f"{self.source}, as it was"
        return f"the recorded table; ingestion is not repeated, because {self.reason}"


def source_depth(recorded: RecordedRun) -> int:
    """How many folders the source's path climbs above the working one."""
    return Path(recorded.loaded_use_case.use_case.data.source.path or "").parts.count("..")


def find_source_rows(recorded: RecordedRun, working: Path, code: Path) -> RowOrigin:
    """Find the source with its recorded bytes, and put it where the rebuilt run reads it.

    A relative path counts from the use case's folder and from the working one, here or in the
    recorded commit, where it may be tracked. `working`, the rebuilt run's folder, then gets a link.
    """
    data = recorded.loaded_use_case.use_case.data
    path = data.source.path
    if path is None:
        return RowOrigin("a query", "it is a query, which may find other rows today")
    told = redact_url(path)
    if recorded.retraining_entry is not None:
        return RowOrigin(told, "it is no part of a retraining's record")
    if recorded.source is None:
        return RowOrigin(told, "its server told nothing by which to know that it is the same")
    if "://" in path or Path(path).expanduser().is_absolute():
        return RowOrigin(told, _change_reason(data, recorded.source, told))
    folder = Path(recorded.loaded_use_case.text.name).parent
    bases = [base for root in (Path.cwd(), code) for base in (root / folder, root)]
    for base in bases:
        found = _files_below(base, path)
        names = [(name, digest_file(SourceFile(str(file), name))) for name, file in found.items()]
        if names and combine_digests(names) == recorded.source:
            _link_files(found, working)
            return RowOrigin(told)
    there = any(_files_below(base, path) for base in bases)
    return RowOrigin(told, f"{told} has changed since" if there else f"{told} is not here")


def _change_reason(data: Any, recorded: str, display_path: str) -> str:
    try:
        same = fingerprint(data) == recorded
    except AssayError as error:
        return f"{display_path} cannot be read: {error.what}"
    return "" if same else f"{display_path} has changed since"


def _files_below(base: Path, path: str) -> dict[str, Path]:
    """The files that a relative path or pattern names below `base`, by relative name: the names of
    several files are part of their fingerprint.
    """
    named = str(Path(path))
    if (base / named).is_file():
        return {named: base / named}
    start = len(str(base)) + 1
    return {name[start:]: Path(name) for name in match_local_paths(f"{base}/{named}")}


def _link_files(files: dict[str, Path], working: Path) -> None:
    for name, file in files.items():
        link = working / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(file.resolve())
