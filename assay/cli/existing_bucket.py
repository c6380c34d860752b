"""The bucket that a command reads: where --store says, else ASSAY_STORE, else ./.assay."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from assay.bucket.bucket import Bucket


def bucket_url(store: str | None) -> str:
    """The URL that --store gives, else the default."""
    from assay.store.open import default_store_url

    return store or default_store_url()


def open_existing_bucket(store: str | None) -> Bucket:
    """Open a bucket that must exist. Raises ReferenceUnknown."""
    from assay.registry.open import open_bucket

    return open_bucket(bucket_url(store)).require_existing()
