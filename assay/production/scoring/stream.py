"""Cuts a stream of rows into batches.

A batch holds whole records: lines of JSON, or of CSV with the header repeated. It ends after a
number of rows, or when its first row has waited for a time. Cut by rows alone, the same stream
gives the same batches.
"""

from __future__ import annotations

import os
import queue
import select
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

_CHUNK_BYTES: Final = 1 << 16
_QUEUE_CHUNKS: Final = 64  # chunks that wait while a batch is scored; then the sender waits
_POLL_SECONDS: Final = 0.2  # how often it is asked whether it should end
_MAX_RECORD_BYTES: Final = 1 << 20  # a quote that never closes must not swallow the stream

StreamFormat = Literal["csv", "jsonl"]


@dataclass(frozen=True)
class StreamBatch:
    """Some rows of a stream. `content` is that of a file; `name` says which lines these are."""

    name: str
    content: bytes
    rows: int


class StopSignal(Protocol):
    """Tells a stream to end."""

    def is_set(self) -> bool: ...


class Stream:
    """Reads a file descriptor in its own thread, so that scoring does not hold up the sender."""

    def __init__(
        self,
        descriptor: int,
        form: StreamFormat,
        rows: int,
        seconds: float,
        stop_signal: StopSignal,
    ) -> None:
        self._form, self._rows, self._seconds, self._ended = form, rows, seconds, stop_signal
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_QUEUE_CHUNKS)
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def __iter__(self) -> Iterator[StreamBatch]:
        """The batches as they fill up. Once `ended` is set, the records read so far make the last
        batch, without one that is incomplete.
        """
        open_ = _RecordBuffer(self._form, self._rows)
        while True:
            with suppress(queue.Empty):
                chunk = self._chunks.get(timeout=min(_POLL_SECONDS, self._seconds))
                if not chunk:
                    break
                open_.add_chunk(chunk)
            yield from open_.cut_full()
            if open_.has_waited(self._seconds):
                yield from open_.cut_rest(stream_ended=False, seconds=self._seconds)
        closed = chunk is not None
        yield from open_.cut_rest(stream_ended=closed, seconds=0.0 if closed else self._seconds)

    def _read(self, descriptor: int) -> None:
        """Put chunks into the queue, then b"" at the end of the stream, or None if it was told to
        end. Whatever was read by then is in the queue.
        """
        try:
            while not self._ended.is_set():
                if select.select([descriptor], [], [], _POLL_SECONDS)[0]:
                    self._chunks.put(chunk := os.read(descriptor, _CHUNK_BYTES))
                    if not chunk:
                        return
        finally:  # also where reading fails: the other thread waits for it
            self._chunks.put(None)


@dataclass
class _RecordBuffer:
    """The records since the last cut, each with its line in the stream. `tail` is an incomplete
    record. `oldest_at` and `tail_at` are the arrival times of the oldest record and of a tail of
    several lines.
    """

    form: StreamFormat
    batch_rows: int
    header: bytes | None = None
    records: list[tuple[int, bytes]] = field(default_factory=list)
    tail: bytes = b""
    line: int = 1
    oldest_at: float | None = None
    tail_at: float | None = None

    def add_chunk(self, chunk: bytes) -> None:
        *lines, end = (self.tail + chunk).split(b"\n")
        record = b""
        for line in lines:
            record += line + b"\n"
            goes_on = (
                self.form == "csv" and record.count(b'"') % 2
            )  # a quoted field holds line ends
            if not goes_on or len(record) > _MAX_RECORD_BYTES:
                self._add_record(record)
                record = b""
        self.tail = record + end
        self.tail_at = (self.tail_at or time.monotonic()) if record else None

    def has_waited(self, seconds: float) -> bool:
        """Whether the oldest record, or an incomplete one, has waited for so long."""
        began = [at for at in (self.oldest_at, self.tail_at) if at is not None]
        return bool(began) and time.monotonic() - min(began) >= seconds

    def cut_full(self) -> Iterator[StreamBatch]:
        while len(self.records) >= self.batch_rows:
            yield self._cut(self.batch_rows)

    def cut_rest(self, *, stream_ended: bool, seconds: float = 0.0) -> Iterator[StreamBatch]:
        """The remaining records. An incomplete record is cut only if the stream has ended, or if
        its quote has been open for so many seconds that it will not close.
        """
        if self.tail_at is not None and time.monotonic() - self.tail_at >= seconds:
            held, _, self.tail = self.tail.rpartition(b"\n")
            self._add_record(held + b"\n")
            self.tail_at = None
        if stream_ended and self.tail.strip():
            self._add_record(self.tail + b"\n")
            self.tail = b""
        if self.records:
            yield self._cut(len(self.records))

    def _add_record(self, record: bytes) -> None:
        if record.strip() and self.form == "csv" and self.header is None:
            self.header = record
        elif record.strip():
            self.oldest_at = self.oldest_at or time.monotonic()
            self.records.append((self.line, record))
        self.line += record.count(b"\n")

    def _cut(self, rows: int) -> StreamBatch:
        taken, self.records = self.records[:rows], self.records[rows:]
        self.oldest_at = time.monotonic() if self.records else None
        content = b"".join([self.header or b"", *(record for _, record in taken)])
        return StreamBatch(f"stream from line {taken[0][0]}", content, len(taken))
