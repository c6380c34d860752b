"""The cheapest answer to "is the source still what it was?". Imports nothing heavy."""

from __future__ import annotations

from collections.abc import Sequence

from assay.bucket import canonical_json
from assay.bucket.digest import Digest
from assay.config.data import Data
from assay.sources.files import SourceFile, find_files


def fingerprint(data: Data) -> str | None:
    """What identifies the source's present content, or None where only reading it would tell.

    Files on this machine: the SHA-256 of their bytes. Files elsewhere: their names, sizes, tags
    and times, as their server tells them. SQL: None. A single file of a partitioned folder: these
    and the values that its folders tell. Raises SourceError, StoreUnreachable.
    """
    if data.source.path is None:
        return None
    files = find_files(data.source)
    marks = [_file_fingerprint(file) for file in files]
    if any(mark is None for mark in marks):
        return None
    combined = combine_digests(
        [(f.display_path, m) for f, m in zip(files, marks, strict=True) if m is not None]
    )
    if data.source.partition:
        told = [list(pair) for pair in data.source.partition]
        return str(Digest.of_bytes(canonical_json.dump([combined, told])))
    return combined


def combine_digests(digests: Sequence[tuple[str, str]]) -> str:
    """One digest for files by (name, digest): a single file's own, else that of the list."""
    if len(digests) == 1:
        return digests[0][1]
    return str(Digest.of_bytes(canonical_json.dump([list(pair) for pair in digests])))


def digest_file(file: SourceFile) -> str:
    """SHA-256 of a file's bytes as they lie there, in constant memory."""
    import hashlib

    state = hashlib.sha256()
    with file.translate_errors(), file.open() as reader:
        while block := reader.read(1 << 20):
            state.update(block)
    return str(Digest(state.hexdigest()))


def _file_fingerprint(file: SourceFile) -> str | None:
    if file.remote is None:
        return digest_file(file)
    status = file.status()
    if not (status["tag"] or status["modified"]):
        return None  # a size alone proves nothing
    return str(Digest.of_bytes(canonical_json.dump([file.display_path, status])))
