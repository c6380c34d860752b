"""Metaflow's content-addressed store, told not to compress."""

from __future__ import annotations

from pathlib import Path

from metaflow.datastore.content_addressed_store import ContentAddressedStore
from metaflow.plugins.datastores.local_storage import LocalStorage

from benchmarks.stores.files import files, fresh


def prepare(folder: Path) -> ContentAddressedStore:
    """An empty store."""
    place = fresh(folder) / "store"
    place.mkdir()
    return ContentAddressedStore("data", LocalStorage(str(place)))


def work(folder: Path, store: ContentAddressedStore) -> str:
    """Read the files and store them."""
    saved = store.save_blobs((path.read_bytes() for path in files(folder)), raw=True)
    return f"{len(saved)} blobs"
