"""Checkpoints: a hundred entries of a journal in one piece, so that a long one is read quickly.

A checkpoint lies at `checkpoints/<model>/<number of its last entry>.jsonl` and holds the entries'
own bytes, a line each (canonical JSON has no line breaks). It proves nothing: the chain through
its entries is verified as ever, up to the last entry, which is always read from its own key.
Safe to lose. What is wrong with one sends its readers to the entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from assay.errors import KeyAbsent, StoreError
from assay.store.base import Store

CHECKPOINT_PREFIX = "checkpoints/"
CHECKPOINT_INTERVAL = 100


def checkpoint_key(model: str, last: int) -> str:
    """Where the checkpoint lies that ends with entry `last`."""
    return f"{CHECKPOINT_PREFIX}{model}/{last:010d}.jsonl"


def checkpoint_numbers(count: int) -> range:
    """The last entries of the checkpoints that help to read `count` entries."""
    return range(CHECKPOINT_INTERVAL, count, CHECKPOINT_INTERVAL)


def load_checkpoint(store: Store, model: str, last: int) -> list[bytes] | None:
    """The bytes of the entries up to `last`, in order; None if there is no such checkpoint.

    Raises StoreDenied, StoreUnreachable.
    """
    try:
        lines = store.get(checkpoint_key(model, last)).split(b"\n")
    except StoreError as error:
        # A bad sector here must not hide a journal that is whole; a store that is gone must.
        if type(error) not in {KeyAbsent, StoreError}:
            raise
        return None
    return lines if len(lines) == CHECKPOINT_INTERVAL else None


def write_checkpoint(store: Store, model: str, last: int, lines: Sequence[bytes]) -> None:
    """Write a checkpoint. Where that is not allowed or not possible, reading just takes longer."""
    with suppress(StoreError):
        store.put_if_absent(checkpoint_key(model, last), encode_checkpoint(lines))


def encode_checkpoint(lines: Sequence[bytes]) -> bytes:
    """What a checkpoint of these entries holds."""
    return b"\n".join(lines)
