"""From a file's bytes to lines of text: unpacked, decoded, hashed on the way."""

from __future__ import annotations

import codecs
import hashlib
import io
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, cast

from assay.bucket.digest import Digest
from assay.errors import ConfigError, SourceError
from assay.sources.compression import decompress, translate_decompression_errors
from assay.sources.files import SourceFile
from assay.sources.fingerprint import digest_file

_CHUNK: Final = 4 << 20
MAX_LINE_LENGTH: Final = 64 << 20  # characters of one line; more than this is no table


class TextFile:
    """One text file, to be read once from start to end."""

    def __init__(
        self,
        file: SourceFile,
        encoding: str,
        encoding_hint: Callable[[], str | None] = lambda: None,
    ) -> None:
        """`encoding_hint`: what to write instead, should the bytes not be in the encoding."""
        self.file = file
        self._encoding_hint = encoding_hint
        self.encoding = _codec_name(encoding)
        self.digest: str | None = None  # SHA-256 of the bytes as they lie there; set at the end

    def chunks(self) -> Iterator[str]:
        """The text in pieces of whole lines. Line ends become "\\n", also within quotes.

        Raises SourceError with file, line and byte where the bytes are not in the encoding.
        """
        if self.file.compression == ".zip":  # read from its end, so not hashed on the way
            digest = digest_file(self.file)
            with self.file.open() as raw:
                yield from self._whole_lines(self._decode_blocks(raw))
            self.digest = digest
            return
        with self.file.open() as raw:
            hashing = _HashingReader(raw)
            buffered = io.BufferedReader(hashing, 1 << 20)
            yield from self._whole_lines(self._decode_blocks(cast(BinaryIO, buffered)))
            while hashing.read(_CHUNK):  # what may follow the packed data belongs to the digest
                pass
        self.digest = str(Digest(hashing.state.hexdigest()))

    def _decode_blocks(self, raw: BinaryIO) -> Iterator[str]:
        with self.file.translate_errors(), translate_decompression_errors(self.file):
            packed = decompress(self.file, raw)
        plain = codecs.getincrementaldecoder(self.encoding)()
        decoder = io.IncrementalNewlineDecoder(plain, translate=True)
        at, lines = 0, 0
        while True:
            with self.file.translate_errors(), translate_decompression_errors(self.file):
                block = packed.read(_CHUNK)
            at += len(block)
            try:
                text = decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                # The decoder puts what it had kept of the last block in front of this one.
                raise self._decoding_error(error, at - len(error.object), lines) from None
            yield text
            if not block:
                return
            lines += text.count("\n")

    def _whole_lines(self, texts: Iterator[str]) -> Iterator[str]:
        kept: list[str] = []
        for position, text in enumerate(texts):
            text = text.removeprefix("\ufeff") if position == 0 else text  # noqa: PLW2901
            end = text.rfind("\n") + 1
            if end:
                yield "".join([*kept, text[:end]])
                kept = [text[end:]]
            else:
                kept.append(text)
                self._refuse_endless(kept)
        if rest := "".join(kept):
            yield rest

    def _refuse_endless(self, pieces: list[str]) -> None:
        if sum(map(len, pieces)) > MAX_LINE_LENGTH:
            raise SourceError(
                f"a line is longer than {MAX_LINE_LENGTH >> 20} million characters",
                where=self.file.display_path,
                remedy="Check that this is a text file of rows, and its encoding.",
            )

    def _decoding_error(self, error: UnicodeDecodeError, before: int, lines: int) -> SourceError:
        good = error.object[: error.start].decode(self.encoding, errors="ignore")
        line = lines + good.count("\n") + 1
        byte = error.object[error.start]
        wide = before == 0 and error.object.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        named = "utf-16, as which it begins" if wide else "such as latin-1 or cp1252"
        return SourceError(
            f"byte {before + error.start} (0x{byte:02x}) is not {self.encoding.upper()}",
            where=f"{self.file.display_path}:{line}",
            remedy=self._encoding_hint()
            or f"Name the file's encoding in data.source.encoding, {named}, or save the file "
            "as UTF-8.",
        )


class LineCursor:
    """A cursor over text that can be taken line by line, or all that is at hand at once."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self._chunks = chunks
        self._text = ""
        self._at = 0
        self._mark = 0
        self._mark_number = 1
        self.number = 1  # of the next line, from 1

    @property
    def has_line(self) -> bool:
        """Whether a line can be had without reading on."""
        return self._at < len(self._text)

    def fill(self) -> bool:
        """Read on if nothing is at hand. Returns False at the end of the file."""
        self.mark()
        return self.has_line or self._load()

    def peek(self) -> str:
        """All whole lines at hand."""
        return self._text[self._at :]

    def skip_loaded(self) -> None:
        """Go beyond all lines at hand."""
        self.number += self._text.count("\n", self._at)
        self._at = len(self._text)

    def mark(self) -> None:
        """A record begins with the next line."""
        self._mark, self._mark_number = self._at, self.number

    def since_mark(self) -> str:
        """The text of the record so far."""
        return self._text[self._mark : self._at]

    def rewind_to_second_line(self) -> str:
        """Go back to the line after the one that the mark stands at. Returns the marked line."""
        self._at = self._text.find("\n", self._mark) + 1 or len(self._text)
        self.number = self._mark_number + 1
        return self.since_mark()

    def __iter__(self) -> LineCursor:
        return self

    def __next__(self) -> str:
        if not self.has_line and not self._load():
            raise StopIteration
        end = self._text.find("\n", self._at) + 1 or len(self._text)
        line, self._at = self._text[self._at : end], end
        self.number += 1
        return line

    def _load(self) -> bool:
        more = next(self._chunks, "")
        if more:
            self._text = self._text[self._mark :] + more
            self._at -= self._mark
            self._mark = 0
        return bool(more)


class _HashingReader(io.RawIOBase):
    """Hashes what is read through it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.state = hashlib.sha256()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._raw.read(len(buffer))
        buffer[: len(data)] = data
        self.state.update(data)
        return len(data)


def _codec_name(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ConfigError(
            f"there is no encoding {encoding!r}",
            where="data.source.encoding",
            remedy="Known are utf-8, latin-1, cp1252, utf-16 and Python's other codecs.",
        ) from None
