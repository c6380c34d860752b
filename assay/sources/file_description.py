"""What identifies the files that were read, as JSON for the run record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from assay.sources.files import SourceFile
from assay.sources.fingerprint import combine_digests


def describe_files(
    form: str, file_digests: Sequence[tuple[SourceFile, str | None]]
) -> dict[str, Any]:
    """Path, format, SHA-256 digest, size in bytes, and time of change of what was read.

    Several files are listed one by one; the digest is then that of the list.
    """
    files = [
        {"path": file.display_path, "digest": digest or "", **_size_and_time(file)}
        for file, digest in file_digests
    ]
    if len(files) == 1:
        return {"format": form, **files[0]}
    times = [f["modified"] for f in files if f["modified"]]
    return {
        "format": form,
        "files": files,
        "digest": combine_digests([(f["path"], f["digest"]) for f in files]),
        "size": sum(f["size"] or 0 for f in files),
        "modified": max(times, default=None),
    }


def _size_and_time(file: SourceFile) -> dict[str, Any]:
    status = file.status()
    return {"size": status["size"], "modified": status["modified"]}
