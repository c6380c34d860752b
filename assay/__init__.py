"""Assay takes one question about data from raw rows to a model that may be trusted."""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"


def open(store: str | None = None) -> Any:
    """What lies in the bucket at `store` (else ASSAY_STORE, else ./.assay), for use from Python: an
    `assay.registry.reader.BucketReader`, as in `assay.open("s3://bucket/prefix").model("income@champion")`.

    Raises ReferenceUnknown where there is no bucket.
    """
    # By its name: every module of Assay imports this one, and would depend on all that it imports.
    return import_module("assay.registry.reader").Opened.at(store)
