"""From a file's bytes as they lie there to what was packed in them."""

from __future__ import annotations

import bz2
import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

import pyarrow as pa

from assay.errors import SourceError
from assay.sources.files import SourceFile


def decompress(file: SourceFile, raw: BinaryIO) -> BinaryIO:
    """A reader over the unpacked bytes. Raises SourceError for a zip of other than one file."""
    if file.compression == ".zip":
        return _open_only_member(file, raw)
    if file.compression == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    if file.compression == ".bz2":
        return cast(BinaryIO, bz2.BZ2File(raw))
    if file.compression == ".zst":
        return cast(BinaryIO, pa.CompressedInputStream(pa.PythonFile(raw, "r"), "zstd"))
    return raw


@contextmanager
def translate_decompression_errors(file: SourceFile) -> Iterator[None]:
    """Within, what is wrong with packed bytes becomes a SourceError."""
    try:
        yield
    except (EOFError, zlib.error, OSError, zipfile.BadZipFile, RuntimeError) as error:
        if not file.compression or isinstance(error, ConnectionError | TimeoutError | SourceError):
            raise
        raise SourceError(
            f"the compressed file is broken or cut short ({error})",
            where=file.display_path,
            remedy=f"Fetch it again; if it is no {file.compression} file, give it another ending.",
        ) from None


def _open_only_member(file: SourceFile, raw: BinaryIO) -> BinaryIO:
    # Folders, and what macOS puts beside files, are no tables.
    packed = zipfile.ZipFile(raw)
    members = [m for m in packed.infolist() if not m.is_dir() and "__MACOSX/" not in m.filename]
    if len(members) != 1:
        held = ", ".join(m.filename for m in members[:3]) + (", ..." if members[3:] else "")
        raise SourceError(
            f"the zip holds {len(members)} files" + (f" ({held})" if held else ""),
            where=file.display_path,
            remedy="Pack each table into a zip of its own, or unpack them and name the files.",
        )
    if members[0].flag_bits & 1:
        raise SourceError(
            "the zip is encrypted", where=file.display_path, remedy="Unpack it, and name the file."
        )
    return io.BufferedReader(cast(io.RawIOBase, packed.open(members[0])), 1 << 20)
