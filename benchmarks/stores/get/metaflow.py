"""Metaflow's content-addressed store."""

from __future__ import annotations

import os
from pathlib import Path

from metaflow.datastore.content_addressed_store import ContentAddressedStore

from benchmarks.stores.files import files
from benchmarks.stores.put import metaflow as put

Held = tuple[ContentAddressedStore, list[str], Path]


def prepare(folder: Path) -> Held:
    """The files in a store."""
    store = put.prepare(folder)
    blobs = (path.read_bytes() for path in files(folder))
    keys = [saved.key for saved in store.save_blobs(blobs, raw=True)]
    out = folder / "scratch" / "out"
    out.mkdir()
    os.sync()
    return store, keys, out


def work(_folder: Path, held: Held) -> str:
    """Load the blobs and write them out."""
    store, keys, out = held
    for number, (_key, blob) in enumerate(store.load_blobs(keys)):
        (out / f"{number:05}").write_bytes(blob)
    return f"{len(keys)} blobs"
