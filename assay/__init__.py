"""Assay takes one question about data from raw rows to a model that may be trusted."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def open(store: str | None = None) -> Any:
    """Open the bucket at `store` (else ASSAY_STORE, else ./.assay) for reading from Python.

    Returns an `assay.registry.reader.BucketReader`, as in
    `assay.open("s3://bucket/prefix").model("income@champion")`. Raises ReferenceUnknown where
    there is no bucket.
    """
    # Imported by name: every step's key holds this module, and all that its statements import.
    return import_module("assay.registry.reader").BucketReader.open(store)
